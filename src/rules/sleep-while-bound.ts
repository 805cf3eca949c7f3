import { doc } from './docs/sleep-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 39,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  takesBack: ({ effect }) => effect.type === 'sleep-given-up',
  judge({ effect }) {
    if (effect.type !== 'system-sleep') return null;
    return {
      wrongIn: isBound,
      summary: `the machine went to sleep (${effect.state}) while the function was bound to a VM`,
      // No code and no posting says what is to become of a TDI then.
      atMost: 'possible',
      takesForGranted: [
        'the device loses its state: that depends on the kind of sleep and on the machine',
        'the sleep came about: a driver may have refused it',
      ],
    };
  },
};
