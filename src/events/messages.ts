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

/** Rows by the first two characters of what they must contain: a message has some 40 pairs, the tables have hundreds of rows. */
const BY_PAIR = new Map<number, { readonly row: MessageRow; readonly index: number }[]>();
/** 1 where {@link BY_PAIR} has something. */
const PAIRS = new Uint8Array(1 << 16);
for (const [index, row] of MESSAGES.entries()) {
  const first = pairAt(row.contains, 0);
  // Whatever follows a single character.
  const pairs = row.contains.length > 1 ? [first] : Array.from({ length: 256 }, (_, second) => first | second);
  for (const pair of pairs) {
    BY_PAIR.set(pair, [...(BY_PAIR.get(pair) ?? []), { row, index }]);
    PAIRS[pair] = 1;
  }
}

/** The rows whose literal part stands in `body`, in the order of the tables. */
export function messageCandidates(body: string): readonly MessageRow[] {
  const found = new Map<number, MessageRow>();
  for (let at = 0; at < body.length; at++) {
    const pair = pairAt(body, at);
    if (PAIRS[pair] !== 1) continue;
    for (const { row, index } of BY_PAIR.get(pair) ?? []) if (body.startsWith(row.contains, at)) found.set(index, row);
  }
  return [...found].sort(([a], [b]) => a - b).map(([, row]) => row);
}

/** What is beyond latin1 shares a pair with something else; behind the end stands 0. */
function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 255) << 8) | (text.charCodeAt(at + 1) & 255);
}
