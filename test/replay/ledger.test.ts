import { describe, expect, it, test } from 'vitest';
import { asRecorded, common, isOfVmOrTsm, type Ledger, NOTHING_NOTED, noted } from '../../src/replay/ledger.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });

/** The ledger after events, each with the calls around it. */
function play(...events: readonly (readonly [StoredEvent, ...StoredEvent[]])[]): Ledger {
  let ledger = NOTHING_NOTED;
  for (const [event, ...calls] of events) ledger = noted(ledger, event, calls);
  return ledger;
}

const LOCK = at('tdisp.lock', 11);
const BIND = at('tsm.bind', 10, { phase: 'enter', pairId: 20 });
const BOUND = at('tsm.bind', 20, { phase: 'exit', pairId: 10, args: { vm: '0xffff888100000000' } });
const FAILED = at('tsm.bind', 20, { phase: 'exit', pairId: 10, outcome: 'failed', code: -5 });
const STOP = at('tdisp.stop', 15);

describe('a bind', () => {
  it('that succeeds notes its VM, the connection behind it and the LOCK inside', () => {
    const ledger = play([BIND], [LOCK, BIND], [BOUND]);
    expect(ledger).toEqual({
      ...NOTHING_NOTED,
      vm: '0xffff888100000000',
      bound: true,
      held: true,
      connected: true,
      locked: LOCK,
      stopped: false,
      lockInBind: null,
    });
  });

  it('has the LOCK while it is under way, and nothing before its end', () => {
    const ledger = play([BIND], [LOCK, BIND]);
    expect(ledger).toEqual({ ...NOTHING_NOTED, lockInBind: { lock: LOCK, done: true } });
  });

  it('that names no VM notes none', () => {
    expect(play([at('tsm.bind', 1)])).toEqual({ ...NOTHING_NOTED, vm: null, bound: true, held: true, connected: true });
  });

  const to = (vm: string | null, more: Partial<StoredEvent> = {}) =>
    at('tsm.bind', 30, { ...(vm === null ? {} : { args: { vm } }), ...more });

  const gone = (what: string) => at('vm.destroy', 2, { args: { vm: '0xa', what } });

  test.each<[Ledger['rebind'], string, readonly StoredEvent[]]>([
    ['first', 'is the first of the record', [to('0xa')]],
    ['again', 'is for the same VM', [to('0xa'), to('0xa')]],
    ['again', 'is for the same VM in another spelling', [to('0xa'), to('0x000000000000000a'), to('10')]],
    ['first', 'names no VM', [to('0xa'), to(null)]],
    ['first', 'follows one that named none', [to(null), to('0xa')]],
    ['first', 'follows the end of that VM', [to('0xa'), gone('VM'), to('0xa')]],
    ['again', 'follows the end of a file of that VM', [to('0xa'), gone('VM file'), to('0xa')]],
    ['first', 'follows a close of the device', [to('0xa'), at('vfio.disable', 2), to('0xa')]],
    ['first', 'follows the open that only a close can precede', [to('0xa'), at('vfio.open', 2), to('0xa')]],
    ['elsewhere', 'is for another VM than one that is gone', [to('0xa'), gone('VM'), to('0xb')]],
    ['elsewhere', 'is for another VM', [to('0xa'), to('0xb')]],
    [
      'first',
      'is for another VM, and nobody recorded whether it was let through',
      [to('0xa'), to('0xb', { outcome: 'unknown' })],
    ],
    ['first', 'follows an unbind', [to('0xa'), at('tsm.unbind', 2), to('0xa')]],
    ['first', 'follows an unbind of the core', [to('0xa'), at('tsm.unbind_core', 2), to('0xb')]],
    ['first', 'follows a disconnect', [to('0xa'), at('tsm.disconnect', 2), to('0xa')]],
    ['first', 'follows one that failed', [to('0xa', { outcome: 'failed', code: -5 }), to('0xb')]],
    [
      'again',
      'follows one to another VM that was refused',
      [to('0xa'), to('0xb', { outcome: 'failed', code: -16 }), to('0xa')],
    ],
  ])('is %s where it %s', (rebind, _, events) => {
    expect(play(...events.map((event) => [event] as const)).rebind).toBe(rebind);
  });

  it('to another VM is a new one: it has no LOCK of the one before', () => {
    const moved = play([to('0xa')], [LOCK, BIND], [to('0xb', { id: 40, phase: 'exit', pairId: 31 })]);
    expect(moved.moved).toEqual({ from: 31, end: 40 });
    expect(play([BIND], [LOCK, BIND], [BOUND], [to('0xb', { id: 40 })]).locked).toBeNull();
  });

  it('to another VM that succeeds before an unbind returns shows that the unbind had done its work', () => {
    const moved = play([to('0xa')], [to('0xb', { id: 40, phase: 'exit', pairId: 35 })]);
    expect(noted(moved, at('tsm.unbind', 50, { phase: 'exit', pairId: 32 }), [])).toBe(moved);
    // One that began after it unbinds the new one.
    expect(noted(moved, at('tsm.unbind', 50, { phase: 'exit', pairId: 45 }), []).bound).toBe(false);
  });

  it('that repeats an earlier one keeps its LOCK', () => {
    expect(play([BIND], [LOCK, BIND], [BOUND], [at('tsm.bind', 30)]).locked).toBe(LOCK);
  });

  it('that fails after a LOCK leaves the TDI locked behind', () => {
    expect(play([BIND], [LOCK, BIND], [FAILED])).toEqual({
      ...NOTHING_NOTED,
      failedBind: { lock: LOCK, cleaned: false },
    });
  });

  it('that fails after a LOCK and a STOP has cleaned up', () => {
    expect(play([BIND], [LOCK, BIND], [STOP, BIND], [FAILED]).failedBind).toEqual({ lock: LOCK, cleaned: true });
  });

  // Only a LOCK that is known to have been done leaves anything behind.
  test.each<[string, StoredEvent]>([
    ['was refused', at('tdisp.lock', 11, { outcome: 'failed' })],
    ['has no answer', at('tdisp.lock', 11, { outcome: 'unknown' })],
    ['was only queued', at('tdisp.lock', 11, { args: { queued: '1' } })],
  ])('that fails leaves nothing behind where the LOCK %s', (_what, lock) => {
    expect(play([BIND], [lock, BIND], [FAILED]).failedBind).toBeNull();
  });

  it('that fails without a LOCK inside leaves nothing behind', () => {
    expect(play([LOCK], [FAILED]).failedBind).toBeNull();
    expect(play([FAILED])).toEqual(NOTHING_NOTED);
  });
});

describe('what a failed bind left behind', () => {
  const left = play([BIND], [LOCK, BIND], [FAILED]);

  // Each is told when it happens; after that somebody knows.
  test.each(['vfio.disable', 'tsm.bind'] as const)('%s: whoever did it was told', (kind) => {
    expect(noted(left, at(kind, 30, { phase: 'enter', pairId: 31 }), []).failedBind).toBeNull();
  });

  test.each(['tsm.unbind', 'tsm.unbind_core', 'tdisp.stop', 'tdi.destroy'] as const)('%s cleans it up', (kind) => {
    expect(noted(left, at(kind, 30), []).failedBind).toEqual({ lock: LOCK, cleaned: true });
  });

  test.each(['tsm.connect', 'tdisp.start', 'vfio.zap', 'pci.flr'] as const)('%s leaves it so', (kind) => {
    expect(noted(left, at(kind, 30), []).failedBind).toEqual({ lock: LOCK, cleaned: false });
  });
});

describe('the ends', () => {
  const bound = play([BIND], [LOCK, BIND], [BOUND]);

  test.each(['tsm.unbind', 'tsm.unbind_core'] as const)('%s: no VM and no LOCK, still connected', (kind) => {
    expect(noted(bound, at(kind, 30), [])).toEqual({ ...NOTHING_NOTED, connected: true });
  });

  test.each(['tsm.disconnect', 'tsm.disconnect_core', 'tsm.destroy'] as const)('%s: nothing', (kind) => {
    expect(noted(bound, at(kind, 30), [])).toEqual(NOTHING_NOTED);
  });

  it('a STOP is remembered until the next LOCK', () => {
    const stopped = noted(bound, STOP, []);
    expect(stopped).toEqual({ ...bound, stopped: true, stop: STOP });
    expect(noted(stopped, at('tdisp.lock', 30), [])).toMatchObject({ stopped: false, stop: null });
  });

  it('a STOP that was answered counts until the TDI is bound, locked or started again', () => {
    const stopped = noted(bound, STOP, []);
    for (const kind of ['tdisp.start', 'tdisp.lock', 'tsm.bind'] as const)
      expect(noted(stopped, at(kind, 30), []).stop, kind).toBeNull();
    for (const kind of ['tsm.unbind', 'tdi.destroy'] as const)
      expect(noted(stopped, at(kind, 30), []).stop, kind).toBe(STOP);
    expect(noted(bound, { ...STOP, outcome: 'unknown' }, []).stop).toBeNull();
    expect(noted(bound, { ...STOP, args: { queued: '1' } }, []).stop).toBeNull();
    expect(common(bound, stopped).stop).toBe(STOP);
    expect(common(stopped, bound).stop).toBe(STOP);
  });

  it('a STOP that an unbind was refused is remembered until the TDI is stopped, bound or given back', () => {
    const refused = { ...STOP, outcome: 'failed' as const };
    expect(noted(bound, refused, []).leftBy).toBeNull();
    expect(noted(bound, refused, [at('tsm.guest_request', 2)]).leftBy).toBeNull();
    for (const kind of ['tsm.unbind', 'tsm.unbind_core'] as const) {
      const left = noted(bound, refused, [at(kind, 2)]);
      expect(left.leftBy, kind).toBe(refused);
      expect(noted(left, at('tsm.unbind', 30), []).leftBy).toBe(refused);
      expect(noted(left, at('vfio.disable', 30), []).leftBy).toBe(refused);
      for (const end of ['tdisp.stop', 'tsm.bind', 'tdi.destroy', 'tsm.disconnect'] as const)
        expect(noted(left, at(end, 30), []).leftBy, end).toBeNull();
    }
  });

  it('the object goes: nothing is locked any more', () => {
    expect(noted(bound, at('tdi.destroy', 30), [])).toEqual({ ...bound, locked: null, stopped: true });
  });

  it('what has only begun, failed, or is recorded inside changes nothing', () => {
    for (const kind of ['tsm.unbind', 'tsm.disconnect', 'tdi.destroy', 'tdisp.stop'] as const) {
      expect(noted(bound, at(kind, 30, { phase: 'enter', pairId: 31 }), [])).toBe(bound);
      expect(noted(bound, at(kind, 30, { outcome: 'failed' }), [])).toBe(bound);
      expect(noted(bound, at(kind, 30, { supersededBy: 31 }), [])).toBe(bound);
    }
    expect(noted(bound, at('tsm.unbind', 30, { phase: 'enter' }), [])).not.toBe(bound);
  });

  it('a LOCK counts with its entry, not again with its return', () => {
    expect(noted(NOTHING_NOTED, at('tdisp.lock', 12, { phase: 'exit', pairId: 11 }), [BIND])).toBe(NOTHING_NOTED);
    const entry = at('tdisp.lock', 11, { phase: 'enter', pairId: 12 });
    expect(noted(NOTHING_NOTED, entry, [BIND]).lockInBind).toEqual({ lock: entry, done: true });
    // A return whose entry was not recorded is all there is.
    const alone = at('tdisp.lock', 12, { phase: 'exit' });
    expect(noted(NOTHING_NOTED, alone, [BIND]).lockInBind?.lock).toBe(alone);
  });
});

describe('a connect', () => {
  it('counts where it is known to have succeeded', () => {
    expect(play([at('tsm.connect', 1)])).toEqual({ ...NOTHING_NOTED, connected: true });
    expect(play([at('tsm.connect', 1, { outcome: 'unknown' })])).toEqual(NOTHING_NOTED);
    expect(play([at('tsm.connect', 1, { outcome: 'failed' })])).toEqual(NOTHING_NOTED);
  });
});

describe('a request of the guest', () => {
  const REQUEST = at('tsm.guest_request', 40, { phase: 'enter', pairId: 50, args: { scope: '1' } });
  const END = at('tsm.guest_request', 50, { phase: 'exit', pairId: 40, args: { scope: '1' } });

  test.each([
    ['tdisp.lock', 'lock'],
    ['tdisp.start', 'start'],
    ['tdisp.stop', 'stop'],
  ] as const)('is about the %s inside it', (kind, request) => {
    expect(play([at(kind, 45), REQUEST]).asked).toEqual({ within: 40, request });
    expect(play([at(kind, 45)]).asked).toBeNull();
    expect(play([at(kind, 45), BIND]).asked).toBeNull();
    // What was asked before stays the answer to the request that it was asked in.
    expect(play([at(kind, 45), REQUEST], [at(kind, 60)]).asked).toEqual({ within: 40, request });
  });

  it('changes no more at its end than its steps did', () => {
    const ledger = play([at('tdisp.start', 45), REQUEST]);
    // Scope INFO: a request that only asks.
    expect(asRecorded(END, ledger).args).toEqual({ scope: '0' });
    expect(asRecorded(END, NOTHING_NOTED)).toBe(END);
    expect(asRecorded(REQUEST, ledger)).toBe(REQUEST);
    const other = { ...END, pairId: 41 };
    expect(asRecorded(other, ledger)).toBe(other);
    const lone = { ...END, pairId: null };
    expect(asRecorded(lone, { ...NOTHING_NOTED, asked: null })).toBe(lone);
    const bind = at('tsm.bind', 50, { phase: 'exit', pairId: 40 });
    expect(asRecorded(bind, ledger)).toBe(bind);
  });
});

describe('events of a VM or of a TSM', () => {
  const vm = '0xffff888100000000';
  const bound: Ledger = { ...NOTHING_NOTED, vm, connected: true };

  it('concern whom records tie to them', () => {
    const destroyed = (name?: string) => at('vm.destroy', 1, { args: name === undefined ? {} : { vm: name } });
    expect(isOfVmOrTsm(destroyed(vm), bound)).toBe(true);
    expect(isOfVmOrTsm(destroyed('0xffff888100009000'), bound)).toBe(false);
    expect(isOfVmOrTsm(destroyed(), bound)).toBe(false);
    expect(isOfVmOrTsm(destroyed(), NOTHING_NOTED)).toBe(false);
    expect(isOfVmOrTsm(at('tsm.unregister', 1), bound)).toBe(true);
    expect(isOfVmOrTsm(at('tsm.unregister', 1), NOTHING_NOTED)).toBe(false);
    expect(isOfVmOrTsm(at('tsm.unbind', 1, { args: { vm } }), bound)).toBe(false);
  });
});

describe('what two ledgers have in common', () => {
  const one: Ledger = { ...NOTHING_NOTED, vm: 'a', connected: true, locked: LOCK };

  it('is what both hold', () => {
    expect(common(one, one)).toBe(one);
    expect(common(one, { ...one, vm: 'b' })).toEqual({ ...one, vm: null });
    expect(common(one, { ...one, connected: false })).toEqual({ ...one, connected: false });
    expect(common(one, { ...one, locked: null })).toEqual({ ...one, locked: null });
  });

  it('but a STOP that may have come excuses', () => {
    expect(common(one, { ...one, stopped: true }).stopped).toBe(true);
    expect(common({ ...one, stopped: true }, one).stopped).toBe(true);
    expect(common(one, { ...one }).stopped).toBe(false);
  });
});
