import { doc } from './docs/mmio-accept-before-bind.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 21,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect }) {
    if (effect.type !== 'mmio-accept') return null;
    const charge = { wrongIn: () => true, provedByAnswer: effect.how === 'unbound' };
    // What takes the pages back, sev_guest_unlock(), is another call.
    if (effect.asked !== undefined)
      return {
        ...charge,
        summary: 'MMIO was to be validated for a TDI that is not bound, and the firmware refused it',
      };
    return {
      ...charge,
      summary: 'MMIO was to be validated or invalidated for a TDI that is not bound, and the firmware refused it',
      atMost: 'possible',
      takesForGranted: ['MMIO was to be validated: the line is the same where it was to be invalidated'],
      toConfirm: ['probe sev_guest_accept and its return: the line is of the accept where it stands inside that call'],
    };
  },
};
