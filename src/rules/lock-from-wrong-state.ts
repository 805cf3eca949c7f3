import { doc } from './docs/lock-from-wrong-state.ts';
import { chargeOfRequest, isLocked, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 25,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge({ effect }) {
    return chargeOfRequest(effect, 'lock', isLocked, 'LOCK was asked of a TDI that was not unlocked, and refused');
  },
};
