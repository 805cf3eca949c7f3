import type { HealthItem } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { LineSink } from '../input/lines.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import { isHeading, isProse } from './elision.ts';
import type { LineParser } from './format.ts';
import { detectFormat } from './index.ts';
import { KeptParts } from './kept-parts.ts';
import type { Part } from './part.ts';
import { PartList } from './part-list.ts';
import {
  beginsFile,
  doubtOf,
  fallsAt,
  formOf,
  HELD_MAX,
  type Held,
  isOver,
  looksUnlike,
  reasonFor,
  UNDEMANDING,
} from './part-turn.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import type { PartTotals, Preview } from './read-options.ts';
import type { ReaderOptions } from './reader-options.ts';
import { whyRefused } from './refused.ts';
import { type HeldLine, isGap, leadingForm, type OddLine, OddRun } from './segment.ts';
import { ShapeScanner } from './shape.ts';

const EQUALS = 61;

/** Lines to the parser of the part they belong to, once it is known which: until then they are kept, a few hundred at most. */
export class Reader implements LineSink {
  /** The input was longer than what was read. */
  capped = false;
  /** Why lines are of no use, where no form fits them and that is known. */
  refusal: string | null = null;
  readonly #options: ReaderOptions;
  readonly #scanner = new ShapeScanner();
  readonly #list: PartList;
  /** What another program put before every line. */
  readonly #prefixed = new PrefixedLines();
  /** The parser that may skim: none while it must be seen what comes next. */
  #fast: LineParser | null = null;
  #held: Held | null = { why: 'first', lines: [] };
  #odd: OddRun | null = null;
  /** No record has come since a blank line or a line that fits nothing. */
  #gap = false;
  /** It was said why the lines since the last record are of no use. */
  #refused = false;
  /** The line before ends as one that a mail program broke. */
  #softBreak = false;
  /** Lines before the first part; none of them fits any form. */
  #before = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#list = new PartList(options, this.#scanner, this.#prefixed, (part) => this.#enter(part));
  }

  /** In the order in which they begin. */
  get parts(): readonly Part[] {
    return this.#list.all;
  }

  get records(): number {
    return this.parts.reduce((sum, part) => sum + part.records, 0);
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    const skimmed = this.#fast?.skim?.(chunk, start, number) ?? null;
    if (skimmed === null) return null;
    const part = this.#list.current;
    if (part !== null) part.records += skimmed.lines;
    this.#softBreak = chunk.lastByteBefore(skimmed.end) === EQUALS;
    return skimmed;
  }

  line(line: string, number: number, truncated: boolean): void {
    this.#line(this.#prefixed.found ? this.#prefixed.strip(line, number) : line, number, truncated);
  }

  /** @param line without what another program put before it. */
  #line(line: string, number: number, truncated: boolean): void {
    if (this.#held === null && this.#isLeft(line, number)) return;
    const part = this.#list.current;
    if (this.#held !== null) this.#hold({ line, number, truncated });
    else if (part !== null && this.#options.split && this.#isTurn(part, line, number)) {
      this.#hold({ line, number, truncated });
    } else this.#take(line, number, truncated);
  }

  /** About the part that the file is at. */
  readonly health = (item: HealthItem): void => {
    this.capped ||= item.code === 'source-capped';
    this.#list.health(item);
  };

  /** About the part that a line belongs to. */
  healthAt(item: HealthItem & { line: number }): void {
    this.#list.healthAt(item);
  }

  totals(part: Part): PartTotals {
    return this.#list.totals(part);
  }

  /** @param lines so far. */
  preview(lines: number): readonly Preview[] {
    return this.#list.current === null ? this.#guess(lines) : this.#list.previews(lines);
  }

  /** What the first lines would be, were they all. */
  #guess(lines: number): readonly Preview[] {
    const kept = new KeptParts();
    const reader = new Reader({ ...this.#options, part: kept.open, peeked: false });
    reader.#before = this.#before;
    for (const item of this.#list.early) reader.health(item);
    for (const { line, number, truncated } of this.#held?.lines ?? []) reader.line(line, number, truncated);
    reader.end(lines);
    return reader.records === 0 ? [] : reader.parts.map((part) => kept.preview(reader.totals(part)));
  }

  /** The input is over. @param lines in all. */
  end(lines: number): void {
    // What is replayed may be held again: less of it each time.
    while (this.#held !== null && this.#held.lines.length > 0) this.#decide(this.#held);
    if (this.#odd?.ripe(true)) this.#turnTo(this.#odd);
    const part = this.#list.current;
    if (this.#odd !== null && part !== null) this.#giveUp(part, this.#odd);
    while (this.#held !== null && this.#held.lines.length > 0) this.#decide(this.#held);
    const last = this.#list.current;
    if (last !== null) last.lastLine = Math.max(lines, 1);
    this.#list.dropEmpty();
    for (const one of this.parts) one.open();
    for (const one of this.parts) one.end();
    const said = this.#prefixed.report();
    if (said !== null) this.healthAt(said);
  }

  /** After all else that is to be said. */
  finish(): void {
    for (const part of this.parts) part.reportUnparsed();
  }

  /** The file goes on in the part. */
  #enter(part: Part): void {
    this.#odd = null;
    this.#gap = false;
    this.#fast = this.#fastOf(part);
  }

  #fastOf(part: Part): LineParser | null {
    return this.#options.sampled || this.#prefixed.found ? null : part.parser;
  }

  /** Whether the line may begin a part of the same form: then it is held, or has begun it. */
  #isTurn(part: Part, line: string, number: number): boolean {
    if (part.records === 0 || this.#list.isFull) return false;
    if (beginsFile(part, line)) {
      this.#held = { why: 'header', lines: [] };
    } else if (this.#gap && fallsAt(part, line)) {
      this.#held = { why: 'fall', lines: [] };
    } else if (this.#isFree(part) && looksUnlike(part, line, this.#scanner)) {
      const former = this.#list.former(part, line);
      if (former !== null) {
        this.#list.leave(part, number);
        this.#list.enter(former);
        return false;
      }
      this.#held = { why: 'unlike', lines: [] };
    } else {
      const why = part.parser.begins?.(line, number) ?? null;
      if (why !== null) this.#list.begin(part.format, number, [line], why.message)?.health(why);
      return false;
    }
    this.#fast = null;
    return true;
  }

  /** Whether a line may be looked at before the form at hand has its say. */
  #isFree(part: Part): boolean {
    return part.format.id === UNDEMANDING || (this.#gap && this.#odd === null);
  }

  #hold(line: HeldLine): void {
    const held = this.#held;
    if (held === null) return;
    if (isOver(held, line.line, this.#scanner)) {
      this.#decide(held);
      this.#line(line.line, line.number, line.truncated);
      return;
    }
    held.lines.push(line);
    if (held.lines.length >= HELD_MAX[held.why]) this.#decide(held);
  }

  /** Tells what the held lines begin, and takes them. */
  #decide({ why, lines }: Held): void {
    const [first] = lines;
    this.#held = null;
    if (first === undefined) return;
    const texts = lines.map(({ line }) => line);
    const part = this.#list.current;
    if (part === null) {
      this.#decideFirst(lines, texts);
      return;
    }
    const next = formOf(why, part, texts, { scanner: this.#scanner, clear: this.#gap });
    if (next === null && why === 'header') this.#refuse(part, first.number, texts);
    if (next === null && why !== 'fall') this.#list.lookInVain(first.number);
    const reason = next === null ? '' : reasonFor(why, part, next);
    const began = next !== null && this.#list.begin(next, first.number, texts, reason) !== null;
    // The first line is what they were held for: held again, it would be for ever.
    if (!began) this.#take(first.line, first.number, first.truncated);
    for (const { line, number, truncated } of began ? lines : lines.slice(1)) {
      // Lines before may wait again by now: none may overtake them.
      if (began || why !== 'unlike' || this.#held !== null) this.#line(line, number, truncated);
      else this.#take(line, number, truncated);
    }
  }

  /** Where no form fits, the lines count as unparsed and the next ones are tried: consoles begin with firmware's words. */
  #decideFirst(lines: readonly HeldLine[], asTheyStand: readonly string[]): void {
    const { format: given, split } = this.#options;
    const detect = (some: readonly string[]) =>
      given ?? (split ? leadingForm(some, this.#scanner) : detectFormat(some));
    const form = detect(asTheyStand);
    const bare = this.#prefixed.learn(asTheyStand, form, given !== null);
    const texts = bare ?? asTheyStand;
    const format = bare === null ? form : detect(bare);
    if (format === null) {
      this.refusal ??= whyRefused(texts, lines[0]?.number ?? 1);
      this.#before += lines.length;
      this.#held = { why: 'first', lines: [] };
      return;
    }
    const part = this.#list.begin(format, 1, texts, null);
    if (part !== null) {
      part.unparsed = this.#before;
      part.firstUnparsed = this.#before > 0 ? 1 : 0;
    }
    for (const item of this.#list.takeEarly()) part?.health(item);
    const doubt = given === null ? null : doubtOf(given, texts);
    if (doubt !== null) this.health(doubt);
    for (const { line, number, truncated } of lines) this.line(line, number, truncated);
  }

  #refuse(part: Part, line: number, lines: readonly string[]): void {
    const reason = this.#refused ? null : whyRefused(lines, line);
    if (reason === null) return;
    this.#refused = true;
    part.health({ code: 'part-unusable', line, message: `from here on: ${reason}`, count: 1 });
  }

  #take(line: string, number: number, truncated: boolean): void {
    if (this.#isLeft(line, number)) return;
    const part = this.#list.current;
    if (part === null) return;
    part.tellProse(line);
    const kind = part.parser.parse(line, number, truncated);
    const isWritten = kind === 'unparsed' ? isProse(line) : kind === 'skipped' && isHeading(line);
    // Behind a soft break of quoted-printable stands the rest of a row.
    if (isWritten && !this.#softBreak) {
      this.#fast = null;
      this.#list.noteProse(number);
    }
    this.#softBreak = line.endsWith('=');
    if (this.#options.sampled && kind !== 'nested') part.keep(line);
    if (kind === 'record') {
      part.count(kind, number);
      if (this.#odd !== null) this.#giveUp(part, this.#odd);
      this.#refused = false;
      this.#gap = false;
      this.#fast = this.#fastOf(part);
    } else if (kind === 'nested') this.#odd = null;
    else if (this.#options.split) this.#takeOdd(part, { line, number, truncated, kind });
    else part.count(kind, number);
  }

  /** A line that is no record of the part that the file is at: does it look like one of another form? */
  #takeOdd(part: Part, odd: OddLine): void {
    const { line, number, truncated, kind } = odd;
    const shape = kind === 'skipped' && part.isLog ? null : this.#scanner.of(line);
    const foreign = shape !== null && !part.shapes.has(shape);
    const former = foreign ? this.#list.former(part, line) : null;
    if (former !== null) {
      if (kind === 'continuation') part.parser.retract?.(1);
      this.#list.leave(part, number);
      this.#list.enter(former);
      this.#take(line, number, truncated);
      return;
    }
    part.count(kind, number);
    if (this.#odd === null && foreign && !this.#list.isFull) {
      this.#odd = new OddRun(shape, this.#gap || part.records === 0);
      this.#fast = null;
    }
    if (!foreign && isGap(line, kind)) {
      this.#gap = true;
      this.#fast = null;
    }
    const run = this.#odd;
    if (run === null) return;
    run.add(odd, shape);
    if (run.ripe(false)) this.#turnTo(run);
    else if (run.overlong) this.#giveUp(part, run);
  }

  /** No form explains the run: its lines stay what they are, but it may be known what they are. */
  #giveUp(part: Part, run: OddRun): void {
    this.#odd = null;
    const [first] = run.lines;
    if (run.shape !== 'numbers' || first === undefined) return;
    this.#refuse(
      part,
      first.number,
      run.lines.map(({ line }) => line),
    );
  }

  /** Gives a run of lines to the form that explains it, if there is one. */
  #turnTo(run: OddRun): void {
    const part = this.#list.current;
    const first = run.lines[0];
    if (part === null || first === undefined) return;
    const form = run.form();
    if (form === null || form === part.format) {
      this.#list.lookInVain(first.number);
      return;
    }
    const next = this.#list.begin(
      form,
      first.number,
      run.lines.map(({ line }) => line),
      reasonFor('unlike', part, form),
    );
    if (next === null) return;
    this.#list.giveBack(part, run.lines);
    for (const { line, number, truncated } of run.lines) this.#line(line, number, truncated);
  }

  /** Whether the line is counted: it is of a machine whose messages are left out. */
  #isLeft(line: string, number: number): boolean {
    if (!this.#options.machines || !this.#list.isLeft(line, number)) return false;
    this.#fast = null;
    return true;
  }
}
