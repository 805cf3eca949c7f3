import { doc } from './docs/report-before-lock.ts';
import { chargeOfRequest, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 24,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge({ effect }) {
    return chargeOfRequest(
      effect,
      'report',
      (state) => state.contract === 'unlocked',
      'the interface report was asked of a TDI that was not locked, and refused',
    );
  },
};
