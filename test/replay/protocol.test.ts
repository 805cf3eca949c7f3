import { describe, expect, it, test } from 'vitest';
import type { TdiState } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, CONNECTED, TDI_STATES, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { type Ledger, NOTHING_NOTED } from '../../src/replay/ledger.ts';
import {
  afterProtocol,
  agrees,
  answerOf,
  isHeeded,
  isProtocol,
  protocolEffects,
  provesBinding,
  reachesFar,
} from '../../src/replay/protocol.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

type Kind = StoredEvent['kind'];

const at = (kind: Kind, args: Record<string, string> = {}, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id: 9, args, ...more });
const refused = (kind: Kind, status_name?: string, more: Partial<StoredEvent> = {}) =>
  at(kind, status_name === undefined ? {} : { status_name }, { outcome: 'failed', ...more });
const call = (kind: Kind, symbol: string | null = null) => storedEvent(kind, { id: 4, symbol, phase: 'enter' });

const LOST: TdiState = { bind: 'bound', contract: 'run', device: 'error' };
const REQUESTS = ['tdisp.lock', 'tdisp.start', 'tdisp.stop', 'tdisp.report'] as const;
const GOVERNED = [
  'tsm.bind',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.connect',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.destroy',
] as const;
const SAID = [
  ...REQUESTS,
  'tdisp.state',
  'tdisp.request',
  'tdisp.refused',
  'firmware.refused',
  'tdi.create',
  'tdi.destroy',
  'mmio.unmap',
  'ide.disable',
  'spdm.disconnect',
  'iommufd.vdevice_destroy',
  'vm.destroy',
  'tsm.unregister',
  'guest.accept',
] as const;

describe('what is heeded', () => {
  it('is what firmware, VM and guest say, operations of the core, and the close', () => {
    for (const kind of SAID) expect([kind, isProtocol(at(kind)), isHeeded(at(kind))]).toEqual([kind, true, true]);
    for (const kind of [...GOVERNED, 'vfio.disable', 'tsm.guest_request'] as const)
      expect([kind, isProtocol(at(kind)), isHeeded(at(kind))]).toEqual([kind, false, true]);
    for (const kind of ['pci.flr', 'vfio.zap', 'ide.enable', 'pci.add'] as const)
      expect([kind, isProtocol(at(kind)), isHeeded(at(kind))]).toEqual([kind, false, false]);
  });

  it('concerns other functions where it is of a VM, a TSM, a stream or a session', () => {
    const far = SAID.filter((kind) => reachesFar(at(kind)));
    expect(far).toEqual(['ide.disable', 'spdm.disconnect', 'vm.destroy', 'tsm.unregister']);
    for (const kind of ['ide.setup', 'ide.enable', 'ide.teardown', 'host.sleep'] as const)
      expect(reachesFar(at(kind))).toBe(true);
  });
});

describe('an answer', () => {
  test.each<[string, StoredEvent, ReturnType<typeof answerOf>]>([
    ['success', at('tdisp.lock'), 'ok'],
    ['taken, to be carried out', at('tdisp.lock', { queued: '1' }), 'queued'],
    ['not queued', at('tdisp.lock', { queued: '0' }), 'ok'],
    ['a message is to be sent first', at('tdisp.lock', { wants_exchange: '1' }), 'unfinished'],
    ['no result', at('tdisp.lock', {}, { outcome: 'unknown' }), 'unknown'],
    ['TDX: the interface is in the wrong state', refused('mmio.unmap', 'TDX_DEVIF_TDISP_INVALID_STATE'), 'wrong-state'],
    ['TDX: it is in ERROR', refused('mmio.unmap', 'TDX_DEVIF_TDISP_ERROR_STATE'), 'wrong-state'],
    ['TDX: the object is in the wrong state', refused('mmio.unmap', 'TDX_DEVIF_INVALID_STATE'), 'wrong-state'],
    ['AMD: the TDI is in the wrong state', refused('tdisp.start', 'INVALID_TDI_STATE'), 'wrong-state'],
    ['Arm: a granule is still mapped', refused('tdisp.stop', 'RMI_ERROR_GRANULE'), 'mapped'],
    ['Arm: the device, or a message under way', refused('tdisp.lock', 'RMI_ERROR_DEVICE'), 'not-ready'],
    ['Arm: another error', refused('tdisp.lock', 'RMI_ERROR_INPUT'), 'refused'],
    ['TDISP: busy', refused('tdisp.lock', 'BUSY'), 'unfinished'],
    ['AMD: a message to the device first', refused('tdisp.lock', 'SPDM_REQUEST'), 'unfinished'],
    ['AMD: a longer buffer', refused('tdisp.lock', 'RESPONSE_BUFFER_LENGTH'), 'unfinished'],
    ['Arm: still going on', refused('tdisp.lock', 'RMI_INCOMPLETE'), 'unfinished'],
    // errno: EINTR 4, EAGAIN 11, EBUSY 16, EFAULT 14, EINVAL 22.
    ['-EINTR', refused('tdisp.lock', undefined, { code: -4 }), 'unfinished'],
    ['-EAGAIN', refused('tdisp.lock', undefined, { code: -11 }), 'unfinished'],
    ['-EBUSY', refused('tdisp.lock', undefined, { code: -16 }), 'unfinished'],
    ['-EINVAL', refused('tdisp.lock', undefined, { code: -22 }), 'refused'],
    ['an error without a code', refused('tdisp.lock'), 'refused'],
    [
      'tdi_run() refuses with -EFAULT what is not CONFIG_LOCKED',
      refused('tdisp.start', undefined, { symbol: 'tdi_run', code: -14 }),
      'wrong-state',
    ],
    ['-EFAULT of others says nothing', refused('tdisp.start', undefined, { symbol: 'tdi_bind', code: -14 }), 'refused'],
    ['tdi_run() with another error', refused('tdisp.start', undefined, { symbol: 'tdi_run', code: -22 }), 'refused'],
  ])('%s', (_name, event, answer) => {
    expect(answerOf(event)).toBe(answer);
  });

  it('proves a binding where a LOCK or a START succeeded', () => {
    for (const kind of REQUESTS) {
      expect(provesBinding(at(kind))).toBe(kind === 'tdisp.lock' || kind === 'tdisp.start');
      expect(provesBinding(at(kind, {}, { outcome: 'unknown' }))).toBe(false);
      expect(provesBinding(refused(kind, 'INVALID_TDI_STATE'))).toBe(false);
    }
  });
});

describe('what an event says', () => {
  const effects = (event: StoredEvent, calls: StoredEvent[] = [], ledger: Ledger = NOTHING_NOTED, far = false) =>
    protocolEffects(event, ledger, calls, far);

  test.each([
    ['tdisp.lock', 'lock'],
    ['tdisp.start', 'start'],
    ['tdisp.stop', 'stop'],
    ['tdisp.report', 'report'],
  ] as const)('%s is a request with its answer, and perhaps a refusal', (kind, request) => {
    const named = { answer: 'wrong-state', command: 'TIO_X', named: true };
    expect(
      effects(at(kind, { command_name: 'TIO_X', status_name: 'INVALID_TDI_STATE' }, { outcome: 'failed' })),
    ).toEqual([
      { type: 'request', request, ...named },
      { type: 'refusal', ...named },
    ]);
    const bare = { answer: 'ok', command: kind, named: false };
    expect(effects(at(kind))).toEqual([
      { type: 'request', request, ...bare },
      { type: 'refusal', ...bare },
    ]);
  });

  it('calls what was asked by the command, else the request, else the function', () => {
    const command = (args: Record<string, string>, symbol: string | null) =>
      effects(at('tdisp.refused', args, { outcome: 'failed', symbol }));
    const refusal = (name: string) => [{ type: 'refusal', answer: 'refused', command: name, named: false }];
    expect(command({ command_name: 'RMI_VDEV_UNLOCK', request: 'UNLOCK' }, 'f')).toEqual(refusal('RMI_VDEV_UNLOCK'));
    expect(command({ request: 'UNLOCK' }, 'f')).toEqual(refusal('UNLOCK'));
    expect(command({ request: '4', request_name: 'STOP' }, 'tdx_tdi_request')).toEqual(refusal('STOP'));
    expect(command({ request: '9' }, 'tdx_tdi_request')).toEqual(refusal('9'));
    expect(command({}, 'rmi_vdev_unlock')).toEqual(refusal('rmi_vdev_unlock'));
    expect(command({}, null)).toEqual(refusal('tdisp.refused'));
  });

  it('a STOP without force that is refused is asked again with it: no refusal yet', () => {
    const stop = (args: Record<string, string>, outcome: 'failed' | 'ok' = 'failed') =>
      effects(at('tdisp.stop', args, { outcome })).map(({ type }) => type);
    expect(stop({ force: 'false' })).toEqual(['request']);
    expect(stop({ force: '0' })).toEqual(['request']);
    expect(stop({ force: '0x0' })).toEqual(['request']);
    expect(stop({ force: '1' })).toEqual(['request', 'refusal']);
    expect(stop({ force: 'true' })).toEqual(['request', 'refusal']);
    expect(stop({})).toEqual(['request', 'refusal']);
    expect(stop({ force: 'false' }, 'ok')).toEqual(['request', 'refusal']);
    expect(stop({ force: 'false', status_name: 'INVALID_TDI_STATE' })).toEqual(['request', 'refusal']);
  });

  it('an unbind is one that was asked for, not that of a vDEVICE that goes', () => {
    expect(effects(at('tsm.unbind'))).toEqual([{ type: 'unbind' }]);
    expect(effects(at('tsm.unbind'), [call('vfio.ioctl', 'vfio_device_fops_unl_ioctl')])).toEqual([{ type: 'unbind' }]);
    for (const symbol of [
      'iommufd_vdevice_destroy',
      'iommufd_vdevice_abort',
      'iommufd_device_remove_vdev',
      'iommufd_object_remove',
      'iommufd_fops_release',
    ])
      expect(effects(at('tsm.unbind'), [call('vfio.close', symbol)])).toEqual([]);
    expect(effects(at('tsm.unbind_core'))).toEqual([]);
    // The destroyed vDEVICE may stand anywhere around it.
    expect(effects(at('tsm.unbind'), [call('vfio.close'), call('vfio.close', 'iommufd_object_remove')])).toEqual([]);
  });

  it('a bind or a close tells what a failed bind left behind', () => {
    const lock = at('tdisp.lock');
    const left: Ledger = { ...NOTHING_NOTED, failedBind: { lock, cleaned: false } };
    for (const kind of ['tsm.bind', 'vfio.disable'] as const) {
      expect(effects(at(kind), [], left)).toEqual([{ type: 'failed-bind', lock, cleaned: false }]);
      expect(effects(at(kind))).toEqual([]);
      expect(effects(at(kind), [], left, true)).toEqual([]);
    }
    expect(effects(at('tsm.connect'), [], left)).toEqual([]);
  });

  it('a reclaim is one where something was locked', () => {
    const lock = at('tdisp.lock');
    expect(effects(at('tdi.destroy'))).toEqual([]);
    expect(effects(at('tdi.destroy'), [], { ...NOTHING_NOTED, locked: lock })).toEqual([
      { type: 'reclaim', stopped: false },
    ]);
    expect(effects(at('tdi.destroy'), [], { ...NOTHING_NOTED, locked: lock, stopped: true })).toEqual([
      { type: 'reclaim', stopped: true },
    ]);
  });

  it('an unmap of the TDX module is one of private MMIO by the name of its command', () => {
    const args = { command_name: 'TDH.MMIO.UNMAP', status_name: 'TDX_DEVIF_TDISP_INVALID_STATE' };
    const told = { answer: 'wrong-state', command: 'TDH.MMIO.UNMAP', named: true };
    expect(effects(at('mmio.unmap', args, { outcome: 'failed' }))).toEqual([
      { type: 'private-unmap', answer: 'wrong-state', status: 'TDX_DEVIF_TDISP_INVALID_STATE' },
      { type: 'refusal', ...told },
    ]);
    expect(effects(at('mmio.unmap', { command_name: 'TDH.MEM.RANGE.BLOCK' }))).toEqual([]);
    expect(effects(at('mmio.unmap'))).toEqual([]);
  });

  it('a vDEVICE goes', () => {
    expect(effects(at('iommufd.vdevice_destroy'))).toEqual([{ type: 'vdevice-destroy' }]);
    expect(effects(at('tdi.create'))).toEqual([]);
  });

  test.each<[string, StoredEvent, string]>([
    ['sev_guest_accept succeeded', at('guest.accept', {}, { symbol: 'sev_guest_accept' }), 'ok'],
    [
      'it missed the report',
      refused('guest.accept', undefined, { args: { problem: 'Cannot accept without the report' } }),
      'no-report',
    ],
    ['it failed for another reason', refused('guest.accept', undefined, { args: { problem: 'no memory' } }), 'other'],
    ['it failed without a word', refused('guest.accept'), 'other'],
    ['another guest does not look', at('guest.accept', {}, { symbol: 'cca_tsm_accept' }), 'other'],
    ['its answer is not recorded', at('guest.accept', {}, { symbol: 'sev_guest_accept', outcome: 'unknown' }), 'other'],
  ])('acceptance by the guest: %s', (_name, event, answer) => {
    expect(effects(event)).toEqual([{ type: 'guest-accept', answer }]);
  });

  it('what the firmware refuses is the answer to the request of the call around it', () => {
    const refusal = refused('firmware.refused', undefined, {
      args: { command_name: 'TIO_TDI_UNBIND', status_name: 'INVALID_TDI_STATE' },
    });
    const told = { answer: 'wrong-state', command: 'TIO_TDI_UNBIND', named: true };
    expect(effects(refusal)).toEqual([{ type: 'refusal', ...told }]);
    expect(effects(refusal, [call('tsm.unbind'), call('tdisp.stop')])).toEqual([
      { type: 'request', request: 'stop', ...told },
      { type: 'refusal', ...told },
    ]);
    // A granule that is still mapped is an answer, too; what names no reason is none.
    const status = (status_name: string) =>
      effects({ ...refusal, args: { ...refusal.args, status_name } }, [call('tdisp.stop')]).map(({ type }) => type);
    expect(status('RMI_ERROR_GRANULE')).toEqual(['request', 'refusal']);
    expect(status('RMI_ERROR_DEVICE')).toEqual([]);
    expect(status('SPDM_REQUEST')).toEqual([]);
    expect(status('INVALID_PARAM')).toEqual([]);
  });

  test.each([
    ['TIO_TDI_BIND', true],
    ['RMI_VDEV_LOCK', true],
    ['TDH.DEVIF.CREATE', true],
    ['TDH_TDI_STOP', true],
    ['TDH.MMIO.UNMAP', true],
    ['TIO_DEV_CONNECT', false],
    ['RMI_PDEV_CREATE', false],
    ['X_TIO_TDI_BIND', false],
    ['', false],
  ])('a firmware command is one about a TDI by its name: %s', (command_name, isOne) => {
    for (const kind of ['firmware.refused', 'tdisp.request'] as const) {
      const event = refused(kind, undefined, { args: { command_name, status_name: 'INVALID_TDI_STATE' } });
      expect(effects(event)).toHaveLength(isOne ? 1 : 0);
    }
  });

  test.each<[string, StoredEvent, string[]]>([
    ['the last word on a VM', at('vm.destroy', { what: 'VM' }), ['vm-destroy']],
    ['the file of a VM is closed, others hold it', at('vm.destroy', { what: 'file' }), []],
    ['a VM, of which nothing more is told', at('vm.destroy'), []],
    ['the core unregisters a TSM', at('tsm.unregister', {}, { symbol: 'pci_tsm_unregister' }), ['tsm-unregister']],
    ['the wrapper around it', at('tsm.unregister', {}, { symbol: 'tsm_unregister' }), []],
    ['a stream is disabled', at('ide.disable'), ['stream-stop']],
    ['a session ends', at('spdm.disconnect'), ['session-end']],
    ['a stream could not be disabled', refused('ide.disable'), []],
    ['a VM could not be destroyed', refused('vm.destroy', undefined, { args: { what: 'VM' } }), []],
  ])('for other functions: %s', (_name, event, expected) => {
    for (const far of [true, false])
      expect(effects(event, [], NOTHING_NOTED, far).map(({ type }) => type)).toEqual(expected);
  });

  it('is said once: with the entry, and not by a record of which another one tells more', () => {
    expect(effects(at('tsm.unbind', {}, { supersededBy: 10 }))).toEqual([]);
    expect(effects(at('tsm.unbind', {}, { phase: 'exit', pairId: 8 }))).toEqual([]);
    expect(effects(at('tsm.unbind', {}, { phase: 'enter', pairId: 10 }))).toHaveLength(1);
    expect(effects(at('tsm.unbind', {}, { phase: 'exit' }))).toHaveLength(1);
    expect(effects(at('tsm.unbind'), [], NOTHING_NOTED, true)).toEqual([]);
  });
});

describe('a read-back', () => {
  const read = (symbol: string | null, state: string | undefined, more: Partial<StoredEvent> = {}, far = false) =>
    protocolEffects(
      at('tdisp.state', state === undefined ? {} : { state }, { symbol, ...more }),
      NOTHING_NOTED,
      [],
      far,
    );

  // A number means what the one who wrote it means by it: AMD's firmware asks the device, the RMM remembers.
  test.each([
    ['sev_tio_tdi_status', '0', 'truth', 'unlocked'],
    ['sev_tio_tdi_status', '1', 'truth', 'locked'],
    ['sev_tio_tdi_status', '0x2', 'truth', 'run'],
    ['sev_tio_tdi_status', '3', 'truth', 'error'],
    ['rmi_vdev_get_state', '1', 'belief', 'unlocked'],
    ['rmi_vdev_get_state', '3', 'belief', 'run'],
    ['rmi_vdev_get_state', '4', 'belief', 'error'],
  ])('%s says %s: %s %s', (symbol, number, whose, state) => {
    expect(read(symbol, number)).toEqual([{ type: 'read-back', whose, state }]);
    // By the time of the return it is filled in.
    expect(read(symbol, number, { phase: 'exit', pairId: 8 })).toEqual([{ type: 'read-back', whose, state }]);
    expect(read(symbol, number, { phase: 'enter', pairId: 10 })).toEqual([]);
    expect(read(symbol, number, { outcome: 'failed' })).toEqual([]);
    expect(read(symbol, number, { supersededBy: 10 })).toEqual([]);
    expect(read(symbol, number, {}, true)).toEqual([]);
  });

  test.each([
    ['rmi_vdev_get_state', '0'],
    ['rmi_vdev_get_state', '5'],
    ['sev_tio_tdi_status', '4'],
    ['sev_tio_tdi_status', undefined],
    ['tdx_devif_state', '2'],
    [null, '2'],
  ])('%s with %s tells no state', (symbol, number) => {
    expect(read(symbol, number)).toEqual([]);
  });

  it('of the device is of the device; of a firmware it is of the contract, whatever befell the device since', () => {
    expect(agrees(LOST, { whose: 'truth', state: 'error' })).toBe(true);
    expect(agrees(LOST, { whose: 'truth', state: 'run' })).toBe(false);
    expect(agrees(LOST, { whose: 'belief', state: 'run' })).toBe(true);
    expect(agrees(LOST, { whose: 'belief', state: 'locked' })).toBe(false);
    for (const state of TDI_STATES) expect(agrees(state, { whose: 'belief', state: 'error' })).toBe(true);
    expect(agrees(BOUND_LOCKED, { whose: 'truth', state: 'locked' })).toBe(true);
    expect(agrees(CONNECTED, { whose: 'truth', state: 'unlocked' })).toBe(true);
  });
});

/** The states that are left, with their prices. */
function left(belief: Belief | null): string[] | null {
  if (belief === null) return null;
  return TDI_STATES.flatMap((state) => {
    const cost = belief.cost((other) => other === state);
    const name = state.bind === 'bound' ? `${state.contract}/${state.device}` : state.bind;
    return cost === Number.POSITIVE_INFINITY ? [] : [`${name} ${cost}`];
  });
}

describe('what is believed after it', () => {
  const next = (from: TdiState, event: StoredEvent, calls: StoredEvent[] = [], ledger: Ledger = NOTHING_NOTED) =>
    left(afterProtocol(Belief.only(from), event, ledger, calls));
  const REQUEST = call('tsm.guest_request');

  test.each<[string, Kind, TdiState, string[]]>([
    ['a LOCK binds and locks what is unlocked', 'tdisp.lock', CONNECTED, ['locked/locked 0']],
    ['a LOCK of what was left unlocked', 'tdisp.lock', BOUND_UNLOCKED, ['locked/locked 0']],
    ['no LOCK of what is locked', 'tdisp.lock', BOUND_LOCKED, []],
    ['no LOCK of what is lost', 'tdisp.lock', LOST, []],
    ['a START of what is locked', 'tdisp.start', BOUND_LOCKED, ['run/run 0']],
    ['the function around a START succeeds where it runs already', 'tdisp.start', BOUND_RUN, ['run/run 0']],
    ['no START of what is unlocked', 'tdisp.start', BOUND_UNLOCKED, []],
    ['no START of what is lost', 'tdisp.start', LOST, []],
    ['a STOP is that of an unbind', 'tdisp.stop', BOUND_RUN, ['connected 0', 'unlocked/unlocked 1']],
    ['a STOP of what is lost', 'tdisp.stop', LOST, ['connected 0', 'unlocked/unlocked 1']],
    ['a STOP of what is not bound', 'tdisp.stop', CONNECTED, ['connected 0']],
    ['a STOP of what no TSM holds', 'tdisp.stop', UNBOUND, ['unbound 0']],
  ])('%s', (_name, kind, from, expected) => {
    expect(next(from, at(kind))).toEqual(expected);
  });

  it('a STOP inside a request of the guest leaves it bound', () => {
    expect(next(BOUND_RUN, at('tdisp.stop'), [REQUEST])).toEqual(['unlocked/unlocked 0']);
    expect(next(CONNECTED, at('tdisp.stop'), [REQUEST])).toEqual(['connected 0']);
    expect(next(BOUND_RUN, at('tdisp.stop'), [call('vfio.ioctl')])).toEqual(['connected 0', 'unlocked/unlocked 1']);
  });

  it('a STOP says what it assumes, and about which line', () => {
    const belief = afterProtocol(
      Belief.only(BOUND_RUN),
      at('tdisp.stop', {}, { id: 8, sourceId: 2 }),
      NOTHING_NOTED,
      [],
    );
    expect(belief?.assumptions(({ bind }) => bind === 'bound')).toEqual([
      { text: 'the STOP was no part of an unbind', place: { sourceId: 2, line: 8 }, before: null },
    ]);
  });

  it('what is not over yet may have happened', () => {
    const open = ['run/run 0', 'locked/locked 0'].sort();
    const start = (args: Record<string, string>, more: Partial<StoredEvent> = {}) =>
      next(BOUND_LOCKED, at('tdisp.start', args, more))?.sort();
    expect(start({ wants_exchange: '1' })).toEqual(open);
    expect(start({ queued: '1' })).toEqual(open);
    expect(start({}, { phase: 'enter', pairId: 10 })).toEqual(open);
    expect(start({}, { phase: 'enter' })).toEqual(['run/run 0']);
    expect(start({}, { phase: 'exit', pairId: 8 })).toEqual(['run/run 0']);
  });

  it('what has no answer has succeeded, unless one assumes that it failed', () => {
    const belief = afterProtocol(
      Belief.only(BOUND_LOCKED),
      at('tdisp.start', {}, { outcome: 'unknown' }),
      NOTHING_NOTED,
      [],
    );
    expect(left(belief)).toEqual(['locked/locked 1', 'run/run 0']);
    expect(
      belief?.assumptions(({ contract }) => contract === 'locked').map(({ text, place }) => [text, place]),
    ).toEqual([['the START failed', { sourceId: 1, line: 9 }]]);
  });

  describe("the driver's own request, of which nobody recorded what it asked for", () => {
    const untold = (more: Partial<StoredEvent> = {}) => at('tdisp.request', {}, { symbol: 'tdx_tdi_request', ...more });
    const bare = (kind: Kind, args: Record<string, string> = {}) => storedEvent(kind, { args });
    const EITHER = ['unlocked/unlocked 1', 'run/run 0'];

    it('is a STOP at the price of the request around it: the first since the bind is taken to be the START', () => {
      expect(next(BOUND_RUN, untold(), [REQUEST])).toEqual(EITHER);
      const again = (state: TdiState) =>
        left(afterProtocol(Belief.only(state), untold(), NOTHING_NOTED, [REQUEST], true));
      expect(again(BOUND_RUN)).toEqual(['unlocked/unlocked 0', 'run/run 0']);
      expect(again(LOST)).toEqual(['unlocked/unlocked 0', 'run/error 0']);
      expect(next(LOST, untold(), [REQUEST])).toEqual(['unlocked/unlocked 1', 'run/error 0']);
      // As the function tracer has it, which names no device either: what it asked for is not guessed.
      expect(next(BOUND_RUN, untold({ certainty: 'inherited' }), [REQUEST])).toEqual([
        'unlocked/unlocked 0',
        'run/run 0',
      ]);
      expect(next(BOUND_RUN, untold(), [bare('tsm.guest_request', { scope: '1' })])).toEqual(EITHER);
      expect(next(BOUND_RUN, untold({ outcome: 'unknown' }), [REQUEST])).toEqual(EITHER);
    });

    it('leaves alone what is not locked', () => {
      expect(next(BOUND_UNLOCKED, untold(), [REQUEST])).toEqual(['unlocked/unlocked 0']);
      expect(next(CONNECTED, untold(), [REQUEST])).toEqual(['connected 0']);
    });

    it('says so', () => {
      const belief = afterProtocol(Belief.only(BOUND_RUN), untold({ id: 8, sourceId: 2 }), NOTHING_NOTED, [REQUEST]);
      expect(belief?.assumptions(({ contract }) => contract === 'unlocked')).toEqual([
        { text: 'the request whose kind was not recorded was a STOP', place: { sourceId: 2, line: 8 }, before: null },
      ]);
    });

    it('is none outside a request of the guest, in one that only asks, in one whose kind is known, or refused', () => {
      expect(next(BOUND_RUN, untold(), [])).toBeNull();
      expect(next(BOUND_RUN, untold(), [call('tsm.bind')])).toBeNull();
      expect(next(BOUND_RUN, untold(), [bare('tsm.guest_request', { scope: '0' })])).toBeNull();
      const leaf = untold({ symbol: 'tdh_devif_request', args: { command_name: 'TDH.DEVIF.REQUEST' } });
      expect(next(BOUND_RUN, leaf, [call('tdisp.start'), REQUEST])).toBeNull();
      expect(next(BOUND_RUN, leaf, [call('tdisp.request'), REQUEST])).toEqual(EITHER);
      expect(next(BOUND_RUN, untold({ outcome: 'failed', code: -5 }), [REQUEST])).toBeNull();
      // LOCK or START, never STOP.
      expect(next(BOUND_RUN, untold({ symbol: 'sev_tio_tdi_bind' }), [REQUEST])).toBeNull();
    });
  });

  it('a refusal changes nothing', () => {
    for (const status of ['RMI_ERROR_GRANULE', 'RMI_ERROR_DEVICE', 'RMI_ERROR_INPUT', 'INVALID_TDI_STATE'])
      expect(next(BOUND_LOCKED, refused('tdisp.stop', status))).toBeNull();
  });

  it('a report says nothing of what comes', () => {
    expect(next(BOUND_LOCKED, at('tdisp.report'))).toBeNull();
    expect(next(BOUND_LOCKED, at('tdisp.report', {}, { outcome: 'unknown' }))).toBeNull();
  });

  it('a read-back leaves what agrees with it', () => {
    const read = (symbol: string, state: string, from = Belief.unknown()) =>
      left(afterProtocol(from, at('tdisp.state', { state }, { symbol }), NOTHING_NOTED, []));
    expect(read('sev_tio_tdi_status', '2')).toEqual(['run/run 0']);
    expect(read('sev_tio_tdi_status', '3')).toEqual(['locked/error 0', 'run/error 0']);
    expect(read('rmi_vdev_get_state', '3')).toEqual(['run/run 0', 'run/error 0', 'run/unlocked 0']);
    expect(read('rmi_vdev_get_state', '4')).toHaveLength(9);
    expect(read('sev_tio_tdi_status', '2', Belief.only(BOUND_LOCKED))).toEqual([]);
    expect(read('tdx_devif_state', '2')).toBeNull();
  });

  test.each(['ide.disable', 'spdm.disconnect'] as const)(
    '%s: it may have been the one that the TDI was locked over',
    (kind) => {
      expect(next(BOUND_RUN, at(kind))).toEqual(['run/run 0', 'run/error 0']);
      expect(next(BOUND_RUN, refused(kind))).toBeNull();
      expect(next(BOUND_RUN, at(kind, { wants_exchange: '1' }))).toBeNull();
    },
  );

  it('the end of a request of the guest says that what it was about is done', () => {
    const end = at('tsm.guest_request', {}, { phase: 'exit', pairId: 4 });
    const asked = (request: 'lock' | 'start' | 'stop', within = 4): Ledger => ({
      ...NOTHING_NOTED,
      asked: { within, request },
    });
    expect(next(BOUND_LOCKED, end, [], asked('start'))).toEqual(['run/run 0']);
    expect(next(BOUND_RUN, end, [], asked('stop'))).toEqual(['unlocked/unlocked 0']);
    expect(next(BOUND_UNLOCKED, end, [], asked('lock'))).toEqual(['locked/locked 0']);
    expect(next(BOUND_LOCKED, end, [], asked('start', 5))).toBeNull();
    expect(next(BOUND_LOCKED, end)).toBeNull();
    expect(next(BOUND_LOCKED, { ...end, outcome: 'failed' }, [], asked('start'))).toBeNull();
    expect(next(BOUND_LOCKED, { ...end, outcome: 'unknown' }, [], asked('start'))).toBeNull();
    expect(next(BOUND_LOCKED, { ...end, phase: 'enter' }, [], asked('start'))).toBeNull();
    const lone = { ...end, pairId: null };
    expect(next(BOUND_LOCKED, lone)).toBeNull();
  });

  test.each(GOVERNED)('inside %s nothing moves: its own result says what became of the TDI', (kind) => {
    expect(next(BOUND_LOCKED, at('tdisp.start'), [call('vfio.ioctl'), call(kind)])).toBeNull();
  });

  it('a state beside a request is no read-back', () => {
    expect(next(CONNECTED, at('tdisp.lock', { state: '2' }, { symbol: 'sev_tio_tdi_bind' }))).toEqual([
      'locked/locked 0',
    ]);
  });

  it('other records change nothing', () => {
    expect(next(BOUND_RUN, at('tdisp.lock', {}, { supersededBy: 10 }))).toBeNull();
    for (const kind of ['tdisp.refused', 'tdi.create', 'tdi.destroy', 'vm.destroy', 'guest.accept'] as const)
      expect(next(BOUND_RUN, at(kind))).toBeNull();
  });
});
