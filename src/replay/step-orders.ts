import { parseInteger } from '../events/numbers.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { isBind } from './binds.ts';
import { type FenceNotes, noteFence } from './fence-notes.ts';
import { type GuestNotes, isInVain, NO_GUEST, noteGuest } from './guest-notes.ts';
import { isSamePointer } from './same-pointer.ts';
import type { ManagedStream } from './sole-stream.ts';
import { NO_STREAM, noteStream, type StreamNotes } from './stream-notes.ts';

/**
 * What was recorded of steps that have an order of their own, beside the state of the TDI. Where something was lost nothing is
 * known, and nothing is held against anybody.
 */
export interface StepNotes {
  /** The TDI was started since its LOCK. */
  readonly ran: boolean;
  readonly fence: FenceNotes | null;
  readonly stream: StreamNotes;
  readonly guest: GuestNotes;
}

export const NO_STEPS: StepNotes = { ran: false, fence: null, stream: NO_STREAM, guest: NO_GUEST };

/** Steps that are right or wrong by what was done before them, or by what the firmware or the kernel says of that. */
export type StepEffect =
  /** `vm`: whom the function is given to next: the guest whose fence stands, another one, or nobody knows. */
  | {
      readonly type: 'fence-left';
      readonly left: FenceNotes['left'];
      readonly at: StoredEvent;
      readonly vm: 'same' | 'other' | 'unknown';
      /** A fence that was taken away since and may be this one. */
      readonly perhaps?: StoredEvent | undefined;
    }
  /** `managed`: of a function that another one manages, the only stream of that one. */
  | {
      readonly type: 'lock-over-stream';
      readonly missing: StreamNotes['missing'];
      readonly managed?: ManagedStream | null;
    }
  | { readonly type: 'stream-enable'; readonly portFirst: StoredEvent | null }
  /** `refused`: with an answer that a driver on the device gives, too. `early`: locked, not accepted as far as was recorded. */
  | {
      readonly type: 'driver-attached';
      readonly step: 'lock' | 'accept' | 'probe';
      readonly how: 'refused' | 'early' | 'right';
      readonly locked: StoredEvent | null;
    }
  /** `attached`: nothing is said of it, but a driver was seen to be attached by `driver`. */
  | { readonly type: 'guest-unlock'; readonly left: 'driver' | 'mmio' | null }
  | { readonly type: 'guest-unlock'; readonly left: 'attached'; readonly driver: StoredEvent }
  /**
   * `unbound`: the firmware says that the TDI is not bound; what takes DMA and MMIO away again is refused with the same lines. `asked`:
   * the call that asked for it, where that was recorded around the line.
   */
  | {
      readonly type: 'dma-open';
      readonly how: 'unbound' | 'early' | 'right';
      readonly locked: StoredEvent | null;
      readonly asked?: StoredEvent | undefined;
    }
  | { readonly type: 'mmio-accept'; readonly how: 'unbound' | 'right'; readonly asked?: StoredEvent | undefined }
  | { readonly type: 'system-sleep'; readonly state: string }
  /** The sleep that was begun last did not come about. */
  | { readonly type: 'sleep-given-up' };

/** Kinds that only these orders look at: they act, and they are heeded. */
export const STEP_KINDS: ReadonlySet<StoredEvent['kind']> = new Set([
  'fence.status',
  'fence.clear',
  'mmio.share',
  'mmio.accept',
  'ide.alloc',
  'ide.claim',
  'ide.setup',
  'ide.enable',
  'ide.teardown',
  'ide.free',
  'guest.lock',
  'guest.unlock',
  'guest.dma',
  'driver.probe',
  'driver.remove',
  'host.sleep',
]);

/** Records that name no device of their own: the call around them tells whom they concern. */
export const TOLD_BY_CALL: ReadonlySet<StoredEvent['kind']> = new Set([
  'firmware.refused',
  'fence.status',
  'fence.clear',
]);

/**
 * After an event has come to its end.
 *
 * @param vm the one that the function was bound to before it, as far as a record names it.
 */
export function noteSteps(notes: StepNotes, heard: StoredEvent, vm: string | null): StepNotes {
  const ran = hasRun(notes.ran, heard);
  const fence = noteFence(notes.fence, heard, { ran: notes.ran, vm });
  const stream = noteStream(notes.stream, heard);
  const guest = noteGuest(notes.guest, heard);
  const same = ran === notes.ran && fence === notes.fence && stream === notes.stream && guest === notes.guest;
  return same ? notes : { ran, fence, stream, guest };
}

function hasRun(ran: boolean, heard: StoredEvent): boolean {
  if (heard.outcome === 'failed') return ran;
  if (heard.kind === 'tdisp.start') return true;
  return heard.kind === 'tdisp.lock' || isBind(heard) ? false : ran;
}

const EINVAL = -22;
const ENXIO = -6;
const EBUSY = -16;

/** What a step, as it begins, is in the order of its own. */
export function stepEffects(heard: StoredEvent, notes: StepNotes, calls: readonly StoredEvent[]): StepEffect[] {
  if (heard.supersededBy !== null) return [];
  if (heard.phase === 'exit' && heard.pairId !== null) return atReturn(heard, notes);
  switch (heard.kind) {
    case 'mmio.share':
      return fenceLeft(heard, notes);
    case 'tsm.bind':
      if (!isLocking(heard)) return [];
      return [...fenceLeft(heard, notes), ...(heard.pairId === null ? overStream(notes) : [])];
    case 'tdisp.lock':
      return heard.pairId === null ? overStream(notes) : [];
    case 'ide.enable':
      return enabling(heard, notes, calls);
    case 'guest.lock':
      return [{ type: 'driver-attached', step: 'lock', how: refusal(heard), locked: null }];
    case 'guest.accept':
      return [{ type: 'driver-attached', step: 'accept', how: refusal(heard), locked: null }];
    case 'driver.probe':
      if (notes.guest.locked === null || heard.outcome === 'failed') return [];
      return [probing(notes.guest)];
    case 'guest.unlock':
      return [unlocking(heard, notes.guest)];
    case 'guest.dma':
      return opening(heard, notes, calls);
    case 'mmio.accept':
      return accepting(heard, calls);
    case 'host.sleep':
      if (heard.outcome === 'failed') return [{ type: 'sleep-given-up' }];
      return [{ type: 'system-sleep', state: heard.args['state'] ?? 'sleep' }];
    default:
      return [];
  }
}

function unlocking(heard: StoredEvent, guest: GuestNotes): StepEffect {
  const left = leftAt(heard);
  if (left === null && guest.driver !== null && isInVain(heard, guest))
    return { type: 'guest-unlock', left: 'attached', driver: guest.driver };
  return { type: 'guest-unlock', left };
}

function probing({ locked, accepted }: GuestNotes): StepEffect {
  return { type: 'driver-attached', step: 'probe', how: accepted ? 'right' : 'early', locked };
}

function fenceLeft(heard: StoredEvent, { fence }: StepNotes): StepEffect[] {
  // To bind a function that is still bound does nothing.
  if (fence === null || (heard.kind === 'tsm.bind' && !fence.unbound)) return [];
  return [{ type: 'fence-left', left: fence.left, at: fence.at, vm: givenTo(heard, fence), perhaps: fence.perhaps }];
}

/** Whom the function is given to, as far as the address of the VM tells. */
function givenTo({ args, pid }: StoredEvent, { vm, guest, unboundBy }: FenceNotes): 'same' | 'other' | 'unknown' {
  const to = args['vm'] ?? null;
  if (to === null || vm === null) return guest === 'destroyed' ? 'other' : 'unknown';
  if (!isSamePointer(to, vm) || guest === 'destroyed') return 'other';
  if (guest === undefined) return 'same';
  // Whoever opens the device again after it had closed it most likely has the VM that it had.
  return pid !== null && pid === unboundBy ? 'unknown' : 'other';
}

/**
 * A call that locks may enable the stream before it does, and disable it as it gives up: it is judged as it returns, by what was there
 * before it or is now.
 */
function atReturn(heard: StoredEvent, { stream }: StepNotes): StepEffect[] {
  if (!isLocking(heard) || (stream.missing !== null && stream.missing.at.id > (heard.pairId ?? 0))) return [];
  return overStream({ stream });
}

/** The core refuses a bind with these two before anybody asks the device. */
function isLocking({ kind, outcome, code }: StoredEvent): boolean {
  if (kind === 'tdisp.lock') return true;
  return kind === 'tsm.bind' && !(outcome === 'failed' && (code === EINVAL || code === ENXIO));
}

function overStream({ stream }: Pick<StepNotes, 'stream'>): StepEffect[] {
  if (stream.enabled.length > 0) return [{ type: 'lock-over-stream', missing: null }];
  return stream.missing === null ? [] : [{ type: 'lock-over-stream', missing: stream.missing }];
}

/** Only inside a connect, and only with the stream's name, it is certain that two calls are about the ends of one stream. */
function enabling(heard: StoredEvent, { stream }: StepNotes, calls: readonly StoredEvent[]): StepEffect[] {
  const { ide } = heard.args;
  const ofConnect = calls.some(({ kind, deviceId }) => kind === 'tsm.connect' && deviceId === heard.deviceId);
  if (ide === undefined || !ofConnect) return [];
  const first = stream.enabled.find((one) => one.ide === ide)?.first ?? null;
  return [{ type: 'stream-enable', portFirst: first?.deviceId === heard.deviceId ? null : first }];
}

/** Only a call has an answer of its own; the lines of drivers tell of other troubles. */
function refusal({ outcome, code, symbol }: StoredEvent): 'refused' | 'right' {
  return symbol !== null && outcome === 'failed' && code === EBUSY ? 'refused' : 'right';
}

/** What pci_tsm_unlock() warns of; after the WARN of a driver it does nothing. */
function leftAt({ args }: StoredEvent): 'driver' | 'mmio' | null {
  const problem = args['problem'];
  if (problem === 'unlock attempted on driver attached device') return 'driver';
  return problem === 'MMIO resource still assigned' ? 'mmio' : null;
}

/** TDI_UNBOUND of MMIO_VALIDATE and TDI_NOT_BOUND of SDTE_WRITE: 2 in every revision of the messages. */
const NOT_BOUND = 2;

function isUnbound({ outcome, args }: StoredEvent): boolean {
  return outcome === 'failed' && args['status'] !== undefined && parseInteger(`0x${args['status']}`) === NOT_BOUND;
}

/**
 * The call of the guest that the line of its driver stands in; it has to be seen to return behind it, or the task may have gone on to
 * another one. What an accept takes back as it gives up comes behind the line of what failed: sev_guest_accept() and
 * tio_tdi_mmio_validate(), AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5.
 */
function askedBy(
  { id, deviceId }: StoredEvent,
  calls: readonly StoredEvent[],
  kind: StoredEvent['kind'],
): StoredEvent | undefined {
  return calls.find(
    (call) => call.kind === kind && call.symbol !== null && call.deviceId === deviceId && (call.pairId ?? 0) > id,
  );
}

function opening(heard: StoredEvent, { guest }: StepNotes, calls: readonly StoredEvent[]): StepEffect[] {
  if (isUnbound(heard))
    return [{ type: 'dma-open', how: 'unbound', locked: null, asked: askedBy(heard, calls, 'guest.dma') }];
  // The line of the driver does not tell whether DMA was opened or closed.
  if (heard.symbol === null || heard.outcome === 'failed' || guest.locked === null) return [];
  return [{ type: 'dma-open', how: guest.accepted ? 'right' : 'early', locked: guest.locked }];
}

function accepting(heard: StoredEvent, calls: readonly StoredEvent[]): StepEffect[] {
  if (heard.args['world'] !== 'guest') return [];
  if (isUnbound(heard)) return [{ type: 'mmio-accept', how: 'unbound', asked: askedBy(heard, calls, 'guest.accept') }];
  return heard.outcome === 'failed' ? [] : [{ type: 'mmio-accept', how: 'right' }];
}
