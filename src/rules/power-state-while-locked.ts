import { powerStateOf } from '../replay/effects.ts';
import { sideHolds } from '../replay/origin-notes.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { doc } from './docs/power-state-while-locked.ts';
import { EXCUSING_KINDS } from './excuses.ts';
import { fromSideForLife, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, event, track, options }) {
    if (effect.type !== 'power-loss') return null;
    const charge = {
      wrongIn: isLocked,
      summary: `the function went to ${effect.state} while the TDI was locked or running`,
    };
    if (effect.certain) return charge;
    const { noSoftReset } = track;
    if (noSoftReset !== null) {
      // What keeps its state keeps its lock.
      if (noSoftReset.value) return { ...charge, provedByAnswer: false };
      // It need not keep its state in D3hot, and is reset by itself as it leaves it.
      const isSettled = sideHolds(track, options) && event.outcome === 'ok';
      return {
        ...charge,
        atMost: 'probable',
        takesForGranted: [fromSideForLife(noSoftReset.fact)],
        ...(isSettled ? { doneBy: isReturn } : {}),
        toConfirm: [
          'record the return to D0, which resets the function: vfio_pci_set_power_state or pci_set_power_state with its result; and --complete hotplug',
        ],
      };
    }
    return {
      ...charge,
      atMost: 'possible',
      takesForGranted: ['the function loses its state in D3hot (No_Soft_Reset is 0)'],
      toConfirm: [
        'lspci -vv of the function: "NoSoftRst-" in its power management capability means that D3hot loses the state; --side reads it',
      ],
    };
  },
};

/** Whether the function comes back to D0, before anything that may have unlocked the TDI or reset it. */
function isReturn(event: StoredEvent): boolean | null {
  if (MAY_UNLOCK.has(event.kind)) return false;
  if (event.supersededBy !== null || (event.phase === 'exit' && event.pairId !== null)) return null;
  return powerStateOf(event) === 0 && event.kind !== 'vfio.config_write' && event.outcome === 'ok' ? true : null;
}

const MAY_UNLOCK: ReadonlySet<StoredEvent['kind']> = new Set([
  ...EXCUSING_KINDS,
  'tdi.destroy',
  'pci.flr',
  'pci.reset',
  'pci.bus_reset',
  'pci.remove',
  'pci.add',
  'pci.power_refused',
  'pci.unreachable',
]);
