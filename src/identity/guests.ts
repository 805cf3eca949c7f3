import type { Bdf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';
import { requesterBdf } from './requesters.ts';

/** What VMs call devices: the latest word of their binds. */
export class Guests {
  readonly #of = new Map<number, Bdf>();

  /** A record tells of the device of `entity`. */
  note({ kind, args, outcome, handles }: KernelEvent, entity: number): void {
    const makes = kind === 'iommufd.vdevice_alloc' || args['cmd_name'] === 'IOMMU_VDEVICE_ALLOC';
    if ((kind !== 'tsm.bind' && kind !== 'tsm.bind_core' && !makes) || outcome === 'failed') return;
    const guest = guestBdf(handles);
    // The latest word is the last one.
    this.#of.delete(entity);
    if (guest !== null) this.#of.set(entity, guest);
  }

  /** Oldest word first. */
  all(): IterableIterator<[number, Bdf]> {
    return this.#of.entries();
  }

  /** A copy that goes its own way. */
  fork(): Guests {
    const copy = new Guests();
    for (const [entity, guest] of this.#of) copy.#of.set(entity, guest);
    return copy;
  }
}

/** Bus, device and function as one number, with a segment above them where there is one (struct pci_tdi, include/linux/pci-tsm.h). */
function guestBdf(handles: KernelEvent['handles']): Bdf | null {
  return requesterBdf(parseNumber(handles.find(({ type }) => type === 'guest-bdf')?.value ?? ''));
}
