import type { FenceNotes } from '../replay/fence-notes.ts';
import { doc } from './docs/fence-not-cleared.ts';
import type { Charge, Rule } from './rule.ts';

const LEFT: Readonly<Record<FenceNotes['left'], string>> = {
  uncleared: 'although the firmware had refused to take the fence of the guest away',
  fenced: 'while the fence of the guest, read after the unbind, still stood',
  unread: 'without a look at the fence of the guest after the unbind',
  none: 'after the fence of the guest was gone',
};

/** It is the guest's, at a root port or in a device: what was taken away for another function may have been it. */
const OWN = 'the fence that was taken away for another function since was not the same one';

/** An ASID that no guest uses any more needs no clearing. */
const RUNS = 'the guest whose fence it is still runs';

export const rule: Rule = {
  doc,
  rank: 27,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge({ effect, event, options }) {
    if (effect.type !== 'fence-left') return null;
    const what = event.kind === 'tsm.bind' ? 'the function was bound again' : 'the BARs were made shared';
    const perhaps = effect.perhaps ?? null;
    const granted = [...(effect.vm === 'same' ? [] : [RUNS]), ...(perhaps === null ? [] : [OWN])];
    const bare: Charge = {
      wrongIn: () => true,
      summary: `${what} ${LEFT[effect.left]}`,
      shownBy: perhaps === null ? [effect.at] : [effect.at, perhaps],
      takesForGranted: granted,
    };
    // Where the same guest gets the function again it is still there. Whether one that lost it is, nothing here tells.
    const isOpen = effect.vm === 'other' || perhaps !== null;
    const charge: Charge =
      effect.vm === 'same' && !isOpen ? bare : { ...bare, atMost: isOpen ? 'possible' : 'probable' };
    const complete = options.complete.has('firmware');
    switch (effect.left) {
      case 'none':
        return { ...charge, provedByAnswer: false };
      case 'uncleared':
        return { ...charge, provedByAnswer: true };
      case 'fenced':
        if (complete) return charge;
        return {
          ...charge,
          atMost: 'possible',
          takesForGranted: [...granted, 'TIO_ASID_FENCE_CLEAR would have been recorded'],
        };
      case 'unread':
        // Whoever probes the unbind need not have probed these; and nobody knows whether the fence stood.
        if (!complete) return null;
        return {
          ...charge,
          atMost: 'possible',
          takesForGranted: [...granted, 'the fence stood'],
        };
    }
  },
};
