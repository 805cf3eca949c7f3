import { describe, expect, test } from 'vitest';
import { noteSoleStream, type SoleStream } from '../../src/replay/sole-stream.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

/** `ide` is the pointer that a record prints for the stream, null where it prints none. */
const at = (kind: StoredEvent['kind'], id: number, ide: string | null = '0xa', more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, args: ide === null ? {} : { ide }, ...more });
const enable = (id: number, ide = '0xa') => at('ide.enable', id, ide, { outcome: 'ok' });
const create = (id: number) => at('ide.setup', id, null, { symbol: 'tdh_ide_stream_create' });
const play = (...events: readonly StoredEvent[]) => events.reduce<SoleStream>(noteSoleStream, null);

describe('one stream', () => {
  test.each<[string, readonly StoredEvent[], number | null]>([
    ['is set up', [at('ide.setup', 1)], null],
    ['is enabled at both ends: the first counts', [at('ide.setup', 1), enable(2), enable(3)], 2],
    ['is made by the TDX module, too', [create(1), at('ide.setup', 2), enable(3)], 3],
    ['could not be enabled', [at('ide.enable', 1, '0xa', { outcome: 'failed' })], null],
    ['is enabled, as far as is known', [at('ide.enable', 1, '0xa', { outcome: 'unknown' })], null],
    ['is disabled again', [enable(1), at('ide.disable', 2)], null],
    ['is enabled anew', [enable(1), at('ide.disable', 2), enable(3)], 3],
    ['is another one after a disconnect', [enable(1), at('tsm.disconnect', 2, null), enable(3, '0xb')], 3],
  ])('%s', (_, events, enabledBy) => {
    const stream = play(...events);
    expect(stream !== null && stream !== 'several' && (stream.enabledBy?.id ?? null)).toBe(enabledBy);
  });
});

test.each<[string, readonly StoredEvent[]]>([
  ['another one was set up', [enable(1), at('ide.setup', 2, '0xb')]],
  ['another one was disabled, which was seen to come by nobody', [enable(1), at('ide.disable', 2, '0xb')]],
  ['a record names none', [enable(1), at('ide.enable', 2, null)]],
  ['a record may be of another device', [at('ide.setup', 1, '0xa', { certainty: 'inherited' })]],
  ['the TDX module was asked for two', [create(1), create(2)]],
  ['the TDX module was asked for one when another was there', [enable(1), create(2)]],
])('there may be several: %s', (_, events) => {
  expect(play(...events)).toBe('several');
  expect(noteSoleStream('several', enable(9))).toBe('several');
});

test('what is no stream changes nothing, and a record that counts elsewhere counts there', () => {
  const one = play(enable(1));
  expect(noteSoleStream(one, at('tsm.bind', 2, null))).toBe(one);
  expect(noteSoleStream(one, at('ide.keys', 2, '0xb'))).toBe(one);
  expect(noteSoleStream(one, at('ide.setup', 2, '0xb', { supersededBy: 1 }))).toBe(one);
});
