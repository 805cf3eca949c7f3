import { expect, test } from 'vitest';
import type { KernelEvent } from '../../src/events/event.ts';
import { normalise } from '../../src/events/normalise.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { CallTracker } from '../../src/identity/calls.ts';
import { Identity } from '../../src/identity/identity.ts';
import { call, graph, probe } from '../events/records.ts';

function eventOf(record: KernelRecord): KernelEvent {
  const meaning = normalise(record);
  if (meaning?.type !== 'event') throw new Error('no event');
  return meaning.event;
}

class Feed {
  entities = 0;
  readonly calls = new CallTracker();
  readonly identity = new Identity(() => ++this.entities);
  #event = 0;

  take(record: KernelRecord) {
    const event = eventOf(record);
    const place = this.calls.locate(record, event);
    const entity = this.identity.resolve(record, event, null, place.parent);
    this.calls.open(record, event, place, ++this.#event, entity);
    return { place, entity };
  }
}

const hex = (value: number): string => `0x${(0xffff_8880_0000_0000n + BigInt(value)).toString(16)}`;

// Bounds of memory show in what is still known: a test that weighs the heap fails on somebody else's machine.

test('a task that was quiet while 10,000 others ran has no open calls any more', () => {
  const feed = new Feed();
  feed.take({ ...probe('pci_tsm_bind'), pid: 1 });
  for (let pid = 2; pid < 10_002; pid++) feed.take({ ...probe('pci_tsm_bind'), pid });
  const exit = { ...probe('pci_tsm_bind'), isReturn: true, offset: null };
  expect(feed.take({ ...exit, pid: 1 }).place.closes).toBeNull();
  expect(feed.take({ ...exit, pid: 10_001 }).place.closes).not.toBeNull();
});

test('calls that never return do not pile up', () => {
  const feed = new Feed();
  let innermost = feed.take(graph('enter', 'pci_tsm_bind')).place;
  for (let line = 1; line < 100_000; line++) {
    const record = { ...graph('enter', 'pci_tsm_bind'), line, endLine: line, depth: line, enclosingLine: line - 1 };
    innermost = feed.take(record).place;
  }
  let depth = 0;
  for (let parent = innermost.parent; parent; parent = parent.parent) depth++;
  expect(depth).toBeGreaterThan(0);
  expect(depth).toBeLessThanOrEqual(65);
});

test('pointers and tasks beyond any real capture stay without a device', () => {
  const feed = new Feed();
  for (let index = 0; index < 150_000; index++) feed.take(call('pci_tsm_bind', { pdev: hex(index * 0x1000) }));
  for (let pid = 1; pid < 50_000; pid++) feed.take({ ...call('pci_tsm_bind'), pid });
  expect(feed.entities).toBeLessThanOrEqual(100_000);
  // What was known before is still known.
  expect(feed.take(call('pci_tsm_bind', { pdev: hex(0) })).entity).toBe(1);
});

test('pointers that lie close together are found in time', () => {
  const feed = new Feed();
  const started = performance.now();
  for (let index = 0; index < 100_000; index++)
    feed.take(call(index % 2 ? 'pci_tsm_bind' : 'connect_store', { [index % 2 ? 'pdev' : 'dev']: hex(index * 8) }));
  // A second or two; every pair of neighbours compared would be minutes.
  expect(performance.now() - started).toBeLessThan(15_000);
});

test('one task that removes for ever, and 10,000 that do', () => {
  const feed = new Feed();
  const started = performance.now();
  for (let index = 0; index < 10_000; index++) {
    feed.take({ ...call('pci_stop_and_remove_bus_device', { dev: hex(index * 0x1000) }), line: index + 1 });
    feed.take({
      ...call('pci_stop_and_remove_bus_device', { dev: hex(index * 0x1000) }),
      line: index + 1,
      pid: index + 2,
    });
  }
  expect(performance.now() - started).toBeLessThan(15_000);
});
