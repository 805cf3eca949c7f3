import { doc } from './docs/vdev-destroy-before-unlock.ts';
import { isCertain } from './request.ts';
import { isLocked, type Rule, UNBINDS } from './rule.ts';
import { weigh } from './verdict.ts';

const REASON = 'the state was the reason: RMI_ERROR_DEVICE also says that the SMMU could not let go';

export const rule: Rule = {
  doc,
  rank: 28,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge(step) {
    const { effect, calls, belief } = step;
    if (effect.type !== 'vdev-destroy' || effect.answer === 'unknown' || effect.answer === 'unfinished') return null;
    const charge = {
      wrongIn: isLocked,
      summary: 'the VDEV was to be destroyed before it was unlocked, and the RMM refused it',
    };
    // The RMM looks at the state: where it destroyed the VDEV, or found something else, the order was right.
    if (effect.answer !== 'not-ready') return { ...charge, provedByAnswer: false };
    // What had to be unlocked first was not, whatever else the RMM may have found.
    if (!effect.stopped && isCertain(step, isLocked)) return { ...charge, onlyIfLikely: true };
    // Linux destroys the VDEV inside the unbind, while it is open how far that has come: its own steps tell, where they are recorded.
    const inUnbind = calls.some(({ kind }) => UNBINDS.has(kind));
    if (inUnbind && effect.locked !== null && weigh(belief, isLocked) !== null) {
      return {
        ...charge,
        provedByAnswer: true,
        atMost: 'probable',
        takesForGranted: [REASON, 'the UNLOCK would have been recorded, as the LOCK was'],
        shownBy: [effect.locked],
      };
    }
    return {
      ...charge,
      onlyIfLikely: true,
      atMost: effect.stopped ? 'possible' : 'probable',
      takesForGranted: [REASON],
    };
  },
};
