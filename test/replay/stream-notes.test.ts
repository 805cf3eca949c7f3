import { expect, test } from 'vitest';
import { NO_STREAM, noteStream, type StreamNotes } from '../../src/replay/stream-notes.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

/** An event about a stream; `ide` is the pointer that a record prints for it, `null` where it prints none. */
const at = (kind: StoredEvent['kind'], id: number, ide: string | null = '0xa', more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, args: ide === null ? {} : { ide }, ...more });
const play = (...events: readonly StoredEvent[]): StreamNotes => events.reduce(noteStream, NO_STREAM);
const failed = { outcome: 'failed', code: -22 } as const;

const ENABLE = at('ide.enable', 1);

// pci_ide_stream_setup() writes the registers, pci_ide_stream_enable() turns the stream on, at each of its two ends.
test('a stream that was only set up is missing', () => {
  expect(NO_STREAM).toEqual({ enabled: [], missing: null });
  const setup = at('ide.setup', 1);
  expect(play(setup)).toEqual({ enabled: [], missing: { why: 'set-up', at: setup } });
});

test('a stream that is enabled at one end is there, whatever is set up besides', () => {
  const there = { enabled: [{ ide: '0xa', first: ENABLE }], missing: null };
  expect(play(at('ide.setup', 0), ENABLE)).toEqual(there);
  expect(play(ENABLE, at('ide.setup', 2, '0xb'))).toEqual(there);
  // At the other end: the first one counts.
  expect(play(ENABLE, at('ide.enable', 2))).toEqual(there);
});

test('each stream is one of its own, also the one without a name', () => {
  const other = at('ide.enable', 2, '0xb');
  const nameless = at('ide.enable', 3, null);
  expect(play(ENABLE, other, nameless).enabled.map(({ ide, first }) => [ide, first.id])).toEqual([
    ['0xa', 1],
    ['0xb', 2],
    ['?', 3],
  ]);
  expect(play(ENABLE, at('ide.enable', 2, null)).enabled).toHaveLength(2);
});

test('of a log without end sixteen streams are kept', () => {
  const many = Array.from({ length: 17 }, (_, n) => at('ide.enable', n + 1, `0x${n}`));
  expect(play(...many.slice(0, 16)).enabled).toHaveLength(16);
  expect(play(...many).enabled.map(({ first }) => first.id)).toEqual(many.slice(0, 16).map(({ id }) => id));
});

test('an enable that fails leaves none, or the others', () => {
  const fault = at('ide.enable', 2, '0xb', failed);
  expect(play(fault)).toEqual({ enabled: [], missing: { why: 'failed', at: fault } });
  expect(play(ENABLE, fault)).toEqual(play(ENABLE));
});

test('a disable or a teardown takes its own stream away', () => {
  for (const kind of ['ide.disable', 'ide.teardown'] as const) {
    const off = at(kind, 3);
    expect(play(ENABLE, off)).toEqual({ enabled: [], missing: { why: 'disabled', at: off } });
    const other = at('ide.enable', 2, '0xb');
    expect(play(ENABLE, other, off)).toEqual({ enabled: [{ ide: '0xb', first: other }], missing: null });
    expect(play(ENABLE, at(kind, 3, '0xa', failed))).toEqual(play(ENABLE));
  }
});

test('a disable that names no stream may be of any: none is known to be left', () => {
  const off = at('ide.disable', 3, null);
  expect(play(ENABLE, at('ide.enable', 2, '0xb'), off)).toEqual({ enabled: [], missing: { why: 'disabled', at: off } });
});

test('a disable of a stream may be of one that an enable did not name', () => {
  const off = at('ide.disable', 3);
  expect(play(at('ide.enable', 1, null), off)).toEqual({ enabled: [], missing: { why: 'disabled', at: off } });
});

test('after a disconnect nothing is known of streams', () => {
  for (const kind of ['tsm.disconnect', 'tsm.disconnect_core', 'tsm.destroy'] as const)
    expect(play(ENABLE, at(kind, 2, null))).toEqual(NO_STREAM);
});

test('what else happens changes nothing', () => {
  const notes = play(ENABLE);
  expect(noteStream(notes, at('tsm.unbind', 2))).toBe(notes);
  expect(noteStream(notes, at('ide.setup', 2))).toBe(notes);
  expect(noteStream(notes, at('ide.enable', 2))).toBe(notes);
});
