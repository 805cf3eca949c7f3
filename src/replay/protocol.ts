import { parseInteger } from '../events/numbers.ts';
import { decodeState, type EncodingId, STATE_ENCODINGS } from '../model/encodings.ts';
import { STATE_CHANGE } from '../model/link.ts';
import type { TdiState, TdispState } from '../model/states.ts';
import {
  afterDeviceEvent,
  afterDisconnect,
  BOUND_LOCKED,
  BOUND_RUN,
  BOUND_UNLOCKED,
  type Branch,
  CONNECTED,
  isLeft,
  leftIn,
  type StopAnswer,
} from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';
import type { Ledger } from './ledger.ts';
import { STREAM_KINDS } from './sole-stream.ts';
import { takesAway } from './takers.ts';
import type { OtherNumbers } from './tdx-abi.ts';

/**
 * What the firmware or the device said. `wrong-state`: refused, and the answer names the state as the reason; `mapped`: refused
 * because device memory is still mapped; `not-ready`:
 * refused for the state, or for a message that is under way; `queued`: taken, and still to be carried out; `unfinished`: it is to be asked again.
 */
export type Answer = 'ok' | 'queued' | 'wrong-state' | 'not-ready' | 'mapped' | 'refused' | 'unfinished' | 'unknown';

export type ExplicitRequest = 'lock' | 'start' | 'stop' | 'report';

/** What events of the TSM's driver and firmware, of the VM and of the guest do to a TDI, as far as the order matters. */
export type ProtocolEffect =
  | { readonly type: 'unbind' }
  | { readonly type: 'vdevice-destroy' }
  | { readonly type: 'vm-destroy' }
  | { readonly type: 'tsm-unregister' }
  | { readonly type: 'failed-bind'; readonly lock: StoredEvent; readonly cleaned: boolean }
  | {
      readonly type: 'request';
      readonly request: ExplicitRequest;
      readonly answer: Answer;
      readonly command: string;
      /** The answer is a status of the firmware's, not an errno. */
      readonly named: boolean;
      readonly otherNumbers?: OtherNumbers;
    }
  /** `stop`: what is recorded to have put the TDI into the state that is asked for. */
  | {
      readonly type: 'refusal';
      readonly answer: Answer;
      readonly command: string;
      readonly named: boolean;
      readonly stop?: StoredEvent | undefined;
      readonly otherNumbers?: OtherNumbers;
    }
  /** `leftBy`: what was recorded of an unbind explains it, see {@link Ledger}. */
  | {
      readonly type: 'read-back';
      readonly whose: 'truth' | 'belief';
      readonly state: TdispState;
      readonly leftBy?: StoredEvent;
    }
  /** `stop`: what is recorded to have stopped the TDI before, see {@link Ledger}. */
  | {
      readonly type: 'private-unmap';
      readonly answer: Answer;
      readonly status?: string | null;
      readonly stop?: StoredEvent | undefined;
      readonly otherNumbers?: OtherNumbers;
    }
  | { readonly type: 'reclaim'; readonly stopped: boolean }
  /** `locked`: the LOCK that succeeded in this binding, after which no UNLOCK was recorded. */
  | {
      readonly type: 'vdev-destroy';
      readonly answer: Answer;
      readonly stopped: boolean;
      readonly locked: StoredEvent | null;
    }
  /** `opened`: by what, where the device never had another one. */
  | { readonly type: 'stream-stop'; readonly opened: StoredEvent | null }
  | { readonly type: 'session-end'; readonly opened: StoredEvent | null }
  | { readonly type: 'guest-accept'; readonly answer: 'ok' | 'no-report' | 'other' };

/** Operations of the core whose own result says what became of the TDI, whatever their steps were. */
const GOVERNED_BY: ReadonlySet<StoredEvent['kind']> = new Set([
  'tsm.bind',
  'tsm.bind_core',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.connect',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.destroy',
]);

const ALSO_NOTED: ReadonlySet<StoredEvent['kind']> = new Set([
  'vfio.open',
  'vfio.disable',
  'tsm.guest_request',
  'spdm.connect',
  // What a request of the guest carried.
  'firmware.call',
]);

const REQUESTS: Partial<Record<StoredEvent['kind'], ExplicitRequest>> = {
  'tdisp.lock': 'lock',
  'tdisp.start': 'start',
  'tdisp.stop': 'stop',
  'tdisp.report': 'report',
};

const KINDS: ReadonlySet<StoredEvent['kind']> = new Set([
  'tdisp.lock',
  'tdisp.start',
  'tdisp.stop',
  'tdisp.report',
  'tdisp.state',
  // What a return is of may stand in its entry alone.
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
]);

/** Whether the event says something that only {@link protocolEffects} and the ledger look at. */
export function isProtocol(event: StoredEvent): boolean {
  return KINDS.has(event.kind);
}

/** Events that say something of this kind, or that the ledger notes. */
export function isHeeded(event: StoredEvent): boolean {
  return isProtocol(event) || GOVERNED_BY.has(event.kind) || ALSO_NOTED.has(event.kind);
}

/** Whether the event concerns other devices than its own. */
export function reachesFar({ kind }: StoredEvent): boolean {
  return FAR.has(kind) || STREAM_KINDS.has(kind);
}

const FAR: ReadonlySet<StoredEvent['kind']> = new Set([
  'vm.destroy',
  'tsm.unregister',
  'spdm.disconnect',
  'host.sleep',
]);

/** Only a TDI that is bound, or being bound, is locked or started. */
export function provesBinding(heard: StoredEvent): boolean {
  return (heard.kind === 'tdisp.lock' || heard.kind === 'tdisp.start') && answerOf(heard) === 'ok';
}

/**
 * @param heard the event, an entry with what its return says, a return with what its entry says.
 * @param far the event is one of another function, the device's security manager.
 * @param opened what opened the stream or session that it ends; see `openedBy()`.
 */
export function protocolEffects(
  heard: StoredEvent,
  ledger: Ledger,
  calls: readonly StoredEvent[],
  far: boolean,
  opened: StoredEvent | null = null,
): ProtocolEffect[] {
  if (heard.supersededBy !== null) return [];
  if (heard.kind === 'tdisp.state') return far ? [] : readBacks(heard, leftBy(ledger, calls));
  if (heard.phase === 'exit' && heard.pairId !== null) return [];
  const own = far ? [] : ownEffects(heard, ledger, calls);
  return [...own, ...farEffects(heard, opened)];
}

/** What was answered, where the number of the answer may mean something else. */
export function asNumbered(effect: ProtocolEffect, otherNumbers: OtherNumbers): ProtocolEffect {
  const isAnswer = effect.type === 'request' || effect.type === 'refusal' || effect.type === 'private-unmap';
  return isAnswer ? { ...effect, otherNumbers } : effect;
}

function ownEffects(heard: StoredEvent, ledger: Ledger, calls: readonly StoredEvent[]): ProtocolEffect[] {
  const request = REQUESTS[heard.kind];
  const answer = answerOf(heard);
  const command = commandOf(heard);
  const named = heard.args['status_name'] !== undefined;
  switch (heard.kind) {
    case 'tsm.unbind':
      return calls.some(takesAway) ? [] : [{ type: 'unbind' }];
    case 'tsm.bind':
    case 'vfio.disable':
      return ledger.failedBind === null ? [] : [{ type: 'failed-bind', ...ledger.failedBind }];
    case 'iommufd.vdevice_destroy':
      return [{ type: 'vdevice-destroy' }];
    case 'tdisp.lock':
    case 'tdisp.start':
    case 'tdisp.stop':
    case 'tdisp.report':
      if (request === undefined) return [];
      // What is asked without force is asked again with it: tdi_unbind() of AMD's series.
      if (answer === 'refused' && isWithoutForce(heard)) return [{ type: 'request', request, answer, command, named }];
      return [
        { type: 'request', request, answer, command, named },
        { type: 'refusal', answer, command, named },
      ];
    case 'tdisp.request':
    case 'firmware.refused':
      return isOfTdi(heard) ? withinRequest(heard, calls) : [];
    case 'tdisp.refused':
      return [{ type: 'refusal', answer, command, named }];
    case 'mmio.unmap': {
      if (heard.args['command_name'] !== 'TDH.MMIO.UNMAP') return [];
      const stop = ledger.stop ?? undefined;
      return [
        { type: 'private-unmap', answer, status: heard.args['status_name'] ?? null, stop },
        { type: 'refusal', answer, command, named, stop },
      ];
    }
    case 'tdi.destroy':
      return destroying(heard, ledger);
    case 'guest.accept':
      return [{ type: 'guest-accept', answer: acceptance(heard) }];
    default:
      return [];
  }
}

function destroying(heard: StoredEvent, { locked, stopped }: Ledger): ProtocolEffect[] {
  const [answer, command] = [answerOf(heard), commandOf(heard)];
  const named = heard.args['status_name'] !== undefined;
  const refusal: ProtocolEffect[] = named ? [{ type: 'refusal', answer, command, named }] : [];
  if (command === 'RMI_VDEV_DESTROY')
    return [{ type: 'vdev-destroy', answer, stopped, locked: stopped ? null : locked }, ...refusal];
  return locked === null ? refusal : [{ type: 'reclaim', stopped }, ...refusal];
}

/** sev_guest_accept() of AMD's series refuses to go on without the report; others do not look. */
function acceptance({ outcome, args, symbol }: StoredEvent): 'ok' | 'no-report' | 'other' {
  if (outcome === 'failed') return args['problem'] === 'Cannot accept without the report' ? 'no-report' : 'other';
  return outcome === 'ok' && symbol === 'sev_guest_accept' ? 'ok' : 'other';
}

/** What the firmware says to a command is the answer to the request that the call around it makes. */
function withinRequest(heard: StoredEvent, calls: readonly StoredEvent[]): ProtocolEffect[] {
  const [answer, command] = [answerOf(heard), commandOf(heard)];
  if (answer !== 'wrong-state' && answer !== 'mapped') return [];
  const request = calls.map(({ kind }) => REQUESTS[kind]).find((one) => one !== undefined);
  const refusal: ProtocolEffect = { type: 'refusal', answer, command, named: true };
  return request === undefined ? [refusal] : [{ type: 'request', request, answer, command, named: true }, refusal];
}

function farEffects(heard: StoredEvent, opened: StoredEvent | null): ProtocolEffect[] {
  if (heard.outcome === 'failed') return [];
  switch (heard.kind) {
    case 'vm.destroy':
      // The file of a VM may be closed, and the key of a TD given back, while others still hold the VM.
      return heard.args['what'] === 'VM' ? [{ type: 'vm-destroy' }] : [];
    case 'tsm.unregister':
      // tsm_unregister() calls it.
      return heard.symbol === 'pci_tsm_unregister' ? [{ type: 'tsm-unregister' }] : [];
    case 'ide.disable':
      return [{ type: 'stream-stop', opened }];
    case 'spdm.disconnect':
      return [{ type: 'session-end', opened }];
    default:
      return [];
  }
}

const TDI_COMMAND = /^(?:TIO_TDI_|RMI_VDEV_|TDH[._](?:DEVIF|TDI|MMIO)[._])/;

function isOfTdi({ args }: StoredEvent): boolean {
  return TDI_COMMAND.test(args['command_name'] ?? '');
}

function isWithoutForce({ args }: StoredEvent): boolean {
  return args['force'] === 'false' || parseInteger(args['force']) === 0;
}

/** What was asked for, in the words of whoever records it. */
function commandOf({ args, symbol, kind }: StoredEvent): string {
  return args['command_name'] ?? args['request_name'] ?? args['request'] ?? symbol ?? kind;
}

/** Refusals that name the state of the interface as their reason; see the code tables of events/ for where they are from. */
const STATE_REFUSALS: ReadonlySet<string> = new Set([
  'INVALID_TDI_STATE',
  'TDX_DEVIF_TDISP_INVALID_STATE',
  'TDX_DEVIF_TDISP_ERROR_STATE',
  'TDX_DEVIF_INVALID_STATE',
]);

/** Busy, or in want of a longer buffer or a message to the device first: whoever asked asks again. */
const TO_BE_REPEATED = /BUSY|SPDM_REQUEST|BUFFER_LENGTH|INCOMPLETE/;
/** EINTR, EAGAIN, EBUSY. */
const AGAIN: ReadonlySet<number> = new Set([-4, -11, -16]);

const EFAULT = -14;

/** What was answered to a request or command. */
export function answerOf({ outcome, args, code, symbol }: StoredEvent): Answer {
  if (args['wants_exchange'] !== undefined) return 'unfinished';
  if (outcome === 'ok') return args['queued'] === '1' ? 'queued' : 'ok';
  if (outcome !== 'failed') return 'unknown';
  const name = args['status_name'] ?? '';
  if (TO_BE_REPEATED.test(name) || (code !== null && AGAIN.has(code))) return 'unfinished';
  if (name === 'RMI_ERROR_GRANULE') return 'mapped';
  if (name === 'RMI_ERROR_DEVICE') return 'not-ready';
  // tdi_run() of AMD's series reads the state first, and refuses so unless it is CONFIG_LOCKED.
  if (STATE_REFUSALS.has(name) || (symbol === 'tdi_run' && code === EFAULT)) return 'wrong-state';
  return 'refused';
}

/** What the device itself says of its state; null for what else says something. */
export function truthOf(heard: StoredEvent): TdispState | null {
  const [said] = heard.kind === 'tdisp.state' ? readBacks(heard, null) : [];
  return said?.type === 'read-back' && said.whose === 'truth' ? said.state : null;
}

/** What the answer to the STOP of an unbind, which goes on whatever it is, says of the TDI that it was to stop; `seen` by the device. */
export function stopAnswer(refused: StoredEvent, seen: TdispState | null): StopAnswer {
  if (seen !== null) return seen === 'unlocked' ? 'done' : 'kept';
  switch (answerOf(refused)) {
    case 'mapped':
      return 'kept';
    // Who says that the interface is in no state to be stopped has most likely been asked before.
    case 'wrong-state':
      return 'done';
    default:
      return 'refused';
  }
}

/** Whose word a read-back is, by the function that read it; a number is never decoded without knowing that. */
function encodingOf({ symbol }: StoredEvent): EncodingId | null {
  if (symbol?.startsWith('sev_tio_') === true) return 'sev-tio';
  return symbol?.startsWith('rmi_vdev_') === true ? 'rmi' : null;
}

/** The state is filled in by the time the function returns: what a probe at the entry fetches is left over from before. */
function readBacks(heard: StoredEvent, left: StoredEvent | null): ProtocolEffect[] {
  const encoding = encodingOf(heard);
  const value = parseInteger(heard.args['state']);
  if (encoding === null || value === null || heard.phase === 'enter' || heard.outcome === 'failed') return [];
  const state = decodeState(encoding, value);
  if (state === null) return [];
  const { kind: whose } = STATE_ENCODINGS[encoding];
  return [{ type: 'read-back', whose, state, ...(left !== null && state !== 'unlocked' && { leftBy: left }) }];
}

/** What is asked inside the unbind may still be put right there. */
function leftBy({ leftBy: left }: Ledger, calls: readonly StoredEvent[]): StoredEvent | null {
  return calls.some(({ kind }) => GOVERNED_BY.has(kind)) ? null : left;
}

/** Whether a hypothesis fits what was read. What a firmware believes says nothing of a device that fell to ERROR on its own. */
export function agrees(
  state: TdiState,
  { whose, state: read }: { whose: 'truth' | 'belief'; state: TdispState },
): boolean {
  if (whose === 'truth') return state.device === read;
  return read === 'error' || state.contract === read;
}

/**
 * The belief after what the firmware or the device said; null where it changes nothing. Empty where no hypothesis explains it.
 *
 * @param before closed under the silent moves.
 * @param again the guest asked for a state change since the bind, before the request that is under way.
 */
export function afterProtocol(
  before: Belief,
  heard: StoredEvent,
  ledger: Ledger,
  calls: readonly StoredEvent[],
  again = false,
): Belief | null {
  const { asked } = ledger;
  if (heard.supersededBy !== null || calls.some(({ kind }) => GOVERNED_BY.has(kind))) return null;
  if (heard.kind === 'tsm.guest_request') {
    // Its steps may have been left unfinished one by one: that it succeeded says that they came to their end.
    const isEnd = heard.phase === 'exit' && heard.outcome === 'ok' && asked?.within === heard.pairId;
    return isEnd && asked ? before.apply((state) => BRANCHES[asked.request](state, true), placeOf(heard)) : null;
  }
  const [readBack] = heard.kind === 'tdisp.state' ? readBacks(heard, leftBy(ledger, calls)) : [];
  if (readBack?.type === 'read-back') {
    // It tells what the unbind left behind, not that the function is bound.
    if (readBack.leftBy) {
      const left = (state: TdiState) => (state.bind === 'connected' ? leftIn(readBack.state) : []);
      return before.apply((state) => (agrees(state, readBack) ? [stay(state)] : left(state)), placeOf(heard));
    }
    return before.apply((state) => (agrees(state, readBack) ? [stay(state)] : []), placeOf(heard));
  }
  if (heard.kind === 'tdi.destroy' && heard.outcome === 'ok' && before.cost(isLeft) < Number.POSITIVE_INFINITY)
    return before.map((state) => (isLeft(state) ? CONNECTED : state));
  if (heard.kind === 'ide.disable' || heard.kind === 'spdm.disconnect') return afterLinkLoss(before, heard);
  if (heard.kind === 'tsm.unregister') return afterUnregister(before, heard);
  if (mayBeStop(heard, calls)) {
    // Of a trace that names neither devices nor arguments, so little is known that a legal first STOP is not to be held a START.
    const stop: Branch = { ...UNTOLD_STOP, cost: again || heard.certainty !== 'exact' ? 0 : 1 };
    return before.apply(
      (state) => (state.contract === 'unlocked' ? [stay(state)] : [stay(state), stop]),
      placeOf(heard),
    );
  }
  const request = REQUESTS[heard.kind];
  if (request === undefined) return null;
  return afterRequest(before, heard, request, calls);
}

const UNTOLD_STOP: Branch = {
  to: BOUND_UNLOCKED,
  cost: 0,
  assumes: 'the request whose kind was not recorded was a STOP',
};

/**
 * The driver's own request inside one of the guest, by the function that sends START and STOP alike, without the argument that tells
 * them apart. It says no more of what was asked for than the request around it does, and has that one's price.
 */
function mayBeStop(heard: StoredEvent, calls: readonly StoredEvent[]): boolean {
  if (heard.kind !== 'tdisp.request' || heard.outcome === 'failed') return false;
  if (heard.symbol !== 'tdx_tdi_request' && commandOf(heard) !== 'TDH.DEVIF.REQUEST') return false;
  const within = calls.findIndex(({ kind }) => kind === 'tsm.guest_request');
  const scope = parseInteger(calls[within]?.args['scope']);
  if (within === -1 || (scope !== null && scope !== STATE_CHANGE)) return false;
  return calls.slice(0, within).every(({ kind }) => kind === 'tdisp.request' || !kind.startsWith('tdisp.'));
}

/**
 * pci_tsm_unregister() unbinds and disconnects every function of the TSM that goes (drivers/pci/tsm.c): as good as an unbind, recorded
 * inside or not. Which TSM that is, and which one a function is connected to, no record tells.
 */
function afterUnregister(before: Belief, heard: StoredEvent): Belief | null {
  const isBegun = heard.symbol !== 'pci_tsm_unregister' && heard.phase === 'enter' && heard.pairId !== null;
  if (isBegun || heard.outcome === 'failed') return null;
  return before.or(before.apply(afterDisconnect, placeOf(heard)));
}

/** Without its stream or session a TDI that is locked falls to ERROR; the record does not say whether it was over that one. */
function afterLinkLoss(before: Belief, heard: StoredEvent): Belief | null {
  if (heard.outcome === 'failed' || heard.args['wants_exchange'] !== undefined) return null;
  return before.or(before.map((state) => afterDeviceEvent(state, 'stream-insecure')));
}

function afterRequest(
  before: Belief,
  heard: StoredEvent,
  request: ExplicitRequest,
  calls: readonly StoredEvent[],
): Belief | null {
  const answer = answerOf(heard);
  if (answer === 'wrong-state' || answer === 'mapped' || answer === 'not-ready' || answer === 'refused') return null;
  if (request === 'report') return null;
  const asked = calls.some(({ kind }) => kind === 'tsm.guest_request');
  const done = before.apply((state) => BRANCHES[request](state, asked), placeOf(heard));
  const isOpen = answer === 'unfinished' || answer === 'queued' || (heard.phase === 'enter' && heard.pairId !== null);
  if (isOpen) return before.or(done);
  return answer === 'ok' ? done : done.or(before, 1, `the ${request.toUpperCase()} failed`, placeOf(heard));
}

/** Where a request that succeeded leads; `asked`: as part of a request of the guest. */
const BRANCHES: Readonly<
  Record<Exclude<ExplicitRequest, 'report'>, (state: TdiState, asked: boolean) => readonly Branch[]>
> = {
  lock: (state) => (state.device === 'unlocked' ? [{ to: BOUND_LOCKED, cost: 0, assumes: null }] : []),
  // A function around the request succeeds where the TDI runs already.
  start: (state) =>
    state.device === 'locked' || state.device === 'run' ? [{ to: BOUND_RUN, cost: 0, assumes: null }] : [],
  stop(state, asked) {
    if (state.bind !== 'bound') return [stay(isLeft(state) ? CONNECTED : state)];
    if (asked) return [{ to: BOUND_UNLOCKED, cost: 0, assumes: null }];
    // Outside a request of the guest it is the unbind that stops a TDI.
    return [
      { to: CONNECTED, cost: 0, assumes: null },
      { to: BOUND_UNLOCKED, cost: 1, assumes: 'the STOP was no part of an unbind' },
    ];
  },
};

function stay(state: TdiState): Branch {
  return { to: state, cost: 0, assumes: null };
}

function placeOf({ sourceId, line }: StoredEvent): { sourceId: number; line: number } {
  return { sourceId, line };
}
