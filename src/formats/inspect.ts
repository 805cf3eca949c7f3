import type { HealthItem } from '../base/health.ts';
import { type ReadBytesOptions, readBytes } from '../input/bytes.ts';
import type { OpenedSource } from '../input/source.ts';
import { adviceFor } from './advice.ts';
import type { Format } from './format.ts';
import { dumpRows, ftraceDump } from './ftrace-dump.ts';
import { FORMATS, formatById } from './index.ts';
import type { PartSink } from './part.ts';
import { type ByteTraits, quirksOf } from './quirks.ts';
import { type PartOptions, type PartTotals, readParts } from './read.ts';
import type { Interest } from './record.ts';
import { NOBODY } from './share.ts';

/** What a part of a file is, and why it was taken for that. */
export interface Inspected {
  readonly totals: Omit<PartTotals, 'sink' | 'sample'>;
  /** Lines of the part that were looked at, blank ones left out, and how many of them the form explains; null for binary forms. */
  readonly sampled: number | null;
  readonly explained: number | null;
  /** The form that fits second best, and its share of the same lines, 0 to 1; null where no other fits at all. */
  readonly runnerUp: { readonly format: string; readonly share: number } | null;
  /** How it was written, and what became of it on the way. */
  readonly quirks: readonly string[];
  readonly health: readonly HealthItem[];
  /** What to capture instead. */
  readonly advice: string | null;
}

const NOTHING: Interest = { symbol: () => false, event: () => false, message: () => false };

/**
 * Reads a source to its end to say what it is.
 *
 * @throws InputError as `readParts` does: it cannot be read, and why.
 */
export async function inspect(
  source: OpenedSource,
  options: Pick<PartOptions, 'maxBytes' | 'onProgress' | 'signal'>,
): Promise<Inspected[]> {
  const traits: ByteTraits = { crlf: false, nul: false, bom: false };
  const said = new Map<PartSink, HealthItem[]>();
  const watched = (how: ReadBytesOptions): ReadBytesOptions => ({
    ...how,
    consume: (chunk) => {
      look(chunk, traits);
      how.consume(chunk);
    },
  });
  const parts = await readParts(source, {
    ...options,
    inputFormat: null,
    interest: NOTHING,
    sampled: true,
    pump: (how) => readBytes(source, watched(how)),
    part: () => {
      const health: HealthItem[] = [];
      const sink: PartSink = { emit: () => undefined, health: (item) => void health.push(item) };
      said.set(sink, health);
      return sink;
    },
  });
  return parts.map(({ sink, sample = [], ...totals }) => {
    const health = said.get(sink) ?? [];
    const looked = lookAt(formatById(totals.format), sample, traits);
    return {
      totals,
      ...looked,
      health,
      advice: adviceFor(totals, new Set(health.map(({ code }) => code))),
    };
  });
}

function look(chunk: Buffer, traits: ByteTraits): void {
  traits.crlf ||= chunk.includes('\r\n');
  traits.nul ||= chunk.includes(0);
  traits.bom ||= chunk.length > 2 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
}

type Look = Pick<Inspected, 'sampled' | 'explained' | 'runnerUp' | 'quirks'>;

function lookAt(format: Format | null, sample: readonly string[], traits: ByteTraits): Look {
  if (format === null || sample.length === 0) return { sampled: null, explained: null, runnerUp: null, quirks: [] };
  // Of a dump inside a log the rows stand there without the heads.
  const isNested = format === ftraceDump && !sample.some((line) => line.includes('Dumping ftrace buffer:'));
  const parser = isNested ? dumpRows(NOBODY) : format.parser(NOBODY);
  parser.learn?.(sample);
  const kinds = sample.map((line, index) => parser.parse(line, index + 1, false));
  const filled = kinds.filter((_, index) => sample[index]?.trim() !== '');
  const records = sample.filter((_, index) => kinds[index] === 'record');
  return {
    sampled: filled.length,
    explained: filled.filter((kind) => kind !== 'unparsed').length,
    runnerUp: runnerUpOf(format, sample),
    quirks: quirksOf(sample, records, traits),
  };
}

function runnerUpOf(format: Format, sample: readonly string[]): Inspected['runnerUp'] {
  let best: Inspected['runnerUp'] = null;
  for (const other of FORMATS) {
    if (other === format) continue;
    const share = other.detect(sample) / (other.best ?? 1);
    if (share > (best?.share ?? 0)) best = { format: other.id, share };
  }
  return best;
}
