import { doc } from './docs/surprise-removal-while-bound.ts';
import { BIND_CLASSES, isBound, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 70,
  restsOnBind: true,
  settledBy: BIND_CLASSES,
  judge({ effect, event, reach }) {
    if (effect.type !== 'removal') return null;
    const removed = reach === null ? 'the function was removed' : 'the bridge above was removed';
    const what = event.kind === 'pci.link_down' ? 'the link to the device went down' : removed;
    const charge = { wrongIn: isBound, summary: `${what} while it was still bound to a VM` };
    // Hot plug removes what it found gone.
    return event.kind === 'pci.remove' ? { ...charge, follows: 'pci.link_down' } : charge;
  },
};
