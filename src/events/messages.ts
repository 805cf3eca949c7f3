import { BDF_SOURCE, type Bdf, parseBdf } from '../base/bdf.ts';
import type { MessageRow } from './catalogue.ts';
import { MESSAGES } from './index.ts';

/** `driver BDF: ` as dev_printk() writes it. The driver word changes with binding; the BDF is the identity. */
export interface DevicePrefix {
  readonly driver: string;
  readonly bdf: Bdf;
}

// Dynamic debug flags t, m, f, s and l put `[tid] module:function:file:line: ` in front, each part if its flag is set; the
// tid is `<intr>` in an interrupt (__dynamic_emit_prefix, lib/dynamic_debug.c).
const DYNAMIC_DEBUG = new RegExp(
  `^(?:\\[\\d{1,10}\\] |<intr> )?(?:(?:[\\w./-]{1,128}:){1,4} )?(?=\\S{1,48} ${BDF_SOURCE}: )`,
);
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
