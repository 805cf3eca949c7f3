import type { Bdf } from '../../base/bdf.ts';
import { Claims } from './claims.ts';
import { keep, type SideFact } from './fact.ts';

/** What a register of the BARs held when side data were stored. */
export interface BarRegister {
  /** Of the bits in `mask`; the others are fixed, or tell what kind of BAR it is. */
  readonly value: number;
  readonly mask: number;
  /**
   * The register itself, from a hex dump. Else the address as the kernel knows it, which is another one where a host bridge translates
   * addresses: never on x86.
   */
  readonly isRaw: boolean;
  readonly fact: SideFact;
}

/** Registers by their offset in config space, 0x10 to 0x24. */
export type BarRegisters = ReadonlyMap<number, BarRegister>;

const FIRST = 0x10;
const BARS = 6;
const LOW_32 = 0xffff_ffffn;
const UNITS = { '': 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n } as const;

// show_bases of pciutils 3.9 to 3.14 (lspci.c); `[virtual]` and `[enhanced]` in front are of no BAR:
//   \tRegion 0: Memory at fe800000 (32-bit, non-prefetchable) [size=128K]
//   \tRegion 2: I/O ports at e000 [disabled] [size=32]
const REGION =
  /^\s{1,32}Region ([0-5]): (?:Memory at ([0-9a-f]{1,16}) \((32|64)-bit, (?:non-)?prefetchable\)|I\/O ports at ([0-9a-f]{1,8}))(?: \[disabled\])?(?: \[size=(\d{1,6})([KMGT]?)\])?$/;

/** Collects what files say of BARs. */
export class BarReader {
  readonly #claims = new Claims<string, bigint>();
  readonly #masks = new Map<string, bigint>();

  /** A line of lspci; false where it tells of no BAR. */
  line(device: Bdf, row: string, place: string): boolean {
    const [, index, memory, width, ports, count, unit = ''] = REGION.exec(row) ?? [];
    const address = memory ?? ports;
    if (index === undefined || address === undefined) return false;
    const size = count === undefined ? 1n : BigInt(count) * UNITS[unit as keyof typeof UNITS];
    const kind = memory === undefined ? 0x3n : 0xfn;
    const fixed = (size > 0n ? size - 1n : 0n) | kind;
    const at = FIRST + 4 * Number(index);
    const [value, mask] = [BigInt(`0x${address}`), ~fixed];
    if (value === 0n) return true;
    const fact = { place, text: `BAR ${index} of ${device} stood at 0x${address}` };
    this.#tell(device, at, value & LOW_32, mask & LOW_32, false, fact);
    if (width === '64') this.#tell(device, at + 4, (value >> 32n) & LOW_32, (mask >> 32n) & LOW_32, false, fact);
    return true;
  }

  /** The bytes of a function's config space, header type 0. */
  bytes(device: Bdf, bytes: Buffer, place: string): void {
    for (let index = 0; index < BARS; index++) {
      const at = FIRST + 4 * index;
      const value = BigInt(bytes.readUInt32LE(at));
      const isPorts = (value & 1n) === 1n;
      const mask = isPorts ? 0xffff_fffcn : 0xffff_fff0n;
      // PCI_BASE_ADDRESS_MEM_TYPE_64: the next register is the upper half.
      const isWide = !isPorts && (value & 6n) === 4n && index + 1 < BARS;
      const upper = isWide ? BigInt(bytes.readUInt32LE(at + 4)) : 0n;
      if (isWide) index += 1;
      // Not there, or not assigned: an address of 0 behind the bits that tell the kind.
      if ((value & mask) === 0n && upper === 0n) continue;
      const fact = { place, text: `BAR ${(at - FIRST) / 4} of ${device} held 0x${value.toString(16)}` };
      this.#tell(device, at, value, mask, true, fact);
      if (isWide) this.#tell(device, at + 4, upper, LOW_32, true, fact);
    }
  }

  get agreed(): Map<Bdf, Map<number, BarRegister>> {
    const found = new Map<Bdf, Map<number, BarRegister>>();
    for (const [key, { value: said, fact }] of this.#claims.agreed) {
      const [device, at, raw] = key.split(' ') as [Bdf, string, string];
      const own = found.get(device) ?? new Map<number, BarRegister>();
      found.set(device, own);
      const isRaw = raw === 'raw';
      // The register itself says more than the address.
      if (!isRaw && own.get(Number(at))?.isRaw) continue;
      own.set(Number(at), { value: Number(said), mask: Number(this.#masks.get(key) ?? LOW_32), isRaw, fact });
    }
    return found;
  }

  get disputed(): SideFact[] {
    return this.#claims.disputed;
  }

  #tell(device: Bdf, at: number, value: bigint, mask: bigint, isRaw: boolean, fact: SideFact): void {
    if (mask === 0n) return;
    const key = `${device} ${at} ${isRaw ? 'raw' : 'kernel'}`;
    if (!this.#masks.has(key)) keep(this.#masks, key, mask);
    this.#claims.tell(key, value & mask, fact);
  }
}
