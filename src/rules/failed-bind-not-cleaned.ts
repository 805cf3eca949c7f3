import { doc } from './docs/failed-bind-not-cleaned.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 58,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge({ effect, event, options }) {
    if (effect.type !== 'failed-bind') return null;
    const next = event.kind === 'tsm.bind' ? 'bound again' : 'given up';
    return {
      wrongIn: () => true,
      ...(effect.cleaned ? { provedByAnswer: false } : {}),
      summary: `a bind failed after it had locked the TDI, and the function was ${next} without a STOP`,
      // Whoever probes the LOCK need not have probed the STOP.
      ...(options.complete.has('firmware') ? {} : { atMost: 'possible' }),
      violation: effect.lock,
      takesForGranted: options.complete.has('firmware') ? [] : ['a STOP would have been recorded'],
    };
  },
};
