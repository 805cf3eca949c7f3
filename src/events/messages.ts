import { BDF_SOURCE, type Bdf, parseBdf } from '../base/bdf.ts';
import type { MessageRow } from './catalogue.ts';
import { MESSAGES } from './index.ts';

/** `driver BDF: ` as dev_printk() writes it. The driver word changes with binding; the BDF is the identity. */
export interface DevicePrefix {
  readonly driver: string;
  readonly bdf: Bdf;
}

// Dynamic debug with +pmflt puts `[tid] module:function:line: ` in front (__dynamic_dev_dbg, lib/dynamic_debug.c).
const DYNAMIC_DEBUG =
  /^(?:\[\d{1,10}\] )?(?:[\w-]{1,64}:)?\w{1,128}:(?:[\w./-]{1,128}:)?\d{1,6}: (?=\S{1,48} [0-9a-fA-F]{4})/;
const DEVICE_PREFIX = new RegExp(`^(\\S{1,48}) (${BDF_SOURCE}): `);

/** Splits a printk message into the device prefix, if it has one, and what was said. */
export function splitPrefix(text: string): { prefix: DevicePrefix | null; body: string } {
  const plain = text.replace(DYNAMIC_DEBUG, '');
  const match = DEVICE_PREFIX.exec(plain);
  const bdf = match?.[2] === undefined ? null : parseBdf(match[2]);
  if (!match?.[1] || !bdf) return { prefix: null, body: text };
  return { prefix: { driver: match[1], bdf }, body: plain.slice(match[0].length) };
}

/** The rows whose literal part stands in `body`, in the order of the tables. */
export function messageCandidates(body: string): readonly MessageRow[] {
  return MESSAGES.filter((row) => body.includes(row.contains));
}
