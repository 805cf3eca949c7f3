import { doc } from './docs/start-without-lock.ts';
import { chargeOfRequest } from './request.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 25,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge(step) {
    return chargeOfRequest(
      step,
      'start',
      (state) => state.device !== 'locked' && state.device !== 'run',
      'START was asked of a TDI that was not locked, and refused',
    );
  },
};
