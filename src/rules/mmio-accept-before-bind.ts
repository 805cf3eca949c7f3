import { doc } from './docs/mmio-accept-before-bind.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 21,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect }) {
    if (effect.type !== 'mmio-accept') return null;
    return {
      wrongIn: () => true,
      provedByAnswer: effect.how === 'unbound',
      summary: 'MMIO was to be validated or invalidated for a TDI that is not bound, and the firmware refused it',
      atMost: 'possible',
      takesForGranted: ['MMIO was to be validated: the line is the same where it was to be invalidated'],
    };
  },
};
