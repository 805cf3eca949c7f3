import { doc } from './docs/config-change-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 32,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'config-change') return null;
    return {
      wrongIn: isLocked,
      summary: `a write to ${effect.register} reached the function while the TDI was locked or running`,
      onlyIfLikely: true,
      // A restore writes what stands there already, which changes nothing; the old value is in no record.
      atMost: 'possible',
      takesForGranted: ['the write changed the value: writing back the same one is harmless'],
    };
  },
};
