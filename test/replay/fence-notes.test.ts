import { describe, expect, test } from 'vitest';
import { type FenceNotes, hasFailed, noteFence } from '../../src/replay/fence-notes.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const RAN = { ran: true, vm: '0xff1' };
const play = (...events: readonly StoredEvent[]): FenceNotes | null =>
  events.reduce<FenceNotes | null>((fence, event) => noteFence(fence, event, RAN), null);
const failed = { outcome: 'failed', code: -5 } as const;

/** TIO_TDI_UNBIND raises the fence of the guest's ASID; other STOPs are no business of AMD's. */
const STOP = at('tdisp.stop', 1, { args: { command_name: 'TIO_TDI_UNBIND' } });
const raised = { left: 'unread', at: STOP, ran: true, vm: '0xff1', unbound: false } as const;
const read = (id: number, fenced: string | null, more: Partial<StoredEvent> = {}) =>
  at('fence.status', id, { args: fenced === null ? {} : { fenced }, ...more });

describe('the fence of a guest', () => {
  test('is raised by the unbind of its TDI, and by nothing else', () => {
    expect(play(STOP)).toEqual(raised);
    expect(play(at('tdisp.stop', 1))).toBeNull();
    expect(play(at('tdisp.stop', 1, { args: { command_name: 'TDH.DEVIF.REQUEST' } }))).toBeNull();
    expect(play({ ...STOP, ...failed })).toBeNull();
    for (const kind of ['tsm.unbind', 'fence.status', 'fence.clear', 'pci.flr'] as const)
      expect(play(at(kind, 1))).toBeNull();
  });

  test('stands since the first unbind, until it was seen to', () => {
    expect(play(STOP, { ...STOP, id: 2 })).toEqual(raised);
    const again = { ...STOP, id: 3 };
    expect(play(STOP, read(2, 'false'), again)).toEqual({ ...raised, at: again });
    const standing = read(2, 'true');
    expect(play(STOP, standing, again)).toEqual({ ...raised, left: 'fenced', at: standing });
  });

  test('is of a function that the host unbound, once it did', () => {
    expect(play(STOP, at('tsm.unbind', 2))).toEqual({ ...raised, unbound: true, unboundBy: at('tsm.unbind', 2).pid });
    expect(play(STOP, at('tsm.unbind', 2, failed))).toEqual(raised);
  });

  test('stands or not, as who reads it says', () => {
    for (const [fenced, left] of [
      ['true', 'fenced'],
      ['1', 'fenced'],
      ['0x1', 'fenced'],
      ['false', 'none'],
      ['0', 'none'],
      [null, 'none'],
    ] as const) {
      const reading = read(2, fenced);
      expect(play(STOP, reading)).toEqual({ ...raised, left, at: reading });
    }
    expect(play(STOP, read(2, 'true', failed))).toEqual(raised);
  });

  test('is not what a probe at the entry of the reading fetches: the state is filled in by its return', () => {
    const entry = read(2, 'true', { phase: 'enter' });
    expect(play(STOP, entry)).toEqual({ ...raised, left: 'none', at: entry });
    expect(play(STOP, read(2, 'true', { phase: 'exit' }))?.left).toBe('fenced');
  });

  test('stands by default where the TDI never ran, and nobody has to clear it', () => {
    const idle = noteFence(null, STOP, { ran: false, vm: null });
    expect(noteFence(idle, read(2, 'true'), RAN)?.left).toBe('none');
  });

  test('is cleared, or the firmware would not', () => {
    const clear = at('fence.clear', 2);
    expect(play(STOP, clear)).toEqual({ ...raised, left: 'none', at: clear });
    const refused = at('fence.clear', 2, { args: { error: '-5' } });
    expect(play(STOP, refused)).toEqual({ ...raised, left: 'uncleared', at: refused });
  });

  test('is due when its BARs are shared or it is bound again, and no longer after that', () => {
    for (const kind of ['mmio.share', 'tsm.bind'] as const) expect(play(STOP, at(kind, 2))).toBeNull();
    expect(play(STOP, at('pci.flr', 2))).toEqual(raised);
  });
});

// "Unfenced VM=%llx ASID=%d ret=%d %d": the errno and, behind it, the status of the PSP.
test.each<[string, Partial<StoredEvent>, boolean]>([
  ['nothing is said', {}, false],
  ['ret=0 0', { args: { error: '0', status: '0' } }, false],
  ['ret=-5 0', { args: { error: '-5', status: '0' } }, true],
  ['ret=0 60', { args: { error: '0', status: '60' } }, true],
  ['ret=? ?', { args: { error: 'x', status: 'y' } }, false],
  ['the call returned an error', { outcome: 'failed', args: { error: '0', status: '0' } }, true],
])('a fence was not cleared: %s', (_name, more, expected) => {
  expect(hasFailed(at('fence.clear', 1, more))).toBe(expected);
});
