import type { HealthItem } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { LineSink } from '../input/lines.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { OpenedSource } from '../input/source.ts';
import { DumpPart } from './dump-part.ts';
import { isHeading, isProse } from './elision.ts';
import type { DumpSink, Format, LineParser } from './format.ts';
import { HeldRecord } from './held-record.ts';
import { detectFormat, SAMPLE_LINES } from './index.ts';
import { type MachinePlace, Machines } from './machines.ts';
import { Part, type PartSink } from './part.ts';
import { isCrashPart, pstore } from './pstore.ts';
import type { PartTotals, Preview } from './read-options.ts';
import type { Interest, KernelRecord } from './record.ts';
import { whyRefused } from './refused.ts';
import { formBelow, type HeldLine, isGap, isHeader, leadingForm, type OddLine, OddRun } from './segment.ts';
import { ShapeScanner } from './shape.ts';

/** Why lines are held until the next ones are seen. */
type Hold = 'first' | 'header' | 'fall' | 'unlike';

/** Lines that wait: for the form that they begin with, or for what follows them. */
interface Held {
  readonly why: Hold;
  readonly lines: HeldLine[];
}

/** Lines until which it shows what a part begins with, by why they are held. */
const HELD_MAX: Readonly<Record<Hold, number>> = { first: SAMPLE_LINES, header: 100, fall: 6, unlike: 64 };
/** Lines that look like no record, until the ones before have nothing to do with what comes. */
const STRANGERS_MAX = 3;
/** Parts of a file that are told apart. */
const MAX_PARTS = 64;
/** Times that another form is looked for and not found. */
const MAX_VAIN = 300;
/** What a clock falls by without having been set back: CPUs print a little out of order. */
const SLACK = 1_000_000_000n;
/** Begins the log of a boot: then the clock has not fallen but started again. */
const BANNER = 'Linux version ';
/** Explains any line, so what looks like another form's record is looked at before it has a say. */
const UNDEMANDING = 'dmesg-bare';
/** The page around a trace has headers of its own. */
const WRAPPED = 'systrace';
/** No tool prints prose between their rows. */
const TRACES = new Set(['ftrace', 'ftrace-latency', 'ftrace-dump', 'trace-cmd', 'perf-script', 'bpftrace']);

export interface ReaderOptions {
  readonly format: Format | null;
  readonly interest: Interest;
  readonly part: () => PartSink;
  /** Several parts may be told apart. */
  readonly split: boolean;
  /** The messages of several machines may be told apart. */
  readonly machines: boolean;
  readonly compression: OpenedSource['compression'];
  /** What is held back may be asked for. */
  readonly peeked: boolean;
  /** The first lines of each part are kept. */
  readonly sampled: boolean;
}

/** Why a part begins behind another one. */
function reasonFor(why: Hold, before: Part, next: Format): string {
  if (why === 'fall') return 'the time falls by more than a second here, and no boot begins';
  if (why === 'header') return 'what stands at the head of a file of its own stands here';
  const again = next.id === before.format.id ? `${next.id} again, of another clock` : next.id;
  return `from here on the lines look like ${again}, and no longer like those before`;
}

/** Lines to the parser of the part they belong to, once it is known which: until then they are kept, a few hundred at most. */
export class Reader implements LineSink {
  /** In the order in which they begin. */
  readonly parts: Part[] = [];
  /** Whose messages they hold. */
  readonly #machines: Machines;
  /** The input was longer than what was read. */
  capped = false;
  /** Why lines are of no use, where no form fits them and that is known. */
  refusal: string | null = null;
  readonly #options: ReaderOptions;
  readonly #scanner = new ShapeScanner();
  #part: Part | null = null;
  /** The parser that may skim: none while it must be seen what comes next. */
  #fast: LineParser | null = null;
  #held: Held | null = null;
  #odd: OddRun | null = null;
  /** No record has come since a blank line or a line that fits nothing. */
  #gap = false;
  /** It was said why the lines since the last record are of no use. */
  #refused = false;
  /** The line before ends as one that a mail program broke. */
  #softBreak = false;
  /** Lines before the first part; none of them fits any form. */
  #before = 0;
  #full = false;
  #vain = 0;
  /** What was said about the file before it had a part. */
  #early: HealthItem[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#held = { why: 'first', lines: [] };
    this.#machines = new Machines(this.#place);
  }

  get records(): number {
    return this.parts.reduce((sum, part) => sum + part.records, 0);
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    const skimmed = this.#fast?.skim?.(chunk, start, number) ?? null;
    if (skimmed === null) return null;
    if (this.#part !== null) this.#part.records += skimmed.lines;
    this.#softBreak = chunk.lineBefore(skimmed.end).endsWith('=');
    return skimmed;
  }

  line(line: string, number: number, truncated: boolean): void {
    if (this.#held === null && this.#isLeft(line, number)) return;
    const part = this.#part;
    if (this.#held !== null) this.#hold({ line, number, truncated });
    else if (part !== null && this.#options.split && this.#isTurn(part, line, number)) {
      this.#hold({ line, number, truncated });
    } else this.#take(line, number, truncated);
  }

  /** About the part that the file is at. */
  readonly health = (item: HealthItem): void => {
    this.capped ||= item.code === 'source-capped';
    if (this.#part === null) this.#early.push(item);
    else for (const part of this.#beside(this.#part)) part.health(item);
  };

  /** About the part that a line belongs to. */
  healthAt(item: HealthItem & { line: number }): void {
    const inside = this.parts.filter(({ firstLine, lastLine }) => firstLine <= item.line && item.line <= lastLine);
    const part = inside.at(-1) ?? this.parts[0];
    if (part !== undefined)
      for (const one of this.#beside(part)) if (one === part || inside.includes(one)) one.health(item);
  }

  totals(part: Part): PartTotals {
    const { firstLine, lastLine, begins } = part;
    const { format, ...counts } = part.counts();
    const { compression, sampled } = this.#options;
    const sample = sampled ? { sample: part.sample } : {};
    const machine = this.#machines.nameOf(part);
    return { format, compression, ...counts, firstLine, lastLine, begins, machine, sink: part.open(), ...sample };
  }

  /** @param lines so far. */
  preview(lines: number): readonly Preview[] {
    if (this.#part === null) return this.#guess(lines);
    return this.parts
      .filter(({ records }) => records > 0)
      .map((part) => {
        const lastLine = part === this.#part ? Math.max(part.firstLine, lines) : part.lastLine;
        const totals = { ...this.totals(part), lastLine, firstTime: null, lastTime: null };
        const records = part.parser instanceof HeldRecord ? part.parser.peek() : [];
        return { sink: part.open(), records, health: [], totals };
      });
  }

  /** What the first lines would be, were they all. */
  #guess(lines: number): readonly Preview[] {
    const kept = new Map<PartSink, { records: KernelRecord[]; health: HealthItem[] }>();
    const part = (): PartSink => {
      const content = { records: [] as KernelRecord[], health: [] as HealthItem[] };
      const sink: PartSink = {
        emit: (record) => void content.records.push(record),
        health: (item) => void content.health.push(item),
      };
      kept.set(sink, content);
      return sink;
    };
    const reader = new Reader({ ...this.#options, part, peeked: false });
    reader.#before = this.#before;
    for (const item of this.#early) reader.health(item);
    for (const { line, number, truncated } of this.#held?.lines ?? []) reader.line(line, number, truncated);
    reader.end(lines);
    if (reader.records === 0) return [];
    return reader.parts.map((one) => {
      const totals = { ...reader.totals(one), firstTime: null, lastTime: null };
      const { records, health } = kept.get(totals.sink) ?? { records: [], health: [] };
      return { sink: null, records, health, totals };
    });
  }

  /** The input is over. @param lines in all. */
  end(lines: number): void {
    // What is replayed may be held again: less of it each time.
    while (this.#held !== null && this.#held.lines.length > 0) this.#decide(this.#held);
    if (this.#odd?.ripe(true)) this.#turnTo(this.#odd);
    if (this.#odd !== null && this.#part !== null) this.#giveUp(this.#part, this.#odd);
    while (this.#held !== null && this.#held.lines.length > 0) this.#decide(this.#held);
    if (this.#part !== null) this.#part.lastLine = Math.max(lines, 1);
    this.#dropEmpty();
    for (const part of this.parts) part.open();
    for (const part of this.parts) part.end();
  }

  /** After all else that is to be said. */
  finish(): void {
    for (const part of this.parts) part.reportUnparsed();
  }

  /** Whether the line may begin a part of the same form: then it is held, or has begun it. */
  #isTurn(part: Part, line: string, number: number): boolean {
    if (part.records === 0 || this.#full) return false;
    if (this.#isHeader(part, line)) {
      this.#held = { why: 'header', lines: [] };
    } else if (this.#gap && this.#fallsAt(part, line)) {
      this.#held = { why: 'fall', lines: [] };
    } else if (this.#isFree(part) && this.#looksUnlike(part, line)) {
      const former = this.#former(part, line);
      if (former !== null) {
        this.#leave(part, number);
        this.#enter(former);
        return false;
      }
      this.#held = { why: 'unlike', lines: [] };
    } else {
      const why = part.parser.begins?.(line, number) ?? null;
      if (why !== null) this.#begin(part.format, number, [line], why.message)?.health(why);
      return false;
    }
    this.#fast = null;
    return true;
  }

  #isHeader(part: Part, line: string): boolean {
    if (isHeader(line)) return part.format.id !== WRAPPED;
    return part.format !== pstore && isCrashPart(line);
  }

  #fallsAt(part: Part, line: string): boolean {
    const last = part.parser.span().last;
    const next = last === null ? null : part.timeOf(line);
    return last !== null && next !== null && next !== undefined && next < last - SLACK;
  }

  /** Whether a line may be looked at before the form at hand has its say. */
  #isFree(part: Part): boolean {
    return part.format.id === UNDEMANDING || (this.#gap && this.#odd === null);
  }

  #looksUnlike(part: Part, line: string): boolean {
    const shape = this.#scanner.of(line);
    return shape !== null && !part.shapes.has(shape);
  }

  #hold(line: HeldLine): void {
    const held = this.#held;
    if (held === null) return;
    const { why, lines } = held;
    if (lines.length > 0) {
      const over =
        (why === 'header' && (isHeader(line.line) || isCrashPart(line.line))) ||
        (why === 'unlike' && this.#isBeyond(lines, line.line));
      if (over) {
        this.#decide(held);
        this.line(line.line, line.number, line.truncated);
        return;
      }
    }
    lines.push(line);
    if (lines.length >= HELD_MAX[why]) this.#decide(held);
  }

  /** Whether the line looks like yet another form, or has nothing to do with the held ones. */
  #isBeyond(lines: readonly HeldLine[], line: string): boolean {
    const shape = this.#scanner.of(line);
    if (shape !== null) return isHeader(line) || shape !== this.#scanner.of(lines[0]?.line ?? '');
    const last = lines.findLastIndex((held) => this.#scanner.of(held.line) !== null);
    return isHeader(line) || lines.length - 1 - last >= STRANGERS_MAX;
  }

  /** Tells what the held lines begin, and takes them. */
  #decide({ why, lines }: Held): void {
    const [first] = lines;
    this.#held = null;
    if (first === undefined) return;
    const texts = lines.map(({ line }) => line);
    const part = this.#part;
    if (part === null) {
      this.#decideFirst(lines, texts);
      return;
    }
    let next: Format | null = null;
    if (why === 'fall') next = this.#fallen(part, texts);
    else if (why === 'header') next = formBelow(texts, this.#scanner);
    else next = this.#unlike(part, texts);
    if (next === null && why === 'header') this.#refuse(part, first.number, texts);
    if (next === null && why !== 'fall') this.#lookInVain(first.number);
    const began = next !== null && this.#begin(next, first.number, texts, reasonFor(why, part, next)) !== null;
    // The first line is what they were held for: held again, it would be for ever.
    if (!began) this.#take(first.line, first.number, first.truncated);
    for (const { line, number, truncated } of began ? lines : lines.slice(1)) {
      // Lines before may wait again by now: none may overtake them.
      if (began || why !== 'unlike' || this.#held !== null) this.line(line, number, truncated);
      else this.#take(line, number, truncated);
    }
  }

  /** Where no form fits, the lines count as unparsed and the next ones are tried: consoles begin with firmware's words. */
  #decideFirst(lines: readonly HeldLine[], texts: readonly string[]): void {
    const { format: given, split } = this.#options;
    const format = given ?? (split ? leadingForm(texts, this.#scanner) : detectFormat(texts));
    if (format === null) {
      this.refusal ??= whyRefused(texts);
      this.#before += lines.length;
      this.#held = { why: 'first', lines: [] };
      return;
    }
    const part = this.#begin(format, 1, texts, null);
    if (part !== null) {
      part.unparsed = this.#before;
      part.firstUnparsed = this.#before > 0 ? 1 : 0;
    }
    for (const item of this.#early.splice(0)) part?.health(item);
    if (given?.id === UNDEMANDING) this.#doubt(given, texts);
    for (const { line, number, truncated } of lines) this.line(line, number, truncated);
  }

  /** A form that explains any line says nothing by that. */
  #doubt(given: Format, lines: readonly string[]): void {
    const format = detectFormat(lines);
    if (format === null || format.id === given.id) return;
    const message = `read as ${given.id}, as asked, but the lines look like ${format.id}: leave --input-format away to have them read as that`;
    this.health({ code: 'form-doubtful', line: 1, message, count: 1 });
  }

  /** The form of lines that hardly any log without times has; null where they are too few. */
  #unlike(part: Part, lines: readonly string[]): Format | null {
    const shape = this.#scanner.of(lines[0] ?? '');
    if (shape === null) return null;
    const run = new OddRun(shape, this.#gap);
    for (const line of lines) run.add({ line, number: 0, truncated: false, kind: 'unparsed' }, this.#scanner.of(line));
    const form = run.ripe(false) ? run.form() : null;
    return form === part.format ? null : form;
  }

  /** The form of lines before which the clock fell; null where they are those of another boot. */
  #fallen(part: Part, lines: readonly string[]): Format | null {
    if (lines.some((line) => line.includes(BANNER))) return null;
    return (this.#looksUnlike(part, lines[0] ?? '') ? this.#unlike(part, lines) : null) ?? part.format;
  }

  #refuse(part: Part, line: number, lines: readonly string[]): void {
    const reason = this.#refused ? null : whyRefused(lines);
    if (reason === null) return;
    this.#refused = true;
    part.health({ code: 'part-unusable', line, message: `from here on: ${reason}`, count: 1 });
  }

  #take(line: string, number: number, truncated: boolean): void {
    if (this.#isLeft(line, number)) return;
    const part = this.#part;
    if (part === null) return;
    part.tellProse(line);
    const kind = part.parser.parse(line, number, truncated);
    const isWritten = kind === 'unparsed' ? isProse(line) : kind === 'skipped' && isHeading(line);
    // Behind a soft break of quoted-printable stands the rest of a row.
    if (isWritten && !this.#softBreak) this.#noteProse(number);
    this.#softBreak = line.endsWith('=');
    if (this.#options.sampled && kind !== 'nested') part.keep(line);
    if (kind === 'record') {
      part.count(kind, number);
      if (this.#odd !== null) this.#giveUp(part, this.#odd);
      this.#refused = false;
      this.#gap = false;
      this.#fast = this.#options.sampled ? null : part.parser;
    } else if (kind === 'nested') this.#odd = null;
    else if (this.#options.split) this.#takeOdd(part, { line, number, truncated, kind });
    else part.count(kind, number);
  }

  /** Another part may go on behind it, too. */
  #noteProse(number: number): void {
    this.#fast = null;
    for (const part of this.parts) {
      if (part.prose === 0 && part.records > 0 && TRACES.has(part.format.id)) part.prose = number;
    }
  }

  /** A line that is no record of the part that the file is at: does it look like one of another form? */
  #takeOdd(part: Part, odd: OddLine): void {
    const { line, number, truncated, kind } = odd;
    const shape = kind === 'skipped' && part.isLog ? null : this.#scanner.of(line);
    const foreign = shape !== null && !part.shapes.has(shape);
    const former = foreign ? this.#former(part, line) : null;
    if (former !== null) {
      if (kind === 'continuation') part.parser.retract?.(1);
      this.#leave(part, number);
      this.#enter(former);
      this.#take(line, number, truncated);
      return;
    }
    part.count(kind, number);
    if (this.#odd === null && foreign && !this.#full) {
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

  /** What two programs write to one terminal: the line belongs to a part that was begun before, whose clock has not fallen. */
  #former(part: Part, line: string): Part | null {
    const shape = this.#scanner.of(line);
    const former = this.parts.findLast((one) => one !== part && one.resumes && shape !== null && one.shapes.has(shape));
    const time = former?.timeOf(line);
    if (former === undefined || time === undefined) return null;
    const last = former.parser.span().last;
    return time !== null && last !== null && time < last - SLACK ? null : former;
  }

  /** Gives a run of lines to the form that explains it, if there is one. */
  #turnTo(run: OddRun): void {
    const part = this.#part;
    const first = run.lines[0];
    if (part === null || first === undefined) return;
    const form = run.form();
    if (form === null || form === part.format) {
      this.#lookInVain(first.number);
      return;
    }
    const next = this.#begin(
      form,
      first.number,
      run.lines.map(({ line }) => line),
      reasonFor('unlike', part, form),
    );
    if (next === null) return;
    const further = run.lines.filter(({ kind }) => kind === 'continuation').length;
    if (further > 0) part.parser.retract?.(further);
    if (this.#options.sampled) part.unkeep(run.lines.length);
    for (const { kind, number } of run.lines) part.discount(kind, number);
    for (const { line, number, truncated } of run.lines) this.line(line, number, truncated);
  }

  /** @returns null where there are too many parts. */
  #begin(format: Format, number: number, lines: readonly string[], begins: string | null): Part | null {
    if (!this.#hasRoom(number)) return null;
    const part = this.#newPart(format, number, this.#dumps);
    part.begins = begins;
    part.learn(lines, this.#scanner);
    this.#machines.restart();
    for (const other of this.parts) if (other.format === format) other.resumes = false;
    if (this.#part !== null) this.#leave(this.#part, number);
    this.parts.push(part);
    this.#enter(part);
    return part;
  }

  #newPart(format: Format, number: number, dump: (() => DumpSink | null) | null): Part {
    const { interest, part: open, peeked } = this.#options;
    const beside = (part: Part) => this.#beside(part);
    return new Part(format, number, { interest, open, peeked, dump, beside });
  }

  /** Parts whose lines stand among those of this one, and itself: what is missing there may be of any of them. */
  #beside(part: Part): readonly Part[] {
    const { parts } = this.#machines;
    return parts.includes(part) ? parts : [part];
  }

  /** Goes to the part of the machine that the line is of. @returns whether the line is counted: there are too many machines. */
  #isLeft(line: string, number: number): boolean {
    const part = this.#part;
    if (part === null || !this.#options.machines) return false;
    const isLeft = this.#machines.route(part, line, number);
    if (isLeft || this.#part !== part) this.#handOn(part, isLeft ? null : this.#part);
    if (!isLeft) return false;
    part.count('skipped', number);
    this.#fast = null;
    return true;
  }

  /** The entry that the last line went to is of another machine, as its next line shows. @param to null: it is left out. */
  #handOn(from: Part, to: Part | null): void {
    for (const { line, number, truncated, kind } of from.parser.release?.() ?? []) {
      from.discount(kind, number);
      if (to === null) from.count('skipped', number);
      else to.count(to.parser.parse(line, number, truncated), number);
    }
  }

  readonly #place: MachinePlace = {
    enter: (part, line) => {
      if (this.#part !== null) this.#leave(this.#part, line);
      this.#enter(part);
    },
    begin: (like, text, line, shown) => {
      if (this.parts.length >= MAX_PARTS) return null;
      const part = this.#newPart(like.format, line, this.#dumps);
      part.begins = `from here on lines of ${shown} stand among those of other machines`;
      part.learn([text], this.#scanner);
      for (const shape of like.shapes) part.shapes.add(shape);
      this.parts.push(part);
      return part;
    },
  };

  /** The part goes on elsewhere, or nowhere: with `number` another one begins. */
  #leave(part: Part, number: number): void {
    part.lastLine = Math.max(part.lastLine, number - 1);
    if (part.records > 0) part.open();
  }

  #enter(part: Part): void {
    this.#part = part;
    this.#odd = null;
    this.#gap = false;
    this.#fast = this.#options.sampled ? null : part.parser;
  }

  #hasRoom(number: number): boolean {
    if (this.parts.length < MAX_PARTS) return true;
    if (this.#full) return false;
    this.#full = true;
    const message = `the form changes more than ${MAX_PARTS} times: from here on it is not looked for any more`;
    this.health({ code: 'parts-capped', line: number, message, count: 1 });
    return false;
  }

  /** To look for a form takes as long as to read a hundred lines. */
  #lookInVain(number: number): void {
    this.#vain++;
    if (this.#vain <= MAX_VAIN || this.#full) return;
    this.#full = true;
    const message = `${MAX_VAIN} times lines looked like another form and were none: from here on it is not looked for any more`;
    this.health({ code: 'parts-capped', line: number, message, count: 1 });
  }

  /** A dump of the trace buffer inside the log: what it tells is older than the lines around it, on another clock. */
  readonly #dumps = (): DumpSink | null => {
    if (!this.#options.split || this.#full) return null;
    return new DumpPart({
      create: (format) => this.#newPart(format, 1, null),
      begin: (part, number) => {
        if (!this.#hasRoom(number)) return false;
        this.#part?.open();
        this.parts.push(part);
        return true;
      },
      leave: (kind, number) => this.#part?.count(kind, number),
      sampled: this.#options.sampled,
    });
  };

  /** A part without a record was none: its lines go to the one before it, or to the next one. */
  #dropEmpty(): void {
    for (let index = this.parts.length - 1; index >= 0; index--) {
      const part = this.parts[index];
      const heir = this.parts[index - 1] ?? this.parts[index + 1];
      if (part === undefined || heir === undefined || part.records > 0) continue;
      heir.adopt(part);
      this.parts.splice(index, 1);
      if (part === this.#part) this.#part = heir;
    }
  }
}
