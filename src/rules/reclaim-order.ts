import { doc } from './docs/reclaim-order.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 28,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge({ effect, options }) {
    if (effect.type !== 'reclaim') return null;
    const complete = options.complete.has('firmware');
    return {
      wrongIn: () => true,
      ...(effect.stopped ? { provedByAnswer: false } : {}),
      summary: 'the TDI was reclaimed before it was unbound',
      // Whoever probes the reclaim need not have probed the unbind.
      ...(complete ? {} : { atMost: 'possible' }),
      takesForGranted: complete ? [] : ['TIO_TDI_UNBIND would have been recorded'],
    };
  },
};
