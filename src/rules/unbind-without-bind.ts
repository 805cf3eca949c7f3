import { doc } from './docs/unbind-without-bind.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 15,
  restsOnBind: false,
  settledBy: ['bind'],
  judge({ effect }) {
    if (effect.type !== 'unbind') return null;
    return {
      wrongIn: (state) => state.bind !== 'bound',
      summary: 'pci_tsm_unbind() was called for a function that was not bound',
      onlyIfLikely: true,
      atMost: 'possible',
      severity: 'note',
      takesForGranted: ['the user asked for it: the core calls it, too, when a vDEVICE goes away'],
    };
  },
};
