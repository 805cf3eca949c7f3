import { describe, expect, test } from 'vitest';
import { noteOtherEnd, noteSoleStream, type SoleStream } from '../../src/replay/sole-stream.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

/** `ide` is the pointer that a record prints for the stream, null where it prints none. */
const at = (kind: StoredEvent['kind'], id: number, ide: string | null = '0xa', more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, args: ide === null ? {} : { ide }, ...more });
const enable = (id: number, ide = '0xa') => at('ide.enable', id, ide, { outcome: 'ok' });
const fail = (id: number) => at('ide.enable', id, '0xa', { outcome: 'failed' });
const claim = (id: number, ide = '0xa') => at('ide.claim', id, ide, { symbol: 'pci_ide_stream_register' });
const alloc = (id: number, outcome: 'ok' | 'failed' = 'ok', ide: string | null = null) =>
  at('ide.alloc', id, ide, { outcome });
const create = (id: number) => at('ide.setup', id, null, { symbol: 'tdh_ide_stream_create' });
const play = (...events: readonly StoredEvent[]) => events.reduce<SoleStream>(noteSoleStream, null);

describe('one stream', () => {
  test.each<[string, readonly StoredEvent[], number | null]>([
    ['is set up', [at('ide.setup', 1)], null],
    ['is enabled at both ends: the first counts', [at('ide.setup', 1), enable(2), enable(3)], 2],
    ['is made by the TDX module, too', [create(1), at('ide.setup', 2), enable(3)], 3],
    ['is allotted, and made by the TDX module', [alloc(1), create(2), at('ide.setup', 3), enable(4)], 4],
    ['is allotted by its name', [alloc(1, 'ok', '0xa'), create(2), at('ide.setup', 3), enable(4)], 4],
    ['is allotted by its name, printed otherwise', [alloc(1, 'ok', '10'), at('ide.setup', 2), enable(3, '0x0a')], 3],
    ['is asked of the TDX module first', [create(1), alloc(2), at('ide.setup', 3), enable(4)], 4],
    ['is the second that was to be allotted', [alloc(1), alloc(2, 'failed'), at('ide.setup', 3), enable(4)], 4],
    ['is shown in sysfs', [at('ide.setup', 1), claim(2), enable(3)], 3],
    ['could not be enabled at the other end', [enable(1), fail(2)], null],
    ['could not be enabled at the first end', [fail(1), enable(2)], null],
    ['could not be enabled, ever', [fail(1), at('ide.disable', 2), enable(3)], null],
    [
      'is enabled at one end, and nobody knows what came of the other',
      [enable(1), at('ide.enable', 2, '0xa', { outcome: 'unknown' })],
      null,
    ],
    [
      'is enabled by a call that returns',
      [
        at('ide.enable', 1, '0xa', { phase: 'enter', pairId: 2 }),
        at('ide.enable', 2, '0xa', { phase: 'exit', pairId: 1 }),
      ],
      1,
    ],
    ['could not be enabled', [at('ide.enable', 1, '0xa', { outcome: 'failed' })], null],
    ['is enabled, as far as is known', [at('ide.enable', 1, '0xa', { outcome: 'unknown' })], null],
    ['is disabled again', [enable(1), at('ide.disable', 2)], null],
    ['is enabled anew', [enable(1), at('ide.disable', 2), enable(3)], 3],
    ['is another one after a disconnect', [enable(1), at('tsm.disconnect', 2, null), enable(3, '0xb')], 3],
  ])('%s', (_, events, enabledBy) => {
    const stream = play(...events);
    expect(stream !== null && typeof stream !== 'string' && (stream.enabledBy?.id ?? null)).toBe(enabledBy);
  });
});

test.each<[string, readonly StoredEvent[]]>([
  ['another one was set up', [enable(1), at('ide.setup', 2, '0xb')]],
  ['another one was disabled, which was seen to come by nobody', [enable(1), at('ide.disable', 2, '0xb')]],
  ['another one was allotted', [enable(1), alloc(2)]],
  ['another one was set up than was allotted', [alloc(1, 'ok', '0xb'), at('ide.setup', 2), enable(3)]],
  ['another one was enabled than was allotted', [alloc(1, 'ok', '0xb'), enable(2)]],
  ['two were allotted by their names', [alloc(1, 'ok', '0xa'), alloc(2, 'ok', '0xa')]],
  ['two were allotted', [alloc(1), alloc(2)]],
  ['another one is shown in sysfs', [enable(1), claim(2, '0xb')]],
  ['it was given back, and its name is free', [enable(1), at('ide.free', 2)]],
  ['a record names none', [enable(1), at('ide.enable', 2, null)]],
  ['a record may be of another device', [at('ide.setup', 1, '0xa', { certainty: 'inherited' })]],
  ['the TDX module was asked for two', [create(1), create(2)]],
  ['the TDX module was asked for one when another was there', [enable(1), create(2)]],
])('there may be several: %s', (_, events) => {
  expect(play(...events)).toBe('several');
  expect(noteSoleStream('several', enable(9))).toBe('several');
});

test('one that was there as the kernel started is there for good', () => {
  const found = at('ide.claim', 1, null);
  expect(play(enable(2), found)).toBe('at-init');
  expect(play(enable(2), enable(3, '0xb'), found)).toBe('at-init');
  expect(play(found, at('tsm.disconnect', 2, null), enable(3))).toBe('at-init');
});

test('what is no stream changes nothing, and a record that counts elsewhere counts there', () => {
  const one = play(enable(1));
  expect(noteSoleStream(one, at('tsm.bind', 2, null))).toBe(one);
  expect(noteSoleStream(one, at('ide.keys', 2, '0xb'))).toBe(one);
  expect(noteSoleStream(one, at('ide.setup', 2, '0xb', { supersededBy: 1 }))).toBe(one);
});

test('what fails at a port may be the other end of this one', () => {
  const one = play(enable(1));
  for (const record of [
    fail(2),
    at('ide.enable', 2, null, { outcome: 'failed' }),
    at('ide.enable', 2, '0xa', { outcome: 'unknown' }),
  ])
    expect(noteOtherEnd(one, record)).toMatchObject({ ide: '0xa', enabledBy: null });
  for (const record of [enable(2), at('ide.enable', 2, '0xb', { outcome: 'failed' }), at('ide.disable', 2)])
    expect(noteOtherEnd(one, record)).toBe(one);
  expect(noteSoleStream(noteOtherEnd(null, fail(1)), enable(2))).toMatchObject({ ide: '0xa', enabledBy: null });
  expect(noteOtherEnd('several', fail(2))).toBe('several');
});
