import { doc } from './docs/bar-zap-while-bound.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 30,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, event, calls }) {
    if (effect.type !== 'zap') return null;
    // A correct TDX teardown revokes once inside the unbind, after STOP.
    if (calls.some((call) => call.kind === 'tsm.unbind' || call.kind === 'tsm.unbind_core')) return null;
    const what =
      event.kind === 'vfio.revoke' ? 'the dma-bufs of the BARs were revoked' : 'the BAR mappings were zapped';
    return { wrongIn: isLocked, summary: `${what} before the TDI was stopped`, atMost: 'probable' };
  },
};
