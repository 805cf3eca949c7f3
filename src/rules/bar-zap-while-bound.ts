import { doc } from './docs/bar-zap-while-bound.ts';
import { type Charge, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 30,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, event, calls }) {
    if (effect.type !== 'zap') return null;
    const what =
      event.kind === 'vfio.revoke' ? 'the dma-bufs of the BARs were revoked' : 'the BAR mappings were zapped';
    const charge: Charge = {
      wrongIn: isLocked,
      summary: `${what} before the TDI was stopped`,
      // What is taken away are mappings of the host; that those of the guest go with them, the refusal of their unmap shows.
      atMost: 'probable',
      shownInside: 'private-mmio-unmap-before-stop',
    };
    // A correct TDX teardown revokes once inside the unbind, after STOP.
    const unbinding = calls.some((call) => call.kind === 'tsm.unbind' || call.kind === 'tsm.unbind_core');
    return unbinding ? { ...charge, provedByAnswer: false } : charge;
  },
};
