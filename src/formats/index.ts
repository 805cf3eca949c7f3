import { bpftrace } from './bpftrace.ts';
import type { Format } from './format.ts';
import { ftrace } from './ftrace.ts';
import { ftraceBare } from './ftrace-bare.ts';
import { ftraceDump } from './ftrace-dump.ts';
import { ftraceLatency } from './ftrace-latency.ts';
import { perfScript } from './perf-script.ts';
import { PRINTK_FORMATS } from './printk-forms.ts';
import { qemu } from './qemu.ts';
import { systrace } from './systrace.ts';
import { traceCmd } from './trace-cmd.ts';
import { traceDat } from './trace-dat/id.ts';

/** Every form that can be read. A new form adds its line here. */
export const FORMATS: readonly Format[] = [
  // Before the forms of a log, whose lines its rows are too.
  ftraceDump,
  ...PRINTK_FORMATS,
  bpftrace,
  ftrace,
  ftraceLatency,
  ftraceBare,
  traceCmd,
  perfScript,
  systrace,
  qemu,
];

/** What `--input-format` can name: the forms of text, and the one that is none. */
export const INPUT_FORMATS: readonly Pick<Format, 'id' | 'title' | 'example'>[] = [...FORMATS, traceDat];

/** Lines that {@link detectFormat} looks at. */
export const SAMPLE_LINES = 400;

/** The form with this id (`--input-format`), or null. */
export function formatById(id: string): Format | null {
  return FORMATS.find((format) => format.id === id) ?? null;
}

/**
 * The form that explains most of the lines; of equals the first one. Null where none explains a record.
 *
 * @param lines the first ones, latin1, at most {@link SAMPLE_LINES}.
 */
export function detectFormat(lines: readonly string[], formats: readonly Format[] = FORMATS): Format | null {
  return bestFormat(lines, formats)?.format ?? null;
}

/** As {@link detectFormat}, and what the form's `detect` answered. */
export function bestFormat(
  lines: readonly string[],
  formats: readonly Format[],
): { readonly format: Format; readonly score: number } | null {
  let best: Format | null = null;
  let bestScore = 0;
  for (const format of formats) {
    const score = format.detect(lines);
    if (score <= bestScore) continue;
    best = format;
    bestScore = score;
    // None is better than one that explains every line.
    if (score >= 1) break;
  }
  return best === null ? null : { format: best, score: bestScore };
}
