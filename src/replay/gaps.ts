import type { HealthCode } from '../base/health.ts';
import { cpuOfLoss } from '../formats/lost-on-cpu.ts';
import { isBystander } from '../formats/suppressed.ts';
import type { NewHealth } from '../timeline/rows.ts';

/** Where the evidence of a source has holes, as its health rows tell. */
export interface Gaps {
  /** Lines before which something may have happened unseen, ascending; Infinity: after the last one. */
  readonly lines: readonly number[];
  /** From this line on something may have happened unseen between any two; Infinity: nowhere. */
  readonly throughout: number;
  /** Marks of what one CPU lost, ascending: before the first record of that CPU behind it, so others may stand between. */
  readonly ofCpu: readonly { readonly cpu: number; readonly line: number }[];
}

/** By source; none where the evidence has no hole. */
export type GapsBySource = ReadonlyMap<number, Gaps>;

/** Where a hole is that a row tells of. */
type Hole = (row: { readonly line: number | null; readonly count: number }) => Partial<Omit<Gaps, 'ofCpu'>>;

const before: Hole = ({ line }) => (line === null ? {} : { lines: [line] });
/** A piece of the line is missing, and what stood in it; of several lines only the first one is told. */
const around: Hole = ({ line, count }) =>
  line === null ? {} : count > 1 ? { throughout: line } : { lines: [line, line + 1] };
/** The source ends here: what others tell of later stands beside a hole. Of a trace.dat one CPU ends, and others go on. */
const end: Hole = ({ line }) => (line === null ? { lines: [Number.POSITIVE_INFINITY] } : { throughout: line });
/** What the line above says, and what was lost of it, is open. */
const above: Hole = ({ line, count }) =>
  line === null ? {} : count > 1 ? { throughout: line - 1 } : { lines: [line - 1, line] };
/** Which of the lines that follow something is missing beside is not known. */
const fromHere: Hole = ({ line }) => (line === null ? {} : { throughout: line });

/** Rows that tell of lost evidence. What was never promised, as by a trace of one CPU, is no loss. */
const HOLES: Partial<Record<HealthCode, Hole>> = {
  'events-lost': before,
  'messages-dropped': before,
  'messages-suppressed': before,
  'lines-elided': before,
  'source-rotated': before,
  'buffer-started': before,
  'buffer-wrapped': before,
  // Whose the pointer was there is not known, and what took it from its device was not recorded.
  'pointer-reused': before,
  'rest-doubtful': above,
  // What the call did, or did not do, is not known: beside its return either may hold.
  'result-unreadable': around,
  'lines-truncated': around,
  'nul-bytes': around,
  'source-cut': end,
  'source-capped': end,
  'losses-everywhere': fromHere,
  'mostly-unparsed': fromHere,
};

/** Reads the rows that tell of lost evidence. */
export function gapsOf(rows: readonly NewHealth[]): GapsBySource {
  const lines = new Map<number, number[]>();
  const throughout = new Map<number, number>();
  const ofCpu = new Map<number, { cpu: number; line: number }[]>();
  for (const row of rows) {
    const { code, sourceId } = row;
    const hole = HOLES[code]?.(row);
    if (hole === undefined || sourceId === null || isBystander(row)) continue;
    const cpu = cpuOfLoss(row);
    if (cpu !== null && row.line !== null) {
      const marks = ofCpu.get(sourceId) ?? [];
      marks.push({ cpu, line: row.line });
      ofCpu.set(sourceId, marks);
    }
    const list = lines.get(sourceId) ?? [];
    list.push(...(hole.lines ?? []));
    lines.set(sourceId, list);
    const known = throughout.get(sourceId) ?? Number.POSITIVE_INFINITY;
    throughout.set(sourceId, Math.min(known, hole.throughout ?? known));
  }
  return new Map(
    [...lines].map(([id, list]) => [
      id,
      {
        lines: list.sort((a, b) => a - b),
        throughout: throughout.get(id) ?? Number.POSITIVE_INFINITY,
        ofCpu: (ofCpu.get(id) ?? []).sort((a, b) => a.line - b.line),
      },
    ]),
  );
}
