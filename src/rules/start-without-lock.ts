import { doc } from './docs/start-without-lock.ts';
import { chargeOfRequest, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 25,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request'],
  judge({ effect }) {
    return chargeOfRequest(
      effect,
      'start',
      (state) => state.device !== 'locked' && state.device !== 'run',
      'START was asked of a TDI that was not locked, and refused',
    );
  },
};
