import { doc } from './docs/surprise-removal-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 70,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event }) {
    if (effect.type !== 'removal') return null;
    const what = event.kind === 'pci.link_down' ? 'the link to the device went down' : 'the function was removed';
    const charge = { wrongIn: isBound, summary: `${what} while it was still bound to a VM` };
    // Hot plug removes what it found gone.
    return event.kind === 'pci.remove' ? { ...charge, follows: 'pci.link_down' } : charge;
  },
};
