import { doc } from './docs/bind-without-connect.ts';
import type { Rule } from './rule.ts';

const EINVAL = -22;
const ENXIO = -6;

export const rule: Rule = {
  doc,
  rank: 20,
  restsOnBind: false,
  settledBy: ['link'],
  judge({ effect, event }) {
    if (effect.type !== 'bind') return null;
    const refused = event.outcome === 'failed' && (event.code === EINVAL || event.code === ENXIO);
    return {
      wrongIn: (state) => state.bind === 'unbound',
      ...(refused ? {} : { provedByAnswer: false }),
      summary: `pci_tsm_bind() was called for a function that no TSM was connected to, and refused with ${event.code ?? 'an error'}`,
      atMost: 'possible',
      severity: 'note',
      takesForGranted: event.code === EINVAL ? ['a KVM was given: without one the answer is -EINVAL, too'] : [],
    };
  },
};
