import { doc } from './docs/lock-from-wrong-state.ts';
import { chargeOfRequest } from './request.ts';
import { isLocked, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 25,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge(step) {
    return chargeOfRequest(step, 'lock', isLocked, 'LOCK was asked of a TDI that was not unlocked, and refused');
  },
};
