import { describe, expect, test } from 'vitest';
import { openedBy } from '../../src/replay/opened-by.ts';
import { noteSoleSession, type SoleSession } from '../../src/replay/sole-session.ts';
import type { SoleStream } from '../../src/replay/sole-stream.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from './stored-event.ts';

const connect = (id: number, more: Partial<StoredEvent> = {}) => storedEvent('spdm.connect', { id, ...more });
const end = (id: number, more: Partial<StoredEvent> = {}) => storedEvent('spdm.disconnect', { id, ...more });
/** The firmware wants a message to the device first: as the PSP says it, and as the TDX module does. */
const PSP = { outcome: 'unknown', args: { wants_exchange: '2' } } as const;
const TDX = { outcome: 'unknown', args: { status_name: 'TDX_SPDM_REQUEST' } } as const;
const play = (...events: readonly StoredEvent[]) =>
  events.reduce<SoleSession>((before, event) => noteSoleSession(before, event, []), null);

describe('one session', () => {
  test.each<[string, readonly StoredEvent[], number | null]>([
    ['is set up', [connect(1)], 1],
    ['is set up after a message, on AMD', [connect(1, PSP), connect(2)], 2],
    ['is set up after a message, on TDX', [connect(1, TDX), connect(2)], 2],
    ['is set up in the second attempt', [connect(1, { outcome: 'failed' }), connect(2)], 2],
    [
      'is set up by a call that returns',
      [connect(1, { pairId: 2, phase: 'enter' }), connect(2, { pairId: 1, phase: 'exit' })],
      1,
    ],
    ['is ended', [connect(1), end(2)], null],
    ['is ended and set up anew', [connect(1), end(2), connect(3)], 3],
    ['could not be ended', [connect(1), end(2, { outcome: 'failed' })], 1],
    ['is about to be ended, on AMD', [connect(1), end(2, PSP)], 1],
    ['is about to be ended, on TDX', [connect(1), end(2, TDX)], 1],
    ['has another record that counts', [connect(1), connect(2, { supersededBy: 1 })], 1],
    ['is not ended by the disconnect of the core', [connect(1), storedEvent('tsm.disconnect', { id: 2 })], 1],
  ])('%s', (_, events, id) => {
    const session = play(...events);
    expect(session !== 'several' && (session?.id ?? null)).toBe(id);
  });

  test('is told by a wrapper and by the call inside it', () => {
    const one = play(connect(1));
    expect(noteSoleSession(one, connect(2), [connect(1)])).toBe(one);
  });
});

test.each<[string, readonly StoredEvent[]]>([
  ['two were set up', [connect(1), connect(2)]],
  ['another one was asked for', [connect(1), connect(2, PSP)]],
  ['it is open whether it was set up', [connect(1, { outcome: 'unknown' })]],
  ['it is open whether it was ended', [connect(1), end(2, { outcome: 'unknown' })]],
  ['the end of it was only queued', [connect(1), end(2, { args: { queued: '1' } })]],
  ['a record may be of another device', [connect(1, { certainty: 'inherited' })]],
])('there may be several: %s', (_, events) => {
  expect(play(...events)).toBe('several');
  expect(play(...events, end(8), connect(9))).toBe('several');
});

describe('what opened the link that ends', () => {
  const ENABLE = storedEvent('ide.enable', { id: 3 });
  const STREAM: SoleStream = {
    ide: '0xa',
    used: true,
    enabledBy: ENABLE,
    failed: false,
    asked: false,
    allotted: false,
  };
  const manager = (more: Partial<Pick<DeviceTrack, 'stream' | 'session'>> = {}, fromBoot = true) =>
    Object.assign(new DeviceTrack(storedDevice(1, '0000:02:00.0'), fromBoot), more);
  const disable = storedEvent('ide.disable', { id: 9, args: { ide: '0xa' } });

  test.each<[string, StoredEvent, DeviceTrack, ReadonlySet<'ide' | 'firmware'>, number | null]>([
    ['its only session', end(9), manager({ session: connect(2) }), new Set(['firmware'] as const), 2],
    ['one of several sessions', end(9), manager({ session: 'several' }), new Set(['firmware'] as const), null],
    ['a session that nobody set up', end(9), manager(), new Set(['firmware'] as const), null],
    ['a session, commands may be missing', end(9), manager({ session: connect(2) }), new Set(['ide'] as const), null],
    [
      'a session, not since boot',
      end(9),
      manager({ session: connect(2) }, false),
      new Set(['firmware'] as const),
      null,
    ],
    [
      'a session, not carried out yet',
      end(9, PSP),
      manager({ session: connect(2) }),
      new Set(['firmware'] as const),
      null,
    ],
    ['its only stream', disable, manager({ stream: STREAM }), new Set(['ide'] as const), 3],
    [
      'another stream',
      { ...disable, args: { ide: '0xb' } },
      manager({ stream: STREAM }),
      new Set(['ide'] as const),
      null,
    ],
    ['one of several streams', disable, manager({ stream: 'several' }), new Set(['ide'] as const), null],
    ['a stream, records may be missing', disable, manager({ stream: STREAM }), new Set(['firmware'] as const), null],
    [
      'neither',
      connect(9),
      manager({ session: connect(2), stream: STREAM }),
      new Set(['ide', 'firmware'] as const),
      null,
    ],
  ])('%s', (_, event, track, complete, id) => {
    expect(openedBy(event, track, complete)?.id ?? null).toBe(id);
  });
});
