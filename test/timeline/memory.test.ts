import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTimeline, createTransientTimeline } from '../../src/timeline/create.ts';
import type { NewEvent } from '../../src/timeline/rows.ts';
import type { TimelineReader, TimelineWriter } from '../../src/timeline/timeline.ts';
import { BDF, event } from './sample.ts';

const outcome = fc.constantFrom('ok' as const, 'failed' as const, 'unknown' as const, 'void' as const);
const code = fc.constantFrom(null, 0, -5, 2 ** 60);
const text = fc.string({ unit: fc.constantFrom('a', '0', '\0', 'ü', '😀', '\ud83d') });

const added = fc.record({
  time: fc.constantFrom(null, 0n, 5n, 2n ** 60n, 2n ** 64n),
  cpu: fc.constantFrom(null, 0, 3),
  symbol: fc.constantFrom(null, 'pcie_flr', 'pci_tsm_bind'),
  kind: fc.constantFrom('pci.flr' as const, 'tsm.bind' as const),
  outcome,
  code,
  text,
  task: fc.option(text),
  args: fc.dictionary(text, text),
  entity: fc.nat(4),
});

/** What a reading may do; numbers say which of the events or entities there are. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('event' as const), added }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('pair' as const, 'settle' as const, 'supersede' as const),
      of: fc.nat(60),
      by: fc.nat(60),
      outcome,
      code,
    }),
  },
  fc.record({ type: fc.constant('health' as const), message: text, isOfSource: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const ENTITIES = 4;

function read(writer: TimelineWriter, steps: readonly Step[]): void {
  const sourceId = writer.addSource({ path: 'x', format: '', compression: 'none' });
  for (let i = 0; i < ENTITIES; i++) writer.addEntity(sourceId);
  let count = 0;
  for (const one of steps) {
    const [of, by] = 'of' in one ? [1 + (one.of % count), 1 + (one.by % count)] : [0, 0];
    if (one.type === 'event') {
      const { entity, ...more } = one.added;
      const about: Partial<NewEvent> = { ...more, entityId: entity === 0 ? null : entity };
      expect(writer.addEvent(event(sourceId, count + 1, about))).toBe(++count);
    } else if (one.type === 'health') {
      const { message, isOfSource } = one;
      writer.addHealth({ sourceId: isOfSource ? sourceId : null, code: 'events-lost', line: 3, message, count: 1 });
    } else if (count === 0) continue;
    else if (one.type === 'pair') writer.pairEvents(of, by, one.outcome, one.code);
    else if (one.type === 'settle') writer.settleEvent(of, one.outcome, one.code);
    else writer.supersedeEvent(of, by);
  }
  // Of four entities two are one device, one may be either of two, and of one nothing is known.
  const device = { sourceId, pf: null, dsm: null, guestBdf: null, aliases: ['0x1'] } as const;
  const named = writer.addDevice({ ...device, bdf: BDF, certainty: 'exact' });
  const other = writer.addDevice({ ...device, bdf: null, certainty: 'none' });
  writer.assignEntity(1, named, 'exact');
  writer.assignEntity(2, named, 'inherited');
  writer.suggestDevices(3, [other, named]);
  writer.addUnrecognised({ sourceId, subsystem: 'pci', text: '\ud83d', count: 2, line: 1 });
  writer.finishSource(sourceId, {
    format: 'ftrace',
    clock: 'local',
    timeUnit: 'ns',
    firstLine: 1,
    lastLine: 9,
    lines: 9,
    records: 8,
    continuation: 1,
    events: count,
    skipped: 0,
    unparsed: 0,
    lost: 0,
    firstTime: 0n,
    lastTime: 2n ** 64n,
  });
}

function all(reader: TimelineReader): unknown {
  return {
    sources: reader.sources(),
    devices: reader.devices(),
    events: reader.events(0, 1000),
    page: reader.events(2, 3),
    one: reader.event(1),
    none: reader.event(1000),
    kind: reader.eventsOfKind('tsm.bind', 2),
    places: [...reader.places()],
    symbols: reader.symbols(),
    tracing: [...reader.tracingSources()],
    cpus: [...reader.cpus()],
    health: reader.health(),
    unrecognised: reader.unrecognised(),
    analysis: reader.analysis(),
  };
}

/** In memory, and what a file says of the same. */
async function both(steps: readonly Step[], rowsMax?: number) {
  const file = await createTimeline(null);
  const memory = createTransientTimeline(rowsMax === undefined ? {} : { rowsMax });
  try {
    read(file, steps);
    read(memory, steps);
    return { stored: all(file.reader), kept: all(memory.reader), path: memory.reader.path };
  } finally {
    file.abort();
    memory.abort();
  }
}

test('what is kept in memory reads as from a file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const { stored, kept, path } = await both(steps);
      expect(kept).toEqual(stored);
      expect(path).toBe('');
    }),
    { numRuns: 25 },
  );
});

test('what grows too large for memory goes on as a file, wherever that happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat(60), async (steps, rowsMax) => {
      const { stored, kept } = await both(steps, rowsMax);
      expect(kept).toEqual(stored);
    }),
    { numRuns: 25 },
  );
});

test('a second source needs the file, in which clocks are related; a dropped one leaves nothing', () => {
  const writer = createTransientTimeline();
  writer.addHealth({ sourceId: null, code: 'events-lost', line: null, message: 'of nobody', count: 1 });
  const dropped = writer.addSource({ path: 'x', format: '', compression: 'none' });
  writer.addEvent(event(dropped, 1));
  writer.addHealth({ sourceId: dropped, code: 'events-lost', line: 1, message: 'of it', count: 1 });
  writer.dropSource(dropped);
  expect(writer.reader.events(0, 10)).toEqual([]);
  expect(writer.reader.health().map(({ message }) => message)).toEqual(['of nobody']);
  const first = writer.addSource({ path: 'a', format: '', compression: 'none' });
  expect(writer.addEvent(event(first, 1))).toBe(1);
  expect(writer.reader.path).toBe('');
  const second = writer.addSource({ path: 'b', format: '', compression: 'none' });
  expect(writer.addEvent(event(second, 1))).toBe(2);
  expect([dropped, first, second]).toEqual([1, 1, 2]);
  expect(writer.reader.path).not.toBe('');
  expect(writer.reader.events(0, 10).map(({ sourceId }) => sourceId)).toEqual([1, 2]);
  writer.abort();
});
