import { Repeated } from '../base/repeated.ts';
import type { KernelRecord } from '../formats/record.ts';

/**
 * What two sources may have in common: one printk message that a log and a trace both hold, or one text that a user wrote to
 * /dev/kmsg and to trace_marker. Collected while a source is read, compared when all are (clock-relation.ts).
 */
export interface Anchor {
  /** The text as a hash: the same in every source. */
  readonly key: number;
  readonly via: AnchorVia;
  /** Nanoseconds of the source's own clock. */
  readonly time: bigint;
  readonly pid: number | null;
  readonly line: number;
  /** The text holds a token that nobody writes twice: see {@link isUnique}. */
  readonly unique: boolean;
}

/**
 * `printk`: a record of a kernel log. `console`: the trace event printk:console, which printk_sprint() (kernel/printk/printk.c,
 * 5.13 and later) raises right after it took the stamp of the record. `mark`: what a user wrote to trace_marker.
 */
export type AnchorVia = 'printk' | 'console' | 'mark';

/** Texts that are kept of a source, those with the smallest hashes: of two sources these are the same texts. */
const TEXTS_MAX = 1024;
/** A text that is repeated more often tells no moment. */
const OCCURRENCES_MAX = 256;
/** Occurrences that are kept in all. */
const ANCHORS_MAX = 16_384;
const TEXT_MAX = 1024;

/** Bounded: whatever the size of the source, some thousand stamps are kept. */
export class AnchorCollector {
  /** Logs say the same again and again. */
  readonly #facts: Repeated<Facts | null>;
  readonly #texts = new Map<number, Anchor[]>();
  #kept = 0;
  /** Texts with a larger hash are not looked at any more. */
  #limit = Number.POSITIVE_INFINITY;

  /** `wanted`: the messages that a log hands over; of a trace the same are compared. */
  constructor(wanted: (text: string) => boolean) {
    this.#facts = new Repeated((message) => factsOf(message, wanted));
  }

  note(record: KernelRecord): void {
    if (record.time === null) return;
    if (record.type === 'printk') this.#add('printk', record.message, record);
    else if (record.type !== 'event') return;
    else if (record.name === 'console') this.#add('console', record.body, record);
    else if (record.name === 'tracing_mark_write') this.#add('mark', record.body, record);
    // trace-cmd report: `print: tracing_mark_write: text`.
    else if (record.name === 'print') this.#add('mark', record.body.replace(/^\s*tracing_mark_write:/, ''), record);
  }

  /**
   * By hash, then in the order of the source. `limit`: texts whose hash is larger may be missing. `crowded`: texts that are left
   * out, since they are repeated too often.
   */
  finish(): { readonly anchors: readonly Anchor[]; readonly limit: number; readonly crowded: number } {
    this.#shrink(TEXTS_MAX);
    const lists = [...this.#texts].filter(([, list]) => list.length < OCCURRENCES_MAX).sort(([a], [b]) => a - b);
    const crowded = this.#texts.size - lists.length;
    return { anchors: lists.flatMap(([, list]) => list), limit: this.#limit, crowded };
  }

  #add(via: AnchorVia, message: string, { time, pid, line }: KernelRecord): void {
    if (time === null) return;
    const facts = this.#facts.of(message);
    if (facts === null || facts.key > this.#limit) return;
    const { key, unique } = facts;
    const known = this.#texts.get(key);
    // A text that is full stays here, so that it is known to be of no use.
    if (known !== undefined && known.length >= OCCURRENCES_MAX) return;
    const anchor: Anchor = { key, via, time, pid, line, unique };
    if (known === undefined) this.#texts.set(key, [anchor]);
    else known.push(anchor);
    this.#kept += 1;
    if (this.#texts.size > 2 * TEXTS_MAX) this.#shrink(TEXTS_MAX);
    if (this.#kept > ANCHORS_MAX) this.#shrink(Math.floor(this.#texts.size / 2));
  }

  #shrink(texts: number): void {
    if (this.#texts.size <= texts) return;
    const keys = [...this.#texts.keys()].sort((a, b) => a - b);
    for (const key of keys.slice(texts)) {
      this.#kept -= this.#texts.get(key)?.length ?? 0;
      this.#texts.delete(key);
    }
    this.#limit = keys[texts - 1] ?? -1;
  }
}

/** What of a message is compared; null: nothing. */
type Facts = Pick<Anchor, 'key' | 'unique'>;

function factsOf(message: string, wanted: (text: string) => boolean): Facts | null {
  const text = firstLine(message);
  return text === '' || !wanted(text) ? null : { key: hashOf(text), unique: isUnique(text) };
}

/** What marks are told by, so that a reader of a log need not look at every line: the first word of a text for us. */
export const MARK = 'tdi-trace';

/** A text that was made to be found again: it begins with {@link MARK} and holds a UUID or another long number. */
export function isUnique(text: string): boolean {
  return (
    text.startsWith(MARK) && /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16}/i.test(text)
  );
}

function firstLine(message: string): string {
  const end = message.indexOf('\n');
  return (end < 0 ? message : message.slice(0, end)).slice(0, TEXT_MAX).trim();
}

/** 52 bits, exact as a JavaScript number: two 26-bit halves of differently seeded sums. */
function hashOf(text: string): number {
  let a = 0x2545f491;
  let b = 0x4f6cdd1d;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x5bd1e995);
    a ^= a >>> 15;
    b = Math.imul(b + code, 0x27d4eb2f);
    b ^= b >>> 13;
  }
  return ((a >>> 6) * 0x4000000 + (b >>> 6)) as number;
}
