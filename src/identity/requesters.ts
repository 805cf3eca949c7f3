import { type Bdf, parseBdf } from '../base/bdf.ts';
import type { KernelEvent } from '../events/event.ts';
import { parseNumber } from '../events/numbers.ts';

/** A function that a record names by number. `segment`: whether it says in which segment. */
export interface Requester {
  readonly bdf: Bdf;
  readonly segment: boolean;
}

const LOW_HALF = 0xffffn;
/** TDISP's FUNCTION_ID: a segment of 8 bits above the requester id, and the bit that says that there is one (tdisp_func_id, tdx-host.c). */
const SEGMENT_VALID = 1n << 24n;

/**
 * The function that a requester id of the record is: AMD's device id and TDX Connect's func_id (PCI_DEVID() of
 * include/linux/pci.h in both), the source id of a DMAR queue error. Null where the record has none.
 */
export function requesterOf({ handles, args }: KernelEvent): Requester | null {
  const printed = handles.find(({ type }) => type === 'requester-id')?.value;
  const value = printed === undefined ? null : parseNumber(printed);
  if (value === null) return null;
  const beside = parseNumber(args['segment'] ?? '');
  const above = (value & SEGMENT_VALID) === 0n ? value >> 16n : (value >> 16n) & 0xffn;
  const bdf = requesterBdf((value & LOW_HALF) | ((beside ?? above) << 16n));
  return bdf === null ? null : { bdf, segment: beside !== null || value > LOW_HALF };
}

/** The address that a requester id is, with a segment above its 16 bits where there is one; null for what is none. */
export function requesterBdf(value: bigint | null): Bdf | null {
  if (value === null || value < 0n) return null;
  const hex = (number: bigint, digits: number) => number.toString(16).padStart(digits, '0');
  const [segment, bus] = [hex(value >> 16n, 4), hex((value >> 8n) & 0xffn, 2)];
  return parseBdf(`${segment}:${bus}:${hex((value >> 3n) & 0x1fn, 2)}.${value & 7n}`);
}
