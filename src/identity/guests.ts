import { type Bdf, parseBdf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';

/** What VMs call devices: the latest word of their binds. */
export class Guests {
  readonly #of = new Map<number, Bdf>();

  /** A record tells of the device of `entity`. */
  note({ kind, outcome, handles }: KernelEvent, entity: number): void {
    if ((kind !== 'tsm.bind' && kind !== 'iommufd.vdevice_alloc') || outcome === 'failed') return;
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

/** The address that a requester id is, with a segment above its 16 bits where there is one; null for what is none. */
export function requesterBdf(value: bigint | null): Bdf | null {
  if (value === null || value < 0n) return null;
  const hex = (number: bigint, digits: number) => number.toString(16).padStart(digits, '0');
  const [segment, bus] = [hex(value >> 16n, 4), hex((value >> 8n) & 0xffn, 2)];
  return parseBdf(`${segment}:${bus}:${hex((value >> 3n) & 0x1fn, 2)}.${value & 7n}`);
}
