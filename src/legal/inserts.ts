import type { EventKind, Outcome } from '../events/event.ts';
import { PLATFORM_PROFILES } from '../model/platforms.ts';
import type { Platform } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Case } from './edits.ts';
import { decidesNoState, setsRight, wantsSetup } from './turning.ts';

/** An operation that nobody recorded, to be tried before the step. */
export interface Insert {
  readonly name: string;
  readonly events: readonly StoredEvent[];
  /** Right before the step itself, inside the calls around it; else before the outermost of them. */
  readonly inside: boolean;
}

/** What the model says is missing before the step, the plainest first. */
export function insertsFor(found: Case, platform: Platform): Insert[] {
  const { charge, effect, states, history, step } = found;
  const { wrongIn } = charge;
  // Below the core's own operations it is the driver that stops the TDI.
  const isDrivers = step.kind === 'tdi.destroy' || step.kind === 'mmio.unmap';
  if (isDrivers || effect === 'failed-bind') {
    return [{ name: STOP[platform], events: [record(found, -1, 'tdisp.stop', 'ok')], inside: true }];
  }
  // What does nothing where it stands wants nothing before it.
  if (decidesNoState(wrongIn) || effect === 'unbind') return [];
  // What a guest asks for needs the binding.
  const ofGuest = history.callsAround(step).some(({ kind }) => kind === 'tsm.guest_request');
  const kinds = wantsSetup(wrongIn) ? SETS_UP : RELEASES;
  const plain = kinds
    .filter(
      ({ kind }) => setsRight(kind, wrongIn, states) && !(ofGuest && BINDING.has(kind) && effect !== 'guest-request'),
    )
    .map(({ kind, name, outcome }) => ({ name, events: [record(found, -1, kind, outcome)], inside: false }));
  return setsRight('tdisp.stop', wrongIn, states) ? [...plain, stopByGuest(found)] : plain;
}

const SETS_UP = [
  { kind: 'tsm.connect', name: 'connect_store', outcome: 'ok' },
  { kind: 'tsm.bind', name: 'pci_tsm_bind', outcome: 'ok' },
  { kind: 'tdisp.lock', name: 'LOCK_INTERFACE_REQUEST', outcome: 'ok' },
] as const;

const RELEASES = [
  { kind: 'tsm.unbind', name: 'pci_tsm_unbind', outcome: 'void' },
  { kind: 'tsm.disconnect', name: 'disconnect_store', outcome: 'ok' },
] as const;

const BINDING: ReadonlySet<EventKind> = new Set(['tsm.connect', 'tsm.bind', 'tsm.unbind', 'tsm.disconnect']);

/** How the host has a TDI stopped: what each platform's teardown begins with, or what it comes down to. */
const STOP: Readonly<Record<Platform, string>> = {
  generic: 'STOP_INTERFACE_REQUEST',
  tdx: PLATFORM_PROFILES.tdx.teardown[0] ?? 'STOP_INTERFACE_REQUEST',
  'sev-tio': PLATFORM_PROFILES['sev-tio'].teardown[0] ?? 'STOP_INTERFACE_REQUEST',
  cca: 'RMI_VDEV_UNLOCK',
};

/** The guest has its TDI stopped and stays bound. */
function stopByGuest(found: Case): Insert {
  const request = { ...record(found, -1, 'tsm.guest_request', 'ok'), args: { scope: '1' } };
  const enter = { ...request, phase: 'enter', pairId: -3 } as const;
  const stop = { ...record(found, -2, 'tdisp.stop', 'ok'), parentId: -1, rootId: -1 };
  const exit = { ...request, id: -3, phase: 'exit', pairId: -1 } as const;
  return { name: 'STOP_INTERFACE_REQUEST', events: [enter, stop, exit], inside: false };
}

function record({ step, deviceId }: Case, id: number, kind: EventKind, outcome: Outcome): StoredEvent {
  return {
    ...step,
    id,
    kind,
    phase: 'point',
    outcome,
    code: null,
    symbol: null,
    args: {},
    text: '',
    deviceId,
    certainty: 'exact',
    maybe: [],
    pid: null,
    parentId: null,
    rootId: null,
    pairId: null,
    supersededBy: null,
    duplicateOf: null,
  };
}
