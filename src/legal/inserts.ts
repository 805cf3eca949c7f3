import type { EventKind, Outcome } from '../events/event.ts';
import { PLATFORM_PROFILES } from '../model/platforms.ts';
import type { Platform } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Case } from './edits.ts';
import { notedInserts } from './ledgered.ts';
import { decidesNoState, setsRight, wantsSetup } from './turning.ts';

/** An operation that nobody recorded, to be tried before the step. */
export interface Insert {
  readonly name: string;
  readonly events: readonly StoredEvent[];
  /** Right before the step itself, inside the calls around it; else before the outermost of them. */
  readonly inside: boolean;
}

/**
 * What the model says is missing before the step, the plainest first.
 *
 * @param id of the first record, negative: those of the timeline are not; the next ones are below it.
 */
export function insertsFor(found: Case, platform: Platform, id = -1): Insert[] {
  const { charge, effect, states, history, step } = found;
  const { wrongIn } = charge;
  // Below the core's own operations it is the driver that stops the TDI.
  const isDrivers = step.kind === 'tdi.destroy' || step.kind === 'mmio.unmap';
  if (isDrivers || effect.type === 'failed-bind') {
    return [{ name: STOP[platform], events: [record(found, id, 'tdisp.stop', 'ok')], inside: true }];
  }
  // What does nothing where it stands wants nothing before it.
  if (effect.type === 'unbind') return [];
  if (decidesNoState(wrongIn)) {
    return notedInserts(effect).map(({ kind, name, outcome }) => ({
      name,
      events: [record(found, id, kind, outcome)],
      // What is done within the unbind is cleared there, too.
      inside: step.kind === 'mmio.share',
    }));
  }
  // What a guest asks for needs the binding.
  const ofGuest = history.callsAround(step).some(({ kind }) => kind === 'tsm.guest_request');
  if (isGuests(found)) return setsRight('guest.unlock', wrongIn, states) ? [unlockByGuest(found, id)] : [];
  const kinds = wantsSetup(wrongIn) ? SETS_UP : RELEASES;
  const plain = kinds
    .filter(
      ({ kind }) =>
        setsRight(kind, wrongIn, states) && !(ofGuest && BINDING.has(kind) && effect.type !== 'guest-request'),
    )
    .map(({ kind, name, outcome }) => ({ name, events: setUp(found, id, kind, outcome), inside: false }));
  return setsRight('tdisp.stop', wrongIn, states) ? [...plain, stopByGuest(found, id)] : plain;
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

/** Whether a guest told of the step: what its host could do before it is no step of the guest's. */
function isGuests({ history, deviceId }: Case): boolean {
  return history.events.some((event) => event.kind === 'guest.lock' && event.deviceId === deviceId);
}

function unlockByGuest(found: Case, id: number): Insert {
  const unlock: StoredEvent = { ...record(found, id, 'guest.unlock', 'void'), symbol: 'pci_tsm_unlock' };
  return { name: 'pci_tsm_unlock', events: [unlock], inside: false };
}

/** The guest has its TDI stopped and stays bound. */
function stopByGuest(found: Case, id: number): Insert {
  const request = { ...record(found, id, 'tsm.guest_request', 'ok'), args: { scope: '1' } };
  const stop = record(found, id - 1, 'tdisp.stop', 'ok');
  return { name: 'STOP_INTERFACE_REQUEST', events: around(request, stop), inside: false };
}

/** A connect brings the IDE stream up; only of those who record streams it is expected. */
function setUp(found: Case, id: number, kind: EventKind, outcome: Outcome): StoredEvent[] {
  const made = record(found, id, kind, outcome);
  const records = found.history.events.some((event) => event.kind.startsWith('ide.'));
  return kind === 'tsm.connect' && records ? around(made, record(found, id - 1, 'ide.enable', 'ok')) : [made];
}

function around(call: StoredEvent, inner: StoredEvent): StoredEvent[] {
  const exit = inner.id - 1;
  return [
    { ...call, phase: 'enter', pairId: exit },
    { ...inner, parentId: call.id, rootId: call.id },
    { ...call, id: exit, phase: 'exit', pairId: call.id },
  ];
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
