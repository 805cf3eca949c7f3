import { doc } from './docs/ide-stream-stop-while-locked.ts';
import { type Charge, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';
import { byAnotherStream, isBesideAnother, isLockedOver, isOfRmm } from './streams.ts';

export const rule: Rule = {
  doc,
  rank: 45,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge(step) {
    const { effect, event } = step;
    if (effect.type !== 'stream-stop') return null;
    const charge: Charge = {
      wrongIn: isLocked,
      summary: 'an IDE stream of the device was stopped while the TDI was locked or running',
      onlyIfLikely: true,
    };
    // The RMM disconnects no stream of a device that has a VDEV.
    if (isOfRmm(event)) return { ...charge, provedByAnswer: false };
    if (isLockedOver(effect.opened, 'ide', step)) return { ...charge, shownBy: [effect.opened] };
    const doubtedBy = byAnotherStream(event);
    return {
      ...charge,
      // Of two that are enabled either may be the one.
      atMost: isBesideAnother(step) ? 'possible' : 'probable',
      ...(doubtedBy && { doubtedBy }),
      takesForGranted: ['the stream was the one that the TDI was locked over'],
    };
  },
};
