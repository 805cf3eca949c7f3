import { doc } from './docs/report-before-lock.ts';
import { chargeOfRequest } from './request.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 24,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge(step) {
    return chargeOfRequest(
      step,
      'report',
      (state) => state.contract === 'unlocked',
      'the interface report was asked of a TDI that was not locked, and refused',
    );
  },
};
