import { doc } from './docs/power-state-while-locked.ts';
import { fromSide, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, track }) {
    if (effect.type !== 'power-loss') return null;
    const charge = {
      wrongIn: isLocked,
      summary: `the function went to ${effect.state} while the TDI was locked or running`,
    };
    if (effect.certain) return charge;
    const { noSoftReset } = track;
    if (noSoftReset !== null) {
      // What keeps its state keeps its lock.
      if (noSoftReset.value) return { ...charge, provedByAnswer: false };
      return { ...charge, atMost: 'probable', takesForGranted: [fromSide(noSoftReset.fact)] };
    }
    return {
      ...charge,
      atMost: 'possible',
      takesForGranted: ['the function loses its state in D3hot (No_Soft_Reset is 0)'],
      toConfirm: [
        'lspci -vv of the function: "NoSoftRst-" in its power management capability means that D3hot loses the state; --side reads it',
      ],
    };
  },
};
