import { expect, test } from 'vitest';
import { OpenCalls } from '../../src/replay/open-calls.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

/** An entry whose return is not recorded, by task 7 unless told otherwise. */
const call = (id: number, kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, phase: 'enter', outcome: 'unknown', pid: 7, ...more });
const inside = (id: number, kind: StoredEvent['kind'], parentId: number, more: Partial<StoredEvent> = {}) =>
  call(id, kind, { parentId, ...more });

test.each<[string, readonly number[], readonly StoredEvent[]]>([
  ['the last record of its task', [1], [call(1, 'vfio.ioctl')]],
  ['others go on', [1], [call(1, 'vfio.ioctl'), call(2, 'vfio.mmap', { pid: 8 })]],
  ['in another source', [1], [call(1, 'vfio.ioctl'), call(2, 'vfio.mmap', { sourceId: 2 })]],
  ['its task goes on', [], [call(1, 'vfio.ioctl'), call(2, 'vfio.mmap')]],
  ['its return is recorded', [], [call(1, 'vfio.ioctl', { pairId: 2 })]],
  ['it got as far as what comes first in it', [1], [call(1, 'vfio.ioctl'), inside(2, 'vfio.zap', 1)]],
  ['and no further than the next asker', [1, 2], [call(1, 'vfio.ioctl'), inside(2, 'pci.reset', 1)]],
  ['it got to the reset', [], [call(1, 'vfio.ioctl'), inside(2, 'pci.flr', 1)]],
  ['and to that of a bus', [], [call(1, 'vfio.ioctl'), inside(2, 'vfio.zap', 1), inside(3, 'pci.bus_reset', 1)]],
  ['what does the harm itself', [], [call(1, 'pci.flr'), call(2, 'vfio.disable', { pid: 8 })]],
  ['a record without a task', [2], [call(1, 'vfio.ioctl', { pid: null }), call(2, 'vfio.ioctl', { pid: null })]],
  ['a removal that did its last', [], [call(1, 'pci.remove'), inside(2, 'pci.remove', 1, { phase: 'point' })]],
  ['and one that its next life shows', [], [call(1, 'pci.remove'), call(2, 'vfio.open', { pid: 8, pairId: 3 })]],
  ['of another function', [1], [call(1, 'pci.remove'), call(2, 'pci.add', { pid: 8, deviceId: 2, pairId: 3 })]],
  ['which ends no ioctl', [1], [call(1, 'vfio.ioctl'), call(2, 'vfio.open', { pid: 8, pairId: 3 })]],
])('%s', (_, left, events) => {
  const calls = new OpenCalls();
  for (const event of events) calls.note(event);
  expect(calls.left.map(({ id }) => id)).toEqual(left);
});

test('keeps the latest of many tasks', () => {
  const calls = new OpenCalls();
  for (let id = 1; id <= 1025; id++) calls.note(call(id, 'vfio.ioctl', { pid: id }));
  expect(calls.left).toHaveLength(1024);
  expect(calls.left[0]?.id).toBe(2);
});
