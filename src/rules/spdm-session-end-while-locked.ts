import { doc } from './docs/spdm-session-end-while-locked.ts';
import { type Charge, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';
import { isLockedOver, isOfRmm } from './streams.ts';

export const rule: Rule = {
  doc,
  rank: 46,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge(step) {
    const { effect, event } = step;
    if (effect.type !== 'session-end') return null;
    const charge: Charge = {
      wrongIn: isLocked,
      summary: 'the SPDM session of the device was ended while the TDI was locked or running',
      onlyIfLikely: true,
    };
    // The RMM stops no device that has a VDEV: whatever it answered, no TDI was locked over what it ended.
    if (isOfRmm(event)) return { ...charge, provedByAnswer: false };
    if (isLockedOver(effect.opened, 'firmware', step)) return { ...charge, shownBy: [effect.opened] };
    return {
      ...charge,
      atMost: 'probable',
      takesForGranted: ['the session was the one that the TDI was locked over'],
    };
  },
};
