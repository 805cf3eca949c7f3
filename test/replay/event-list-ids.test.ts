import { describe, expect, test } from 'vitest';
import { EventList } from '../../src/replay/event-list.ts';
import { storedDevice, storedEvent, storedSource } from './stored-event.ts';

describe('a list of events', () => {
  const sources = [storedSource(1)];
  const devices = [storedDevice(7, null)];
  const some = [
    storedEvent('tsm.bind', { id: 20, phase: 'enter', pairId: 22, rootId: 20, cpu: 3, symbol: 'pci_tsm_bind' }),
    storedEvent('tdisp.lock', { id: 21, parentId: 20, rootId: 20, supersededBy: 22, duplicateOf: 99, cpu: 1 }),
    storedEvent('tsm.bind', { id: 22, phase: 'exit', pairId: 20, sourceId: 2, cpu: 0 }),
    storedEvent('pci.flr', { id: 5, parentId: 4, duplicateOf: 21, sourceId: 3 }),
  ];
  const list = new EventList(sources, devices, some);

  test('numbers them from 1, in its own order, and what they name of one another', () => {
    const ids = list
      .events(0, 10)
      .map(({ id, pairId, parentId, rootId, supersededBy, duplicateOf }) =>
        [id, pairId, parentId, rootId, supersededBy, duplicateOf].join(),
      );
    expect(ids).toEqual(['1,3,,1,,', '2,,1,1,3,', '3,1,,,,', '4,,,,,2']);
  });

  test('hands out pages, and single ones', () => {
    expect(list.events(1, 2).map(({ id }) => id)).toEqual([2, 3]);
    expect(list.events(3, 2).map(({ id }) => id)).toEqual([4]);
    expect(list.events(4, 2)).toEqual([]);
    expect(list.event(2)?.kind).toBe('tdisp.lock');
    expect([list.event(0), list.event(5)]).toEqual([null, null]);
    expect([...list.places()].map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect([list.sources(), list.devices()]).toEqual([sources, devices]);
  });

  test('has traces where an event is a call, and the CPUs of each source', () => {
    expect([...list.tracingSources()]).toEqual([1]);
    expect([...list.cpus()]).toEqual([
      [1, { lowest: 1, highest: 3 }],
      [2, { lowest: 0, highest: 0 }],
    ]);
    // Neither the first nor the last one has to be the lowest.
    const three = [4, 2, 7, 5].map((cpu, id) => storedEvent('pci.flr', { id, cpu }));
    expect(new EventList([], [], three).cpus().get(1)).toEqual({ lowest: 2, highest: 7 });
  });
});
