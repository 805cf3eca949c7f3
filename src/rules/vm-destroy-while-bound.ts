import { doc } from './docs/vm-destroy-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 66,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'vm-destroy') return null;
    return { wrongIn: isBound, summary: 'the VM was destroyed while the function was still bound to it' };
  },
};
