import type { HealthItem } from '../base/health.ts';
import type { Format } from './format.ts';
import { bestFormat, FORMATS } from './index.ts';
import { findPrefix, type LinePrefix, mayHavePrefix, prefixOfHeader } from './line-prefix.ts';
import type { KernelRecord } from './record.ts';
import { decodeText, ownCopy } from './text.ts';

/** Share of the lines above which they are what they look like with all that stands before them. */
const FITS = 0.5;
/** What the share has to grow by, where some lines fit as they are. */
const GROWTH = 0.25;
/** Forms whose lines have nothing before their words: anything may be one behind something. */
const HEADLESS = new Set(['dmesg-bare', 'ftrace-bare', 'qemu']);
const WITH_HEAD = FORMATS.filter(({ id }) => !HEADLESS.has(id));
/** Lines of which it is known what stood before them: a record may be held back, and has further lines. */
const KEPT = 1024;

/** Lines behind what a program put before each of them: they are read without it, and shown with it. */
export class PrefixedLines {
  #prefix: LinePrefix | null = null;
  readonly #kept: { number: number; before: string }[] = [];
  #count = 0;
  #first = 0;

  get found(): boolean {
    return this.#prefix !== null;
  }

  /**
   * Looks for what stands before the first lines.
   *
   * @param form what they are as they stand; null: no form fits. @param given that was asked for: no other one will do.
   * @returns the lines without it; null where nothing stands before them, or nothing that is in the way.
   */
  learn(lines: readonly string[], form: Format | null, given: boolean): readonly string[] | null {
    const prefix = this.#find(lines, form, given);
    if (prefix === null) return null;
    this.#prefix = prefix;
    return without(prefix, lines);
  }

  #find(lines: readonly string[], form: Format | null, given: boolean): LinePrefix | null {
    if (given && form !== null && HEADLESS.has(form.id)) return null;
    const score = given && form !== null ? (rest: readonly string[]) => shareOf(form, rest) : bestShare;
    const ofHeader = prefixOfHeader(lines);
    if (ofHeader !== null && score(without(ofHeader, lines)) >= FITS) return ofHeader;
    if (form !== null && !given && !mayHavePrefix(lines)) return null;
    const share = form === null ? 0 : shareOf(form, lines);
    return share >= FITS ? null : findPrefix(lines, score, share === 0 ? 0 : share + GROWTH);
  }

  /** The line without what stands before it. */
  strip(line: string, number: number): string {
    const end = this.#prefix?.end(line) ?? 0;
    if (end === 0) return line;
    if (this.#count === 0) this.#first = number;
    this.#count++;
    this.#kept[number % KEPT] = { number, before: ownCopy(line.slice(0, end)) };
    return line.slice(end);
  }

  /** The record as it stands in the source. */
  shown<R extends KernelRecord>(record: R): R {
    if (this.#prefix === null) return record;
    const lines = record.text.split('\n').map((text, index) => {
      const kept = this.#kept[(record.line + index) % KEPT];
      return kept?.number === record.line + index ? decodeText(kept.before) + text : text;
    });
    return { ...record, text: lines.join('\n') };
  }

  /** What is to be said at the end; null: nothing stood before the lines. */
  report(): (HealthItem & { line: number }) | null {
    if (this.#count === 0) return null;
    const stood = this.#count === 1 ? '1 line stood' : `${this.#count} lines stood`;
    const message = `${stood} behind what another program puts before every line (a time, a number, a name): ${this.#count === 1 ? 'it was' : 'they were'} read without it`;
    return { code: 'lines-repaired', line: this.#first, message, count: this.#count };
  }
}

function without(prefix: LinePrefix, lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.slice(prefix.end(line)));
}

function shareOf(format: Format, lines: readonly string[]): number {
  return format.detect(lines) / (format.best ?? 1);
}

function bestShare(lines: readonly string[]): number {
  const best = bestFormat(lines, WITH_HEAD);
  return best === null ? 0 : best.score / (best.format.best ?? 1);
}
