import { doc } from './docs/unlock-before-private-mmio-unmap.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 35,
  restsOnBind: false,
  settledBy: ['firmware', 'mmio'],
  judge({ effect, event }) {
    const charge = {
      wrongIn: () => true,
      summary: 'the VDEV was to be unlocked while device memory was still mapped, and the RMM refused it',
    };
    if (effect.type === 'refusal' && event.kind === 'tdisp.refused' && effect.command === 'UNLOCK') {
      const takesForGranted = ['device memory that was still mapped was the reason: the line does not name one'];
      return { ...charge, provedByAnswer: true, atMost: 'possible', takesForGranted };
    }
    if (effect.type !== 'request' || effect.command !== 'RMI_VDEV_UNLOCK') return null;
    if (effect.answer === 'unknown' || effect.answer === 'unfinished') return null;
    return { ...charge, provedByAnswer: effect.answer === 'mapped' };
  },
};
