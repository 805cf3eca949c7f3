import { INTEREST } from '../events/index.ts';
import { meaningOf } from '../events/meaning.ts';
import type { PartSink } from '../formats/part.ts';
import { type OpenReading, type PartOptions, readParts } from '../formats/read.ts';
import { type Hints, NO_HINTS } from '../identity/hints.ts';
import type { OpenedSource } from '../input/source.ts';
import { SourceIngest } from './source-ingest.ts';
import type { TimelineWriter } from './timeline.ts';

/** A source that is still being read into the timeline. To be used between chunks only. */
export interface OpenIngest {
  /** Whether a judgement would see something that it did not see the last time it was asked. */
  hasNews(): boolean;
  /** Runs `work` on the timeline as it would be, were this the end of the source, and takes all of it back. */
  preview<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Reads one opened source into the timeline: records become events, calls are paired, clues become devices.
 *
 * @returns the ids of its parts, each a source of the timeline; one at least.
 * @throws InputError as `readParts` does; nothing is stored of the source then.
 */
export async function ingest(
  writer: TimelineWriter,
  opened: OpenedSource,
  options: Pick<PartOptions, 'inputFormat' | 'maxBytes' | 'onProgress' | 'signal' | 'pump'> & {
    readonly onOpen?: (ingest: OpenIngest) => void;
    readonly hints?: Hints;
  },
): Promise<readonly number[]> {
  const { onOpen, hints = NO_HINTS, ...how } = options;
  const sources = new PartSources(writer, opened, hints);
  const totals = await readParts(opened, {
    ...how,
    ...(onOpen && { onOpen: (reading) => onOpen(new Unfinished(writer, sources, reading)) }),
    interest: { ...INTEREST, meaning: meaningOf, ...(hints.functions && { symbols: hints.functions }) },
    part: () => sources.add(),
  }).catch((error: unknown) => {
    sources.drop();
    throw error;
  });
  return totals.map((part) => sources.of(part.sink).finish(part));
}

/** The sources that the parts of one file are in the timeline. */
class PartSources {
  readonly #writer: TimelineWriter;
  readonly #opened: OpenedSource;
  readonly #hints: Hints;
  readonly #ingests = new Map<PartSink, SourceIngest>();

  constructor(writer: TimelineWriter, opened: OpenedSource, hints: Hints) {
    this.#writer = writer;
    this.#opened = opened;
    this.#hints = hints;
  }

  add(): PartSink {
    const sink = this.begin();
    const part: PartSink = { emit: (record) => sink.take(record), health: (item) => sink.health(item) };
    this.#ingests.set(part, sink);
    return part;
  }

  begin(): SourceIngest {
    const { path, compression } = this.#opened;
    return new SourceIngest(this.#writer, this.#writer.addSource({ path, format: '', compression }), this.#hints);
  }

  of(part: PartSink): SourceIngest {
    const sink = this.#ingests.get(part);
    if (sink === undefined) throw new Error('a part that was never begun');
    return sink;
  }

  /** The last one first: the next source takes the number of the first. */
  drop(): void {
    for (const { sourceId } of [...this.#ingests.values()].reverse()) this.#writer.dropSource(sourceId);
  }

  get taken(): number {
    let taken = 0;
    for (const sink of this.#ingests.values()) taken += sink.taken;
    return taken;
  }
}

class Unfinished implements OpenIngest {
  readonly #writer: TimelineWriter;
  readonly #sources: PartSources;
  readonly #reading: OpenReading;
  #known = '';

  constructor(writer: TimelineWriter, sources: PartSources, reading: OpenReading) {
    this.#writer = writer;
    this.#sources = sources;
    this.#reading = reading;
  }

  hasNews(): boolean {
    const previews = this.#reading.preview();
    if (previews.length === 0) return false;
    const held = previews.map(({ records, health }) => {
      const lines = records.map((record) => `${record.line}-${record.endLine}`).join();
      return `${lines} ${health.length}`;
    });
    const now = `${this.#sources.taken} ${held.join(';')}`;
    const isNew = now !== this.#known;
    this.#known = now;
    return isNew;
  }

  async preview<T>(work: () => Promise<T>): Promise<T> {
    const previews = this.#reading.preview();
    return this.#writer.preview(async () => {
      for (const { sink: part, records, health, totals } of previews) {
        const known = part === null ? this.#sources.begin() : this.#sources.of(part);
        const untouched = records.length + health.length === 0 && !known.holds;
        const sink = part === null || untouched ? known : known.fork();
        for (const record of records) sink.take(record);
        for (const item of health) sink.health(item);
        sink.settle(totals);
      }
      return work();
    });
  }
}
