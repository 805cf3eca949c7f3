import type { Bdf } from '../base/bdf.ts';
import { parseInteger } from '../events/numbers.ts';
import type { BarRegister } from '../input/side/bars.ts';
import { capabilityAt } from '../input/side/capabilities.ts';
import type { SideData, SideFact } from '../input/side-data.ts';
import { freezing, type RegisterBits, type RegisterPlace } from '../model/registers.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/**
 * A write to a register that a locked TDI freezes. `old`: how what is written differs from what an earlier record says that stood
 * there; `unknown` where no record does.
 */
export interface ConfigChange {
  readonly type: 'config-change';
  readonly register: string;
  /** Tells one register of several of that name from the others; null where there is one only. */
  readonly place?: string | null;
  readonly old: 'differs' | 'same' | 'unknown';
  /** The function that writes the register is one that a VF leaves to its PF. */
  readonly ofPf: boolean;
  /** What tells that the register stands there, where it is no record. */
  readonly side: SideFact | null;
  /** What tells the old value, where it is no record. */
  readonly oldSide?: SideFact;
}

interface Written {
  readonly name: string;
  readonly bits: RegisterBits;
  /** Of the bits that count; null where the record has none, or only a part of the register was written. */
  readonly value: number | null;
  readonly key: string;
  readonly side: SideFact | null;
}

/** Values that were written, newest last: bounded, since a log may write without end. */
export type Registers = readonly { readonly key: string; readonly value: number }[];
export const NO_REGISTERS: Registers = [];
const REGISTERS_MAX = 32;

const PCI_CAP_ID_EXP = 0x10;
const BARS = 'Base Address Registers';
const ALL_ONES = 0xffffffff;

/** Whether an event writes, or may write, a register that a locked TDI freezes. */
export function writesRegister(event: StoredEvent, own: Bdf | null | undefined, side: SideData | null): boolean {
  if (event.kind === 'pci.feature') return true;
  if (own === undefined || !WRITES.has(event.kind)) return false;
  return writtenBy(event, own, side).length > 0;
}

const WRITES: ReadonlySet<StoredEvent['kind']> = new Set(['pci.config_write', 'vfio.config_write']);

export function configChanges(
  heard: StoredEvent,
  bdf: Bdf | null,
  registers: Registers,
  side: SideData | null,
  isX86 = false,
): ConfigChange[] {
  if (heard.supersededBy !== null || heard.outcome === 'failed') return [];
  if (heard.phase === 'exit' && heard.pairId !== null) return [];
  if (heard.kind === 'pci.feature') return featureChange(heard);
  if (!WRITES.has(heard.kind)) return [];
  const changes = writtenBy(heard, bdf, side).flatMap(({ name, bits, value, key, side: fact }): ConfigChange[] => {
    const before = registers.findLast((one) => one.key === key);
    const change = { type: 'config-change', register: name, place: key, ofPf: false, side: fact } as const;
    if (bits.starts) return value === 0 || value === null ? [] : [{ ...change, old: 'differs' }];
    if (name === BARS && (value === ALL_ONES || before?.value === ALL_ONES)) {
      // Asking for the size of a BAR; what comes back after it is the rest of that.
      return value === ALL_ONES ? [{ ...change, old: 'differs' }] : [];
    }
    if (before !== undefined && value !== null)
      return [{ ...change, old: before.value === value ? 'same' : 'differs' }];
    const stored = value === null || bdf === null || name !== BARS ? null : storedBar(side, bdf, bits.at, isX86);
    if (stored !== null && value !== null && isOther(value, stored))
      return [{ ...change, old: 'differs', oldSide: stored.fact }];
    // Where bits of others share the register most writes are about those.
    return isWhole(bits) ? [{ ...change, old: 'unknown' }] : [];
  });
  return changes;
}

/**
 * What a BAR held when side data were stored. That it holds the same as what is written proves nothing: they may have been stored after
 * the write. What the kernel takes for its address is what stands in the register only where no host bridge translates addresses.
 */
function storedBar(side: SideData | null, bdf: Bdf, at: number, isX86: boolean): BarRegister | null {
  const known = side?.bars.get(bdf)?.get(at);
  return known !== undefined && (known.isRaw || isX86) ? known : null;
}

function isOther(written: number, { value, mask }: BarRegister): boolean {
  return ((written ^ value) & mask) !== 0;
}

/** The values as they are after the event. */
export function noteRegisters(
  registers: Registers,
  heard: StoredEvent,
  bdf: Bdf | null,
  side: SideData | null,
): Registers {
  if (heard.supersededBy !== null || heard.outcome === 'failed' || !WRITES.has(heard.kind)) return registers;
  if (heard.phase === 'enter' && heard.pairId !== null) return registers;
  const written = writtenBy(heard, bdf, side);
  if (written.length === 0) return registers;
  const others = registers.filter(({ key }) => written.every((one) => one.key !== key));
  const known = written.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]));
  return [...others, ...known].slice(-REGISTERS_MAX);
}

/**
 * pci_enable_pasid() and pci_enable_pri() refuse where the feature is on already: that they succeed is the change. The others write
 * whatever stands there.
 */
function featureChange({ args, outcome, symbol }: StoredEvent): ConfigChange[] {
  const turnedOn = args['to'] === 'on' && outcome === 'ok';
  const ofPf = symbol?.endsWith('_pasid') === true || symbol?.endsWith('_pri') === true;
  return [
    {
      type: 'config-change',
      register: args['register'] ?? '?',
      old: turnedOn ? 'differs' : 'unknown',
      ofPf,
      side: null,
    },
  ];
}

/** The registers that count, of those that a write reaches in the device. */
function writtenBy(event: StoredEvent, bdf: Bdf | null, side: SideData | null): Written[] {
  const value = parseInteger(event.args['value']);
  if (event.kind === 'vfio.config_write') {
    // vfio hands these bits of Device Control on (init_pci_cap_exp_perm, drivers/vfio/pci/vfio_pci_config.c), those of the header not.
    const within = parseInteger(event.args['offset']);
    if (event.args['region'] !== 'exp' || within === null) return [];
    const span = { from: within, bytes: parseInteger(event.args['count']) ?? 4, value };
    return reachedIn('capability', PCI_CAP_ID_EXP, span, null);
  }
  const position = parseInteger(event.args['position']);
  if (position === null) return [];
  const span = { from: position, bytes: parseInteger(event.args['width']) ?? 1, value };
  if (position < 0x40) return reachedIn('header', null, span, null);
  const known = bdf === null ? undefined : side?.capabilities.get(bdf);
  const place = known === undefined ? null : capabilityAt(known, position);
  if (known === undefined || place === null) return [];
  return reachedIn(place.in, place.id, { ...span, from: place.within }, known.fact);
}

interface Span {
  readonly from: number;
  readonly bytes: number;
  readonly value: number | null;
}

function reachedIn(where: RegisterPlace['in'], id: number | null, span: Span, side: SideFact | null): Written[] {
  return freezing(where, id).flatMap(({ name, bits }): Written[] => {
    const end = bits.at + bits.bytes;
    if (span.from >= end || span.from + span.bytes <= bits.at) return [];
    const written = { name, bits, key: `${where} ${id} ${bits.at}`, side };
    const inPart = span.from > bits.at || span.from + span.bytes < end;
    if (span.value === null || inPart) return [{ ...written, value: null }];
    const number = Math.floor(span.value / 2 ** (8 * (bits.at - span.from))) % 2 ** (8 * bits.bytes);
    // The bits of a mask of 32 bits do not fit the operators, which know signed numbers only.
    return [{ ...written, value: Number(BigInt(number) & BigInt(bits.mask)) }];
  });
}

function isWhole({ bytes, mask }: RegisterBits): boolean {
  return mask === 2 ** (8 * bytes) - 1;
}
