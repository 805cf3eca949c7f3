import type { HealthItem } from '../base/health.ts';
import type { Nanoseconds } from '../base/time.ts';
import type { Format } from './format.ts';
import { detectFormat, SAMPLE_LINES } from './index.ts';
import type { Part } from './part.ts';
import { isCrashPart, pstore } from './pstore.ts';
import { formBelow, type HeldLine, isHeader, OddRun } from './segment.ts';
import type { ShapeScanner } from './shape.ts';

// Where one part of a file ends and another one may begin: asked of lines alone, and of what the part before looks like.

/** Why lines are held until the next ones are seen. */
export type Hold = 'first' | 'header' | 'fall' | 'unlike';

/** Lines that wait: for the form that they begin with, or for what follows them. */
export interface Held {
  readonly why: Hold;
  readonly lines: HeldLine[];
}

/** Lines until which it shows what a part begins with, by why they are held. */
export const HELD_MAX: Readonly<Record<Hold, number>> = { first: SAMPLE_LINES, header: 100, fall: 6, unlike: 64 };
/** Lines that look like no record, until the ones before have nothing to do with what comes. */
const STRANGERS_MAX = 3;
/** What a clock falls by without having been set back: CPUs print a little out of order. */
const SLACK = 1_000_000_000n;
/** Begins the log of a boot: then the clock has not fallen but started again. */
const BANNER = 'Linux version ';
/** Explains any line, so what looks like another form's record is looked at before it has a say. */
export const UNDEMANDING = 'dmesg-bare';
/** The page around a trace has headers of its own. */
const WRAPPED = 'systrace';

/** Why a part begins behind another one. */
export function reasonFor(why: Hold, before: Part, next: Format): string {
  if (why === 'fall') return 'the time falls by more than a second here, and no boot begins';
  if (why === 'header') return 'what stands at the head of a file of its own stands here';
  const again = next.id === before.format.id ? `${next.id} again, of another clock` : next.id;
  return `from here on the lines look like ${again}, and no longer like those before`;
}

/** What is to be said of a form that was asked for: one that explains any line says nothing by that. Null: nothing. */
export function doubtOf(given: Format, lines: readonly string[]): HealthItem | null {
  const format = given.id === UNDEMANDING ? detectFormat(lines) : null;
  if (format === null || format.id === given.id) return null;
  const message = `read as ${given.id}, as asked, but the lines look like ${format.id}: leave --input-format away to have them read as that`;
  return { code: 'form-doubtful', line: 1, message, count: 1 };
}

/** Whether what stands at the head of a file of its own stands in the line. */
export function beginsFile(part: Part, line: string): boolean {
  if (isHeader(line)) return part.format.id !== WRAPPED;
  return part.format !== pstore && isCrashPart(line);
}

/** Whether the clock of the part falls with the line. */
export function fallsAt(part: Part, line: string): boolean {
  return isFall(part.parser.span().last, part.timeOf(line));
}

/** @param next undefined: the line is no record of the part; null: it has no time. */
export function isFall(last: Nanoseconds | null, next: Nanoseconds | null | undefined): boolean {
  return last !== null && next !== null && next !== undefined && next < last - SLACK;
}

export function looksUnlike(part: Part, line: string, scanner: ShapeScanner): boolean {
  const shape = scanner.of(line);
  return shape !== null && !part.shapes.has(shape);
}

/** Whether it shows what the held lines begin, before there are as many as may be held: with the line another part may begin. */
export function isOver({ why, lines }: Held, line: string, scanner: ShapeScanner): boolean {
  if (lines.length === 0) return false;
  if (why === 'header') return isHeader(line) || isCrashPart(line);
  return why === 'unlike' && isBeyond(lines, line, scanner);
}

/** Whether the line looks like yet another form, or has nothing to do with the held ones. */
function isBeyond(lines: readonly HeldLine[], line: string, scanner: ShapeScanner): boolean {
  const shape = scanner.of(line);
  if (shape !== null) return isHeader(line) || shape !== scanner.of(lines[0]?.line ?? '');
  const last = lines.findLastIndex((held) => scanner.of(held.line) !== null);
  return isHeader(line) || lines.length - 1 - last >= STRANGERS_MAX;
}

/** The form of the part that begins with the lines, which were held for `why`; null: none begins. @param clear see {@link OddRun}. */
export function formOf(
  why: Hold,
  part: Part,
  lines: readonly string[],
  { scanner, clear }: { readonly scanner: ShapeScanner; readonly clear: boolean },
): Format | null {
  if (why === 'header') return formBelow(lines, scanner);
  if (why !== 'fall') return unlikeForm(part, lines, scanner, clear);
  // Those of another boot are of the part.
  if (lines.some((line) => line.includes(BANNER))) return null;
  const isUnlike = looksUnlike(part, lines[0] ?? '', scanner);
  return (isUnlike ? unlikeForm(part, lines, scanner, clear) : null) ?? part.format;
}

/** The form of lines that hardly any log without times has; null where they are too few. */
function unlikeForm(part: Part, lines: readonly string[], scanner: ShapeScanner, clear: boolean): Format | null {
  const shape = scanner.of(lines[0] ?? '');
  if (shape === null) return null;
  const run = new OddRun(shape, clear);
  for (const line of lines) run.add({ line, number: 0, truncated: false, kind: 'unparsed' }, scanner.of(line));
  const form = run.ripe(false) ? run.form() : null;
  return form === part.format ? null : form;
}
