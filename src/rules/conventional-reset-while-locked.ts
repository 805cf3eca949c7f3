import { doc } from './docs/conventional-reset-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 50,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, indirect }) {
    if (effect.type !== 'conventional-reset') return null;
    const how = indirect ? 'a reset of the link above reached the device' : 'a conventional reset hit the device';
    return { wrongIn: isLocked, summary: `${how} while the TDI was locked or running` };
  },
};
