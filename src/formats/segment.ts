import type { Format, LineKind } from './format.ts';
import { ftraceDump } from './ftrace-dump.ts';
import { bestFormat, FORMATS } from './index.ts';
import { PRINTK_FORMATS } from './printk-forms.ts';
import type { Shape, ShapeScanner } from './shape.ts';
import { NOBODY } from './share.ts';
import { unquoted } from './unwrap.ts';

// Where a file stops being of one form and goes on in another. A few odd lines are no new part: consoles, mails and scripts
// mix in what they like. Hence several lines in a row have to look like records of something else, and another form has to
// explain them.

/** Lines in a row that look like another form's records, until it is asked for. */
const FOREIGN_MIN = 4;
/** The same behind a blank line, a line of prose or the start of the file, and at the end of the file. */
const FOREIGN_MIN_CLEAR = 2;
/** Longest run that is looked at; what is longer and still of no form is prose. */
const MAX_RUN = 64;
/** Share of the lines that the other form must explain. */
const MIN_SHARE = 0.75;
/** Above it the first lines are one form, and nobody looks for more. */
const ONE_FORM = 0.97;

const HASH = 35;
const CAPITAL_A = 65;
const LETTER_C = 99;
const LETTER_V = 118;
const QUOTE = 62;

/** A line that waits for its form to be told. */
export interface HeldLine {
  readonly line: string;
  readonly number: number;
  readonly truncated: boolean;
}

/** A line that the form at hand has taken, but not as a record. */
export interface OddLine extends HeldLine {
  readonly kind: LineKind;
}

/** Lines in a row that the form at hand does not explain as records, from the first one on that looks like another form's. */
export class OddRun {
  readonly lines: OddLine[] = [];
  /** What the first line looks like. */
  readonly shape: Shape;
  foreign = 0;
  /** Lines like the first one when another form was looked for. */
  #asked = 0;

  readonly #min: number;

  /** @param clear a blank line, prose, or nothing stands before the run. */
  constructor(shape: Shape, clear: boolean) {
    this.shape = shape;
    // Logs that lost a few of their times are no other log.
    this.#min = clear && shape !== 'bare' ? FOREIGN_MIN_CLEAR : FOREIGN_MIN;
  }

  get overlong(): boolean {
    return this.lines.length >= MAX_RUN;
  }

  add(line: OddLine, shape: Shape | null): void {
    this.lines.push(line);
    if (shape === this.shape) this.foreign++;
  }

  /** Whether it is time to look for another form: once with enough lines, and whenever they are twice as many. */
  ripe(atEnd: boolean): boolean {
    const min = atEnd && this.shape !== 'bare' ? FOREIGN_MIN_CLEAR : this.#min;
    if (this.foreign < min || this.foreign < this.#asked * 2) return false;
    this.#asked = this.foreign;
    return true;
  }

  /** The form that explains the run, or null. */
  form(): Format | null {
    return explaining(this.lines.map(({ line }) => line));
  }
}

/** The form that explains nearly all of the lines, or null. */
function explaining(lines: readonly string[]): Format | null {
  const best = detectPart(lines);
  return best !== null && best.score >= MIN_SHARE * (best.format.best ?? 1) ? best.format : null;
}

/** Forms that find a dump inside them. */
const LOGS = PRINTK_FORMATS.filter(({ id }) => id !== 'dmesg-bare');

/** Like {@link bestFormat}, but a dump with the heads of a log is a log: its rows become a part of their own. */
function detectPart(lines: readonly string[]): ReturnType<typeof bestFormat> {
  const best = bestFormat(lines, FORMATS);
  if (best?.format !== ftraceDump) return best;
  const log = bestFormat(lines, LOGS);
  return log !== null && log.score >= ONE_FORM ? log : best;
}

/**
 * The form that the first lines begin with. What they are most of may come later: then that form leaves lines in a row
 * before its first record that another one explains.
 *
 * @param lines the first ones, or those behind a header.
 */
export function leadingForm(lines: readonly string[], scanner: ShapeScanner): Format | null {
  const header = lines.findIndex((line, index) => index > 0 && isHeader(line));
  const above = header < 0 ? null : explaining(lines.slice(0, header));
  if (above !== null) return above;
  const best = detectPart(lines);
  if (best === null) return null;
  const { format: most, score } = best;
  if (score >= ONE_FORM) return most;
  const parser = most.parser(NOBODY);
  let run: OddRun | null = null;
  let clear = true;
  for (const [index, line] of lines.entries()) {
    const kind = parser.parse(line, index + 1, false);
    if (kind === 'record') return most;
    const shape = scanner.of(line);
    if (run === null && shape !== null) run = new OddRun(shape, clear);
    clear = isGap(line, kind);
    if (run === null) continue;
    run.add({ line, number: index + 1, truncated: false, kind }, shape);
    if (run.ripe(false)) {
      const form = run.form();
      if (form !== null && form !== most) return form;
    }
    if (run.overlong) run = null;
  }
  return most;
}

/** The form of what stands below the header of a trace: null where no record comes soon, as in a trace of no entries. */
export function formBelow(lines: readonly string[], scanner: ShapeScanner): Format | null {
  const format = leadingForm(lines, scanner);
  const parser = format?.parser(NOBODY);
  let unfit = 0;
  for (const [index, line] of lines.entries()) {
    const kind = parser?.parse(line, index + 1, false);
    if (kind === 'record') return format;
    if (kind === 'unparsed') unfit++;
    if (unfit >= FOREIGN_MIN) break;
  }
  return null;
}

/** A line that no record is: behind it another excerpt may begin. */
export function isGap(line: string, kind: LineKind): boolean {
  return kind === 'unparsed' || line.trim() === '';
}

// print_trace_header() in kernel/trace/trace.c; the preamble of trace-cmd report; bpftrace.
const HEADER = /^(?:# tracer: |cpus=\d{1,6}$|version = [67]$|Attaching \d{1,6} probes?\.\.\.)/;

/** What a trace of its own begins with. */
export function isHeader(line: string): boolean {
  const code = line.charCodeAt(0);
  if (code === QUOTE) return HEADER.test(unquoted(line));
  return (code === HASH || code === LETTER_C || code === LETTER_V || code === CAPITAL_A) && HEADER.test(line);
}
