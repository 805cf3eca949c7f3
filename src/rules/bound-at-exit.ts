import { doc } from './docs/bound-at-exit.ts';
import { CLOSE_UNSEEN } from './excuses.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 55,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event, track }) {
    if (effect.type !== 'owner-exit') return null;
    const charge = {
      wrongIn: isBound,
      summary: 'the process that held the device ended while the function was still bound to a VM',
      takesForGranted: ['no other process held the device open', CLOSE_UNSEEN],
    };
    // Before 6.16 the tracepoint does not say whether the last thread ended.
    const whole = event.symbol === 'sys_exit_group' || event.args['group_dead'] === 'true';
    // Who opened the device and who bound it can be two processes, or two threads of one: the records do not tell.
    const bound = track.binder === null || track.binder === Number(event.args['pid'] ?? event.pid);
    return { ...charge, atMost: whole && bound ? 'probable' : 'possible' };
  },
};
