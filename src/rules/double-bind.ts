import { doc } from './docs/double-bind.ts';
import { isBound, type Rule } from './rule.ts';

const EBUSY = -16;

export const rule: Rule = {
  doc,
  rank: 20,
  restsOnBind: false,
  settledBy: ['bind'],
  judge({ effect, event }) {
    if (effect.type !== 'bind') return null;
    const refused = event.outcome === 'failed' && event.code === EBUSY;
    return {
      wrongIn: isBound,
      // The same VM again succeeds, and does nothing.
      ...(refused && effect.isPart !== true ? {} : { provedByAnswer: false }),
      onlyIfLikely: true,
      summary: 'pci_tsm_bind() was called for a function that is bound to another VM, and refused with -EBUSY',
      atMost: 'possible',
      severity: 'note',
      contradiction:
        'pci_tsm_bind() succeeded for another VM than the one that the function was bound to, and no unbind was recorded between them',
      takesForGranted: refused ? ['the core refused it: the TSM driver may say -EBUSY, too'] : [],
    };
  },
};
