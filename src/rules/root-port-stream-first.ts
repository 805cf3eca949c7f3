import { doc } from './docs/root-port-stream-first.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 12,
  restsOnBind: false,
  settledBy: ['ide'],
  judge({ effect, event }) {
    if (effect.type !== 'stream-enable') return null;
    const charge = {
      wrongIn: () => true,
      summary: 'the IDE stream was enabled at the root port before the endpoint was ready for it',
    };
    if (effect.portFirst === null) return { ...charge, provedByAnswer: false };
    return {
      ...charge,
      // Kernels of 2025 and 2026 do it in this order, mostly without harm.
      atMost: 'possible',
      violation: effect.portFirst,
      shownBy: [event],
      takesForGranted: ['configuration requests go over the stream (Selective IDE for Configuration Requests)'],
    };
  },
};
