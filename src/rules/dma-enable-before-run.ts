import { doc } from './docs/dma-enable-before-run.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 23,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect, options }) {
    if (effect.type !== 'dma-open') return null;
    const shownBy = effect.locked === null ? [] : [effect.locked];
    const charge = { wrongIn: () => true, shownBy, summary: 'trusted DMA was opened before the TDI ran' };
    switch (effect.how) {
      case 'right':
        return { ...charge, provedByAnswer: false };
      case 'unbound':
        // What closes DMA, sev_guest_disable_dma(), is another call.
        if (effect.asked !== undefined)
          return {
            ...charge,
            summary: 'trusted DMA was to be opened for a TDI that is not bound, and the firmware refused it',
            provedByAnswer: true,
          };
        return {
          ...charge,
          summary: 'trusted DMA was to be opened or closed for a TDI that is not bound, and the firmware refused it',
          provedByAnswer: true,
          atMost: 'possible',
          takesForGranted: ['DMA was to be opened: the line is the same where it was to be closed'],
          toConfirm: ['probe sev_guest_enable_dma and its return: the line is of it where it stands inside that call'],
        };
      case 'early':
        return {
          ...charge,
          atMost: options.complete.has('guest-request') ? 'probable' : 'possible',
          takesForGranted: options.complete.has('guest-request') ? [] : ['an accept would have been recorded'],
        };
    }
  },
};
