import { doc } from './docs/bound-at-exit.ts';
import { CLOSE_UNSEEN } from './excuses.ts';
import { BIND_CLASSES, type Charge, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 55,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event, track }) {
    if (effect.type !== 'owner-exit') return null;
    const { usedBy, outlasted } = effect;
    const others =
      usedBy === undefined
        ? 'no other process held the device open'
        : `task ${usedBy.pid}, which used the device afterwards (${usedBy.symbol ?? usedBy.kind}), does not own the binding`;
    const charge: Charge = {
      wrongIn: isBound,
      summary: 'the process that held the device ended while the function was still bound to a VM',
      takesForGranted: [others, CLOSE_UNSEEN],
      shownBy: usedBy === undefined ? [] : [usedBy],
    };
    // Whoever holds the device may be going to unbind it.
    if (usedBy !== undefined) return { ...charge, atMost: 'possible' };
    // do_exit() tells of the end before it closes anything.
    if (outlasted !== true)
      return {
        ...charge,
        atMost: 'possible',
        takesForGranted: [
          ...(charge.takesForGranted ?? []),
          'the close was neither still to come when the trace ended nor among what was lost',
        ],
        toConfirm: ['let the trace go on, without a loss, for a minute after the process has ended'],
      };
    // Before 6.16 the tracepoint does not say whether the last thread ended.
    const whole = event.symbol === 'sys_exit_group' || event.args['group_dead'] === 'true';
    // Who opened the device and who bound it can be two processes, or two threads of one: the records do not tell.
    const bound = track.binder === null || track.binder === Number(event.args['pid'] ?? event.pid);
    return { ...charge, atMost: whole && bound ? 'probable' : 'possible' };
  },
};
