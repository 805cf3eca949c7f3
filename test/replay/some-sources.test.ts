import { expect, test } from 'vitest';
import { EventList } from '../../src/replay/event-list.ts';
import { SomeSources } from '../../src/replay/some-sources.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent, storedSource } from './stored-event.ts';

/** Three sources by turns: 1, 2, 3, 1, 2, 3 ..; odd ones are traces. */
const EVENTS = Array.from({ length: 12 }, (_, n) =>
  storedEvent('pci.flr', { id: n + 1, sourceId: 1 + (n % 3), cpu: n, symbol: n % 3 === 1 ? null : 'pcie_flr' }),
);

class Everything extends EventList {
  eventsOfKind(kind: StoredEvent['kind'], limit: number): readonly StoredEvent[] {
    return EVENTS.filter((event) => event.kind === kind).slice(0, limit);
  }
}

const everything = new Everything(
  [1, 2, 3].map((id) => storedSource(id)),
  [1, 2, 3].map((id) => storedDevice(id, `0000:0${id}:00.0`, { sourceId: id })),
  EVENTS,
);
const some = new SomeSources(everything, new Set([1, 3]));

test('some sources look as if there were no others', () => {
  expect(some.sources().map(({ id }) => id)).toEqual([1, 3]);
  expect(some.devices().map(({ id }) => id)).toEqual([1, 3]);
  expect([...some.places()].map(({ id }) => id)).toEqual([1, 3, 4, 6, 7, 9, 10, 12]);
  expect(some.eventsOfKind('pci.flr', 5).map(({ id }) => id)).toEqual([1, 3, 4]);
  expect([...everything.tracingSources()]).toEqual([1, 3]);
  expect([...new SomeSources(everything, new Set([2, 3])).tracingSources()]).toEqual([3]);
  expect([...some.cpus().keys()]).toEqual([1, 3]);
  // Ids are those of all records.
  expect(some.event(4)?.sourceId).toBe(1);
});

test('their events come page by page, each once, however many of others lie between', () => {
  const ids = (list: readonly StoredEvent[]) => list.map(({ id }) => id);
  expect(ids(some.events(0, 3))).toEqual([1, 3, 4]);
  expect(ids(some.events(4, 3))).toEqual([6, 7, 9]);
  expect(ids(some.events(9, 3))).toEqual([10, 12]);
  expect(ids(some.events(12, 3))).toEqual([]);
  const [lone] = [new SomeSources(everything, new Set([3]))];
  expect(ids(lone.events(0, 2))).toEqual([3, 6]);
  expect(ids(lone.events(6, 1))).toEqual([9]);
  expect(ids(new SomeSources(everything, new Set()).events(0, 5))).toEqual([]);
});
