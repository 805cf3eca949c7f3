import { expect, test } from 'vitest';
import { Takers } from '../../src/replay/takers.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const enter = (id: number, symbol: string, pairId: number | null = null, more: Partial<StoredEvent> = {}) =>
  storedEvent('call', { id, symbol, phase: 'enter', pairId, pid: 7, ...more });
const unbind = (id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent('tsm.unbind', { id, symbol: 'pci_tsm_unbind', phase: 'enter', pid: 7, ...more });
const exit = (id: number, pairId: number) => storedEvent('call', { id, phase: 'exit', pairId, pid: 7 });
const DESTROY = 'iommufd_vdevice_destroy';

/** The call around each unbind, as it comes. */
function around(...events: readonly StoredEvent[]): (number | null)[] {
  const takers = new Takers();
  return events.flatMap((event) => {
    takers.note(event);
    return event.kind === 'tsm.unbind' ? [takers.around(event)?.id ?? null] : [];
  });
}

test.each<[string, readonly StoredEvent[], readonly (number | null)[]]>([
  [
    'a call that returns: all of its task until then',
    [enter(1, DESTROY, 9), enter(2, 'x'), unbind(3), exit(9, 1), unbind(10)],
    [1, null],
  ],
  ['one whose return was not recorded: what comes right behind', [enter(1, DESTROY), unbind(2), unbind(5)], [1, null]],
  [
    'and the return of that',
    [enter(1, DESTROY), unbind(2, { pairId: 3 }), unbind(3, { phase: 'exit', pairId: 2 })],
    [1, 1],
  ],
  ['something else came first', [enter(1, DESTROY), enter(2, 'vfio_pci_core_mmap'), unbind(3)], [null]],
  ['what it calls to do it comes in between', [enter(1, DESTROY), enter(2, 'iommufd_vdevice_abort'), unbind(3)], [2]],
  [
    'and does not end the call around it',
    [enter(1, DESTROY, 9), enter(2, 'iommufd_vdevice_abort', 4), exit(4, 2), unbind(5)],
    [1],
  ],
  ['another task', [enter(1, DESTROY, 9), unbind(2, { pid: 8 })], [null]],
  ['another source', [enter(1, DESTROY, 9), unbind(2, { sourceId: 2 })], [null]],
  ['the idle tasks, which share a number', [enter(1, DESTROY, 9, { pid: 0 }), unbind(2, { pid: 0 })], [null]],
  ['no task told', [enter(1, DESTROY, 9, { pid: null }), unbind(2, { pid: null })], [null]],
  ['other calls', [enter(1, 'iommufd_vdevice_alloc_ioctl', 9), unbind(2)], [null]],
  ['a return alone', [exit(1, 0), unbind(2)], [null]],
])('%s', (_, events, expected) => {
  expect(around(...events)).toEqual(expected);
});

test('every function that takes a vDEVICE away is one', () => {
  for (const symbol of [
    DESTROY,
    'iommufd_vdevice_abort',
    'iommufd_device_remove_vdev',
    'iommufd_object_remove',
    'iommufd_fops_release',
  ])
    expect([symbol, around(enter(1, symbol), unbind(2))]).toEqual([symbol, [1]]);
});

test('an unbind that is looked at again, in another order, is where it was', () => {
  const takers = new Takers();
  for (const event of [enter(1, DESTROY), unbind(2), enter(3, 'x')]) takers.note(event);
  expect([takers.around(unbind(2))?.id, takers.around(enter(3, 'x'))]).toEqual([1, null]);
});

test('of many tasks the first are forgotten', () => {
  const takers = new Takers();
  for (let id = 1; id <= 1025; id++) takers.note(enter(id, DESTROY, 5000, { pid: id }));
  const inside = (pid: number) => takers.around(unbind(2000, { pid }))?.id ?? null;
  expect([inside(1), inside(2), inside(1025)]).toEqual([null, 2, 1025]);
});
