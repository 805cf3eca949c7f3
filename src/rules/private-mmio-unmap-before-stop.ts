import { doc } from './docs/private-mmio-unmap-before-stop.ts';
import { unlessOtherNumbers } from './other-numbers.ts';
import { type Charge, isLocked, LOCK_CLASSES, NOT_ITS_STOP, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 35,
  restsOnBind: false,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'private-unmap') return null;
    const charge = {
      wrongIn: isLocked,
      summary: 'private MMIO was unmapped before the TDI was stopped',
      onlyIfLikely: true,
    } as const;
    switch (effect.answer) {
      case 'wrong-state': {
        const refused: Charge = {
          ...charge,
          summary: `${charge.summary}, and the TDX module refused it`,
          provedByAnswer: true,
        };
        // Two answers that do not go together: one of the records is not what it seems.
        return unlessOtherNumbers(
          effect.stop === undefined
            ? refused
            : { ...refused, atMost: 'possible', takesForGranted: [NOT_ITS_STOP], shownBy: [effect.stop] },
          effect.otherNumbers,
        );
      }
      case 'unknown':
        return {
          ...charge,
          atMost: 'probable',
          takesForGranted: ['the IDE stream was not blocked: then the module lets the memory go'],
        };
      default:
        // The module looks at the state before it does anything: where it did something, or found something else, it was right.
        return { ...charge, provedByAnswer: false };
    }
  },
};
