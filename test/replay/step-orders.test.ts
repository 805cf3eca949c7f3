import { describe, expect, test } from 'vitest';
import { STREAM_KINDS } from '../../src/replay/sole-stream.ts';
import { NO_STEPS, noteSteps, type StepNotes, stepEffects } from '../../src/replay/step-orders.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });
const play = (...events: readonly StoredEvent[]): StepNotes =>
  events.reduce((notes, event) => noteSteps(notes, event, '0xff1'), NO_STEPS);
const failed = (code: number | null = null) => ({ outcome: 'failed', code }) as const;

const LOCK = at('tdisp.lock', 1);
const START = at('tdisp.start', 2);
const STOP = at('tdisp.stop', 3, { args: { command_name: 'TIO_TDI_UNBIND' } });
const UNBIND = at('tsm.unbind', 4);

describe('what is noted of steps', () => {
  test('that the TDI ran, since its LOCK', () => {
    expect(play(LOCK).ran).toBe(false);
    expect(play(LOCK, START).ran).toBe(true);
    expect(play(LOCK, START, at('pci.flr', 3)).ran).toBe(true);
    expect(play(LOCK, at('tdisp.start', 2, failed())).ran).toBe(false);
    for (const kind of ['tdisp.lock', 'tsm.bind'] as const) {
      expect(play(LOCK, START, at(kind, 3)).ran).toBe(false);
      expect(play(LOCK, START, at(kind, 3, failed())).ran).toBe(true);
    }
  });

  test('the fence with what was known before the STOP', () => {
    expect(play(LOCK, START, STOP).fence).toEqual({ left: 'unread', at: STOP, ran: true, vm: '0xff1', unbound: false });
    expect(play(LOCK, STOP).fence?.ran).toBe(false);
  });

  test('streams and the guest', () => {
    const [setup, lock] = [at('ide.setup', 1), at('guest.lock', 2)];
    expect(play(setup).stream.missing?.at).toBe(setup);
    expect(play(lock).guest.locked).toBe(lock);
  });

  test('nothing of what says nothing', () => {
    for (const notes of [NO_STEPS, play(LOCK, START, STOP, at('ide.setup', 5), at('guest.lock', 6))])
      expect(noteSteps(notes, at('pci.flr', 9), null)).toBe(notes);
  });
});

describe('a step as it begins', () => {
  test('is told once, where it is called; what another record tells better is not told', () => {
    const notes = play(at('ide.setup', 1));
    const effects = (more: Partial<StoredEvent>) => stepEffects(at('tdisp.lock', 9, more), notes, []).length;
    expect(effects({})).toBe(1);
    // A lock is judged as it returns, if that is recorded.
    expect(effects({ phase: 'enter', pairId: 10 })).toBe(0);
    expect(effects({ phase: 'exit', pairId: 8 })).toBe(1);
    expect(effects({ phase: 'exit', pairId: 0 })).toBe(0);
    const share = (more: Partial<StoredEvent>) =>
      stepEffects(at('mmio.share', 9, more), play(LOCK, START, STOP), []).length;
    expect(share({ phase: 'enter', pairId: 10 })).toBe(1);
    expect(share({ phase: 'exit', pairId: 8 })).toBe(0);
    // Of a call whose entry is lost the return is all there is.
    expect(effects({ phase: 'exit' })).toBe(1);
    expect(effects({ supersededBy: 10 })).toBe(0);
  });

  test('is none where it has no order of its own', () => {
    expect(stepEffects(at('pci.flr', 9), play(at('ide.setup', 1)), [])).toEqual([]);
  });
});

describe('BARs are shared, or the function bound again, after an unbind on AMD', () => {
  const share = (vm?: string) => at('mmio.share', 9, { args: vm === undefined ? {} : { vm } });
  const left = (event: StoredEvent, notes: StepNotes) => stepEffects(event, notes, []);

  test('with the fence as it was left', () => {
    expect(left(share(), play(LOCK, START, STOP))).toEqual([
      { type: 'fence-left', left: 'unread', at: STOP, vm: 'unknown' },
    ]);
    expect(left(share(), NO_STEPS)).toEqual([]);
  });

  test('for the same guest, another one, or nobody knows whom', () => {
    const vmOf = (vm: string | undefined, noted: string | null) => {
      const notes = noteSteps(NO_STEPS, STOP, noted);
      return left(share(vm), notes).map((effect) => ('vm' in effect ? effect.vm : null));
    };
    expect(vmOf('0xff1', '0xff1')).toEqual(['same']);
    expect(vmOf('0xff2', '0xff1')).toEqual(['other']);
    expect(vmOf(undefined, '0xff1')).toEqual(['unknown']);
    expect(vmOf('0xff1', null)).toEqual(['unknown']);
    expect(vmOf(undefined, null)).toEqual(['unknown']);
  });

  test('a bind matters after an unbind of the host only: the same again changes nothing', () => {
    const bind = at('tsm.bind', 9);
    expect(left(bind, play(LOCK, START, STOP))).toEqual([]);
    expect(left(bind, play(LOCK, START, STOP, UNBIND)).map(({ type }) => type)).toEqual(['fence-left']);
    expect(left(share(), play(LOCK, START, STOP, UNBIND))).toHaveLength(1);
  });

  test('a bind that the core refused before anybody was asked leaves it as it is', () => {
    const after = play(LOCK, START, STOP, UNBIND);
    // EINVAL and ENXIO: no KVM, no TSM (pci_tsm_bind); EBUSY and the errors of a driver come later.
    for (const [code, count] of [
      [-22, 0],
      [-6, 0],
      [-16, 1],
      [-5, 1],
      [null, 1],
    ] as const)
      expect(left(at('tsm.bind', 9, failed(code)), after)).toHaveLength(count);
    expect(left(at('tsm.bind', 9, { code: -22 }), after)).toHaveLength(1);
  });
});

describe('a LOCK, or the bind that makes it', () => {
  const over = (...before: readonly StoredEvent[]) =>
    (['tdisp.lock', 'tsm.bind'] as const).map((kind) => stepEffects(at(kind, 9), play(...before), []));

  test('is over the streams that were seen, or seen to be missing', () => {
    const there = [{ type: 'lock-over-stream', missing: null }];
    expect(over(at('ide.enable', 1))).toEqual([there, there]);
    const setup = at('ide.setup', 1);
    const missing = [{ type: 'lock-over-stream', missing: { why: 'set-up', at: setup } }];
    expect(over(setup)).toEqual([missing, missing]);
    // A device without IDE has none.
    expect(over()).toEqual([[], []]);
  });
});

describe('the second end of a stream that is enabled', () => {
  const CONNECT = at('tsm.connect', 5, { phase: 'enter' });
  const ide = (id: number, deviceId: number, name: string | null = '0xa') =>
    at('ide.enable', id, { deviceId, args: name === null ? {} : { ide: name } });
  const notes = play(ide(6, 2));

  test('comes after the port, or before it', () => {
    const [port] = [ide(6, 2)];
    expect(stepEffects(ide(7, 1), notes, [CONNECT])).toEqual([{ type: 'stream-enable', portFirst: port }]);
    expect(stepEffects(ide(7, 1), NO_STEPS, [CONNECT])).toEqual([{ type: 'stream-enable', portFirst: null }]);
    // The same end again says nothing of the other.
    expect(stepEffects(ide(7, 2), notes, [{ ...CONNECT, deviceId: 2 }])).toEqual([
      { type: 'stream-enable', portFirst: null },
    ]);
    expect(stepEffects(ide(7, 1, '0xb'), notes, [CONNECT])).toEqual([{ type: 'stream-enable', portFirst: null }]);
  });

  test('is one of a stream with a name, inside a connect of the function', () => {
    expect(stepEffects(ide(7, 1, null), notes, [CONNECT])).toEqual([]);
    expect(stepEffects(ide(7, 1), notes, [])).toEqual([]);
    expect(stepEffects(ide(7, 1), notes, [{ ...CONNECT, deviceId: 2 }])).toEqual([]);
    expect(stepEffects(ide(7, 1), notes, [{ ...CONNECT, kind: 'tsm.bind' }])).toEqual([]);
    const store = at('vfio.ioctl', 4, { phase: 'enter' });
    expect(stepEffects(ide(7, 1), notes, [store, CONNECT])).toHaveLength(1);
  });
});

describe('a driver on the device, as the guest locks and accepts it', () => {
  const how = (kind: 'guest.lock' | 'guest.accept', more: Partial<StoredEvent>) =>
    stepEffects(at(kind, 9, more), NO_STEPS, []);
  const EBUSY = { ...failed(-16), symbol: 'lock_store' } as const;

  test('is the reason where the call answers EBUSY', () => {
    const attached = { type: 'driver-attached', how: 'refused', locked: null };
    expect(how('guest.lock', EBUSY)).toEqual([{ ...attached, step: 'lock' }]);
    expect(how('guest.accept', EBUSY)).toEqual([{ ...attached, step: 'accept' }]);
  });

  test('is not where it answers something else, succeeds, or a driver prints the number', () => {
    for (const more of [
      { symbol: 'lock_store' },
      { symbol: 'lock_store', code: -16 },
      { ...failed(-22), symbol: 'lock_store' },
      failed(-16),
    ])
      expect(how('guest.lock', more)).toEqual([{ type: 'driver-attached', step: 'lock', how: 'right', locked: null }]);
  });

  test('is early between the lock and the accept', () => {
    const lock = at('guest.lock', 1);
    const probe = at('driver.probe', 9);
    const attached = { type: 'driver-attached', step: 'probe', locked: lock };
    expect(stepEffects(probe, play(lock), [])).toEqual([{ ...attached, how: 'early' }]);
    expect(stepEffects(probe, play(lock, at('guest.accept', 2)), [])).toEqual([{ ...attached, how: 'right' }]);
    expect(stepEffects(probe, NO_STEPS, [])).toEqual([]);
    expect(stepEffects(at('driver.probe', 9, failed()), play(lock), [])).toEqual([]);
  });
});

// Texts of pci_tsm_unlock() in the guest's series.
test.each<[string | null, 'driver' | 'mmio' | null]>([
  ['unlock attempted on driver attached device', 'driver'],
  ['MMIO resource still assigned', 'mmio'],
  ['another problem', null],
  [null, null],
])('a guest unlocks: %s', (problem, left) => {
  const unlock = at('guest.unlock', 9, { args: problem === null ? {} : { problem } });
  expect(stepEffects(unlock, NO_STEPS, [])).toEqual([{ type: 'guest-unlock', left }]);
});

describe('DMA and MMIO that a guest opens', () => {
  const dma = (more: Partial<StoredEvent> = {}) => at('guest.dma', 9, { symbol: 'enable_dma', ...more });
  const mmio = (more: Partial<StoredEvent> = {}) =>
    at('mmio.accept', 9, { ...more, args: { world: 'guest', ...more.args } });
  const lock = at('guest.lock', 1);
  const accept = at('guest.accept', 2);
  // TDI_UNBOUND of MMIO_VALIDATE and TDI_NOT_BOUND of SDTE_WRITE are 2; the driver prints them in hexadecimal digits.
  const unbound = { ...failed(), args: { status: '2' } } as const;

  test('DMA is right after the accept, early before it', () => {
    const opened = { type: 'dma-open', locked: lock };
    expect(stepEffects(dma(), play(lock, accept), [])).toEqual([{ ...opened, how: 'right' }]);
    expect(stepEffects(dma(), play(lock), [])).toEqual([{ ...opened, how: 'early' }]);
    expect(stepEffects(dma(), NO_STEPS, [])).toEqual([]);
    // The line of the driver does not tell whether it was opened or closed; a call that failed opened nothing.
    expect(stepEffects(dma({ symbol: null }), play(lock), [])).toEqual([]);
    expect(stepEffects(dma(failed(-5)), play(lock), [])).toEqual([]);
  });

  test('DMA: the firmware says that the TDI is not bound, or something else', () => {
    expect(stepEffects(dma(unbound), NO_STEPS, [])).toEqual([{ type: 'dma-open', how: 'unbound', locked: null }]);
    expect(stepEffects(dma({ ...unbound, args: { status: '1' } }), NO_STEPS, [])).toEqual([]);
    expect(stepEffects(dma({ ...unbound, args: { status: '12' } }), NO_STEPS, [])).toEqual([]);
    expect(stepEffects(dma({ ...unbound, outcome: 'ok' }), NO_STEPS, [])).toEqual([]);
  });

  test('MMIO is right unless the firmware says that the TDI is not bound', () => {
    expect(stepEffects(mmio(), NO_STEPS, [])).toEqual([{ type: 'mmio-accept', how: 'right' }]);
    expect(stepEffects(mmio(unbound), NO_STEPS, [])).toEqual([{ type: 'mmio-accept', how: 'unbound' }]);
    expect(stepEffects(mmio(failed()), NO_STEPS, [])).toEqual([]);
    expect(stepEffects(at('mmio.accept', 9), NO_STEPS, [])).toEqual([]);
    expect(stepEffects(at('mmio.accept', 9, { args: { world: 'host' } }), NO_STEPS, [])).toEqual([]);
  });
});

test('a system goes to sleep, as it says or somehow', () => {
  const state = (args: Record<string, string>) => stepEffects(at('host.sleep', 9, { args }), NO_STEPS, []);
  expect(state({ state: 'mem' })).toEqual([{ type: 'system-sleep', state: 'mem' }]);
  expect(state({})).toEqual([{ type: 'system-sleep', state: 'sleep' }]);
  expect(stepEffects(at('host.sleep', 9, { outcome: 'failed' }), NO_STEPS, [])).toEqual([{ type: 'sleep-given-up' }]);
});

test('what is done to a stream concerns all that are locked over it', () => {
  expect([...STREAM_KINDS].sort()).toEqual([
    'ide.alloc',
    'ide.claim',
    'ide.disable',
    'ide.enable',
    'ide.free',
    'ide.setup',
    'ide.teardown',
  ]);
});
