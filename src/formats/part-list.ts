import type { HealthItem } from '../base/health.ts';
import { DumpPart } from './dump-part.ts';
import type { DumpSink, Format } from './format.ts';
import { HeldRecord } from './held-record.ts';
import { Machines } from './machines.ts';
import { Part } from './part.ts';
import { isFall } from './part-turn.ts';
import type { PrefixedLines } from './prefixed-lines.ts';
import type { PartTotals, Preview } from './read-options.ts';
import type { ReaderOptions } from './reader-options.ts';
import type { KernelRecord } from './record.ts';
import type { OddLine } from './segment.ts';
import type { ShapeScanner } from './shape.ts';

/** Parts of a file that are told apart. */
const MAX_PARTS = 64;
/** Times that another form is looked for and not found. */
const MAX_VAIN = 300;
/** No tool prints prose between their rows. */
const TRACES = new Set(['ftrace', 'ftrace-latency', 'ftrace-dump', 'trace-cmd', 'perf-script', 'bpftrace']);

/** The parts of a file: how many may begin, which one the file is at, whose lines stand among those of another one. */
export class PartList {
  /** In the order in which they begin. */
  readonly all: Part[] = [];
  /** The one that the file is at. */
  current: Part | null = null;
  /** There is no room for one more: no other form is looked for. */
  isFull = false;
  readonly #machines: Machines;
  readonly #options: ReaderOptions;
  readonly #scanner: ShapeScanner;
  readonly #prefixed: PrefixedLines;
  readonly #entered: (part: Part) => void;
  #vain = 0;
  /** What was said about the file before it had a part. */
  #early: HealthItem[] = [];

  /** @param entered called when the file goes on in a part. */
  constructor(options: ReaderOptions, scanner: ShapeScanner, prefixed: PrefixedLines, entered: (part: Part) => void) {
    this.#options = options;
    this.#prefixed = prefixed;
    this.#scanner = scanner;
    this.#entered = entered;
    this.#machines = new Machines({
      enter: (part, line) => {
        if (this.current !== null) this.leave(this.current, line);
        this.enter(part);
      },
      begin: (like, text, line, shown) => this.#beginMachine(like, text, line, shown),
    });
  }

  /** About the part that the file is at. */
  health(item: HealthItem): void {
    if (this.current === null) this.#early.push(item);
    else for (const part of this.#beside(this.current)) part.health(item);
  }

  /** About the part that a line belongs to. */
  healthAt(item: HealthItem & { line: number }): void {
    const inside = this.all.filter(({ firstLine, lastLine }) => firstLine <= item.line && item.line <= lastLine);
    const part = inside.at(-1) ?? this.all[0];
    if (part !== undefined)
      for (const one of this.#beside(part)) if (one === part || inside.includes(one)) one.health(item);
  }

  /** What is counted of a part, and where its records went. */
  totals(part: Part): PartTotals {
    const { firstLine, lastLine, begins } = part;
    const { format, ...counts } = part.counts();
    const { compression, sampled } = this.#options;
    const sample = sampled ? { sample: part.sample } : {};
    const machine = this.#machines.nameOf(part);
    return { format, compression, ...counts, firstLine, lastLine, begins, machine, sink: part.open(), ...sample };
  }

  /** @param lines so far. */
  previews(lines: number): readonly Preview[] {
    return this.all
      .filter(({ records }) => records > 0)
      .map((part) => {
        const lastLine = part === this.current ? Math.max(part.firstLine, lines) : part.lastLine;
        const totals = { ...this.totals(part), lastLine, firstTime: null, lastTime: null };
        const records = part.parser instanceof HeldRecord ? part.parser.peek().map(this.#shown) : [];
        return { sink: part.open(), records, health: [], totals };
      });
  }

  /** What was said before there was a part; afterwards it is the taker's. */
  takeEarly(): HealthItem[] {
    return this.#early.splice(0);
  }

  /** The same, which stays to be said. */
  get early(): readonly HealthItem[] {
    return this.#early;
  }

  /** @returns null where there are too many parts. */
  begin(format: Format, number: number, lines: readonly string[], begins: string | null): Part | null {
    if (!this.#hasRoom(number)) return null;
    const part = this.#newPart(format, number, this.#dumps);
    part.begins = begins;
    part.learn(lines, this.#scanner);
    this.#machines.restart();
    for (const other of this.all) if (other.format === format) other.resumes = false;
    if (this.current !== null) this.leave(this.current, number);
    this.all.push(part);
    this.enter(part);
    return part;
  }

  /** The part goes on elsewhere, or nowhere: with `number` another one begins. */
  leave(part: Part, number: number): void {
    part.lastLine = Math.max(part.lastLine, number - 1);
    if (part.records > 0) part.open();
  }

  enter(part: Part): void {
    this.current = part;
    this.#entered(part);
  }

  /** The last lines that the part has taken belong to another one. */
  giveBack(part: Part, lines: readonly OddLine[]): void {
    const further = lines.filter(({ kind }) => kind === 'continuation').length;
    if (further > 0) part.parser.retract?.(further);
    if (this.#options.sampled) part.unkeep(lines.length);
    for (const { kind, number } of lines) part.discount(kind, number);
  }

  /** What two programs write to one terminal: the line belongs to a part that was begun before, whose clock has not fallen. */
  former(part: Part, line: string): Part | null {
    const shape = this.#scanner.of(line);
    const former = this.all.findLast((one) => one !== part && one.resumes && shape !== null && one.shapes.has(shape));
    const time = former?.timeOf(line);
    if (former === undefined || time === undefined) return null;
    return isFall(former.parser.span().last, time) ? null : former;
  }

  /** Somebody wrote a line: another part may go on behind it, too. */
  noteProse(number: number): void {
    for (const part of this.all) {
      if (part.prose === 0 && part.records > 0 && TRACES.has(part.format.id)) part.prose = number;
    }
  }

  /** To look for a form takes as long as to read a hundred lines. */
  lookInVain(number: number): void {
    this.#vain++;
    if (this.#vain <= MAX_VAIN || this.isFull) return;
    this.isFull = true;
    const message = `${MAX_VAIN} times lines looked like another form and were none: from here on it is not looked for any more`;
    this.health({ code: 'parts-capped', line: number, message, count: 1 });
  }

  /** A part without a record was none: its lines go to the one before it, or to the next one. */
  dropEmpty(): void {
    for (let index = this.all.length - 1; index >= 0; index--) {
      const part = this.all[index];
      const heir = this.all[index - 1] ?? this.all[index + 1];
      if (part === undefined || heir === undefined || part.records > 0) continue;
      heir.adopt(part);
      this.all.splice(index, 1);
      if (part === this.current) this.current = heir;
    }
  }

  /** Goes to the part of the machine that the line is of. @returns whether the line is counted: there are too many machines. */
  isLeft(line: string, number: number): boolean {
    const part = this.current;
    if (part === null) return false;
    const isLeft = this.#machines.route(part, line, number);
    if (isLeft || this.current !== part) this.#handOn(part, isLeft ? null : this.current);
    if (isLeft) part.count('skipped', number);
    return isLeft;
  }

  /** The entry that the last line went to is of another machine, as its next line shows. @param to null: it is left out. */
  #handOn(from: Part, to: Part | null): void {
    for (const { line, number, truncated, kind } of from.parser.release?.() ?? []) {
      from.discount(kind, number);
      if (to === null) from.count('skipped', number);
      else to.count(to.parser.parse(line, number, truncated), number);
    }
  }

  #beginMachine(like: Part, text: string, line: number, shown: string): Part | null {
    if (this.all.length >= MAX_PARTS) return null;
    const part = this.#newPart(like.format, line, this.#dumps);
    part.begins = `from here on lines of ${shown} stand among those of other machines`;
    part.learn([text], this.#scanner);
    for (const shape of like.shapes) part.shapes.add(shape);
    this.all.push(part);
    return part;
  }

  #newPart(format: Format, number: number, dump: (() => DumpSink | null) | null): Part {
    const { interest, part: open, peeked } = this.#options;
    const beside = (part: Part) => this.#beside(part);
    return new Part(format, number, { interest, open, peeked, dump, beside, shown: this.#shown });
  }

  readonly #shown = (record: KernelRecord): KernelRecord => this.#prefixed.shown(record);

  /** Parts whose lines stand among those of this one, and itself: what is missing there may be of any of them. */
  #beside(part: Part): readonly Part[] {
    const { parts } = this.#machines;
    return parts.includes(part) ? parts : [part];
  }

  #hasRoom(number: number): boolean {
    if (this.all.length < MAX_PARTS) return true;
    if (this.isFull) return false;
    this.isFull = true;
    const message = `the form changes more than ${MAX_PARTS} times: from here on it is not looked for any more`;
    this.health({ code: 'parts-capped', line: number, message, count: 1 });
    return false;
  }

  /** A dump of the trace buffer inside the log: what it tells is older than the lines around it, on another clock. */
  readonly #dumps = (): DumpSink | null => {
    if (!this.#options.split || this.isFull) return null;
    return new DumpPart({
      create: (format) => this.#newPart(format, 1, null),
      begin: (part, number) => {
        if (!this.#hasRoom(number)) return false;
        this.current?.open();
        this.all.push(part);
        return true;
      },
      leave: (kind, number) => this.current?.count(kind, number),
      sampled: this.#options.sampled,
    });
  };
}
