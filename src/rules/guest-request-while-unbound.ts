import { doc } from './docs/guest-request-while-unbound.ts';
import type { Rule } from './rule.ts';

const ENXIO = -6;

export const rule: Rule = {
  doc,
  rank: 20,
  restsOnBind: false,
  settledBy: ['bind'],
  judge({ effect, event }) {
    if (effect.type !== 'guest-request') return null;
    const refused = event.outcome === 'failed' && event.code === ENXIO;
    return {
      wrongIn: (state) => state.bind !== 'bound',
      // pci_tsm_guest_req() answers -ENXIO for want of a TDI; whatever else it answers, there was one.
      provedByAnswer: refused,
      summary: 'a guest request was made for a function that was not bound',
      atMost: 'possible',
      severity: 'note',
    };
  },
};
