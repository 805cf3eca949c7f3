import type { TdispState } from '../model/states.ts';
import type { Rebind } from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { isBind, isPartOfBind } from './binds.ts';
import { NO_REGISTERS, type Registers } from './config-change.ts';
import { isSamePointer } from './same-pointer.ts';
import { NO_STEPS, noteSteps, type StepNotes } from './step-orders.ts';
import { noteStream } from './stream-notes.ts';

/**
 * What was recorded of a TDI beside its state: objects and attempts. Only what was seen: after lost records
 * nothing is known. Immutable.
 */
export interface Ledger {
  /** The VM that it was bound to last, as the bind names it; null once it is unbound. */
  readonly vm: string | null;
  /** A bind, not followed by an unbind. */
  readonly bound: boolean;
  /** What tells of that bind, or of one under way, is above the core or below it: a call of the core may be the same one. */
  readonly boundBeside: boolean;
  /** Since that bind neither the VM nor the device was given up: who names the same VM means the same binding. */
  readonly held: boolean;
  /** What was known when the last bind came to its end of the one before. */
  readonly rebind: Rebind;
  /** The last bind that is proved to be a new binding, though no unbind before it was recorded: the ids of its entry and its end. */
  readonly moved: { readonly from: number; readonly end: number } | null;
  /** A connect that succeeded, not followed by a disconnect. */
  readonly connected: boolean;
  /** The LOCK inside the bind that succeeded last. */
  readonly locked: StoredEvent | null;
  /** A STOP came after it. */
  readonly stopped: boolean;
  /** The STOP that was answered with success last, and not followed by a bind, a LOCK or a START. */
  readonly stop: StoredEvent | null;
  /** The STOP of an unbind that was refused, and what it was to stop neither stopped, bound nor given up since: it may go on. */
  readonly leftBy: StoredEvent | null;
  /** The STOP that the RMM took from an unbind, by the id of that: RMI_VDEV_COMMUNICATE is to carry it out. */
  readonly queuedStop: number | null;
  /** The state that the device itself told of since, before the unbind came to its end. */
  readonly leftIn: TdispState | null;
  /** A LOCK inside a bind that has not ended yet; `done` where its own answer says that it succeeded. */
  readonly lockInBind: { readonly lock: StoredEvent; readonly done: boolean } | null;
  /** A LOCK inside a bind that failed, and whether a STOP or the end of the object followed. */
  readonly failedBind: { readonly lock: StoredEvent; readonly cleaned: boolean } | null;
  /** What a request of the guest was about, where that was recorded; `within` is the id of its entry. */
  readonly asked: { readonly within: number; readonly request: 'lock' | 'start' | 'stop' } | null;
  /** The last request of the guest of which a record shows that it carried something else than a STOP, by the id of its entry. */
  readonly carried: number | null;
  readonly steps: StepNotes;
  /** What was written to registers that a locked TDI freezes. */
  readonly registers: Registers;
}

export const NOTHING_NOTED: Ledger = {
  vm: null,
  bound: false,
  boundBeside: false,
  held: false,
  rebind: 'first',
  moved: null,
  connected: false,
  locked: null,
  stopped: false,
  stop: null,
  leftBy: null,
  queuedStop: null,
  leftIn: null,
  lockInBind: null,
  failedBind: null,
  asked: null,
  carried: null,
  steps: NO_STEPS,
  registers: NO_REGISTERS,
};

/**
 * The ledger after an event has come to its end; its beginning changes nothing.
 *
 * @param heard a return with what its entry says.
 */
export function noted(ledger: Ledger, heard: StoredEvent, calls: readonly StoredEvent[]): Ledger {
  if (heard.supersededBy !== null) return ledger;
  const next = notedOfTdi(ledger, heard, calls);
  // Of a function that loses its TSM context only what its guest and driver do goes on.
  const goesOn = next === NOTHING_NOTED && ledger !== next ? { ...NO_STEPS, guest: ledger.steps.guest } : ledger.steps;
  const steps = heard.phase === 'enter' && heard.pairId !== null ? ledger.steps : noteSteps(goesOn, heard, ledger.vm);
  return steps === next.steps ? next : { ...next, steps };
}

/** What the function's security manager, or the port above, did to a stream of the device: the call around it is that of the entry. */
export function notedOfStream(ledger: Ledger, heard: StoredEvent): Ledger {
  if (heard.supersededBy !== null || (heard.phase === 'exit' && heard.pairId !== null)) return ledger;
  const stream = noteStream(ledger.steps.stream, heard);
  return stream === ledger.steps.stream ? ledger : { ...ledger, steps: { ...ledger.steps, stream } };
}

function notedOfTdi(ledger: Ledger, heard: StoredEvent, calls: readonly StoredEvent[]): Ledger {
  if (isPartOfBind(heard, calls)) return ledger;
  // Whoever gives the device up, or binds it anew, was told of what was left behind.
  const before = afterBeginning(ledger, heard);
  // The answer to a LOCK is known with its entry, which is the line to show.
  if (heard.kind === 'tdisp.lock') {
    const isEnd = heard.phase === 'exit' && heard.pairId !== null;
    return isEnd || heard.outcome === 'failed' ? before : afterLock(before, heard, calls);
  }
  if (heard.phase === 'enter' && heard.pairId !== null) return before;
  return heard.outcome === 'failed' ? afterFailure(before, heard, calls) : afterSuccess(before, heard, calls);
}

const UNBOUND = { vm: null, bound: false, boundBeside: false, held: false, moved: null, locked: null } as const;

/** What both of two ledgers hold: of the rest nothing is known, and what may excuse a step is taken to have happened. */
export function common(one: Ledger, other: Ledger): Ledger {
  if (one === other) return one;
  const fields = Object.entries(one).map(([name, value]) => {
    const field = name as keyof Ledger;
    return [field, other[field] === value ? value : NOTHING_NOTED[field]];
  });
  return {
    ...(Object.fromEntries(fields) as unknown as Ledger),
    stopped: one.stopped || other.stopped,
    stop: one.stop ?? other.stop,
  };
}

function afterBeginning(ledger: Ledger, { kind }: StoredEvent): Ledger {
  if (kind === 'tsm.bind_core') return { ...ledger, boundBeside: ledger.boundBeside || !ledger.bound };
  if (kind === 'tsm.bind') return { ...ledger, failedBind: null, leftBy: null };
  return kind === 'vfio.disable' ? { ...ledger, failedBind: null } : ledger;
}

function afterFailure(ledger: Ledger, heard: StoredEvent, calls: readonly StoredEvent[]): Ledger {
  const unbind = unbindAround(calls);
  if (unbind !== undefined && (heard.kind === 'tdisp.stop' || isLostOnTheWay(heard, unbind, ledger)))
    return { ...ledger, leftBy: heard, leftIn: null };
  if (!isBind(heard)) return ledger;
  const attempt = ledger.lockInBind;
  const failedBind = attempt?.done ? { lock: attempt.lock, cleaned: ledger.stopped } : null;
  return { ...ledger, lockInBind: null, failedBind, boundBeside: ledger.boundBeside && ledger.bound };
}

function afterSuccess(ledger: Ledger, heard: StoredEvent, calls: readonly StoredEvent[]): Ledger {
  switch (heard.kind) {
    case 'tsm.connect':
      return heard.outcome === 'ok' ? { ...ledger, connected: true } : ledger;
    case 'tsm.bind': {
      const rebind = rebindOf(ledger, heard);
      return {
        ...ledger,
        vm: heard.args['vm'] ?? null,
        bound: true,
        boundBeside: false,
        held: true,
        rebind,
        stop: isStoppedSince(ledger, heard) ? ledger.stop : null,
        moved: rebind === 'elsewhere' ? { from: heard.pairId ?? heard.id, end: heard.id } : ledger.moved,
        connected: true,
        locked: ledger.lockInBind?.lock ?? (rebind === 'elsewhere' ? null : ledger.locked),
        lockInBind: null,
      };
    }
    case 'tsm.bind_core':
      // Above the core's own bind, or below it: one bind. What is known of the core's call says more.
      if (ledger.bound && !ledger.boundBeside) return { ...ledger, rebind: 'again' };
      return {
        ...ledger,
        rebind: ledger.bound ? 'again' : 'first',
        vm: heard.args['vm'] ?? ledger.vm,
        bound: true,
        boundBeside: true,
        held: true,
        stop: isStoppedSince(ledger, heard) ? ledger.stop : null,
        connected: true,
        locked: ledger.lockInBind?.lock ?? ledger.locked,
        lockInBind: null,
        failedBind: null,
        leftBy: null,
      };
    case 'vm.destroy':
      // Its file may be closed, and its key given back, while others still hold the VM.
      return heard.args['what'] === 'VM' ? { ...ledger, held: false } : ledger;
    case 'vfio.open':
    case 'vfio.disable':
      return { ...ledger, held: false };
    case 'firmware.call':
    case 'tdisp.report': {
      const request = carriesNoStop(heard) ? calls.find(({ kind }) => kind === 'tsm.guest_request') : undefined;
      return request === undefined ? ledger : { ...ledger, carried: request.id };
    }
    case 'tsm.unbind':
    case 'tsm.unbind_core':
      if (isOvertaken(heard, ledger)) return ledger;
      return { ...ledger, ...UNBOUND, failedBind: cleaned(ledger) };
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
    case 'tsm.destroy':
      return NOTHING_NOTED;
    case 'tsm.unregister':
      // The function is disconnected, unless it was connected to another TSM.
      return common(ledger, NOTHING_NOTED);
    case 'tdisp.start':
      return { ...ledger, asked: askedIn(calls, 'start') ?? ledger.asked, stop: null };
    case 'tdisp.stop': {
      const done = heard.outcome === 'ok' && heard.args['queued'] !== '1';
      return {
        ...ledger,
        asked: askedIn(calls, 'stop') ?? ledger.asked,
        stopped: true,
        stop: done ? heard : ledger.stop,
        leftBy: null,
        queuedStop: heard.args['queued'] === '1' ? (unbindAround(calls)?.id ?? null) : null,
        failedBind: cleaned(ledger),
      };
    }
    case 'tdi.destroy':
      return {
        ...ledger,
        locked: null,
        stopped: true,
        // Of one that has no result nothing tells that it came about: tdi_unbind() of AMD's series calls it after a refusal, too.
        leftBy: heard.outcome === 'ok' ? null : ledger.leftBy,
        failedBind: cleaned(ledger),
      };
    default:
      return ledger;
  }
}

/** The core's unbind, outermost: inside it the driver's own may be recorded, too. */
function unbindAround(calls: readonly StoredEvent[]): StoredEvent | undefined {
  return calls.findLast(({ kind }) => kind === 'tsm.unbind' || kind === 'tsm.unbind_core');
}

/** The device did not get the STOP that the RMM took, or did not answer; an RMM that is busy is asked again. */
function isLostOnTheWay({ args }: StoredEvent, unbind: StoredEvent, { queuedStop }: Ledger): boolean {
  const isCarrier = args['command_name'] === 'RMI_VDEV_COMMUNICATE' && args['status_name'] !== 'RMI_BUSY';
  return isCarrier && queuedStop === unbind.id;
}

/** A bind that gives up what it locked stops it before it returns. */
function isStoppedSince({ stop }: Ledger, bind: StoredEvent): boolean {
  return stop !== null && stop.id > (bind.pairId ?? bind.id);
}

function rebindOf({ bound, boundBeside, held, vm }: Ledger, { args, outcome }: StoredEvent): Rebind {
  const now = args['vm'];
  if (!bound || vm === null || now === undefined) return boundBeside ? 'again' : 'first';
  if (isSamePointer(vm, now)) return held || boundBeside ? 'again' : 'first';
  // Whether the core let it through is part of what tells.
  return outcome === 'ok' ? 'elsewhere' : 'first';
}

/** The end of an unbind that had done its work before: a bind to another VM has succeeded meanwhile. */
export function isOvertaken({ kind, phase, pairId }: StoredEvent, { moved }: Ledger): boolean {
  const isUnbind = kind === 'tsm.unbind' || kind === 'tsm.unbind_core';
  return isUnbind && phase === 'exit' && pairId !== null && moved !== null && moved.end > pairId;
}

function afterLock(ledger: Ledger, heard: StoredEvent, calls: readonly StoredEvent[]): Ledger {
  const done = heard.outcome === 'ok' && heard.args['queued'] !== '1';
  const binding = calls.some(isBind);
  return {
    ...ledger,
    asked: askedIn(calls, 'lock') ?? ledger.asked,
    stopped: false,
    stop: null,
    lockInBind: binding ? { lock: heard, done } : null,
  };
}

function askedIn(calls: readonly StoredEvent[], request: 'lock' | 'start' | 'stop'): Ledger['asked'] {
  const around = calls.find(({ kind }) => kind === 'tsm.guest_request');
  return around ? { within: around.id, request } : null;
}

/**
 * A request of the guest is one message: the report, or on AMD one that the firmware hands on (MMIO validation, SDTE), while a STOP is
 * TIO_TDI_UNBIND (AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a).
 */
function carriesNoStop({ kind, args }: StoredEvent): boolean {
  return kind === 'tdisp.report' || args['command_name'] === 'TIO_GUEST_REQUEST';
}

function cleaned({ failedBind }: Ledger): Ledger['failedBind'] {
  return failedBind && { ...failedBind, cleaned: true };
}

/** Whether an event of a VM or of a TSM concerns the device as far as records tie the two together. */
export function isOfVmOrTsm({ kind, args }: StoredEvent, ledger: Ledger): boolean {
  if (kind === 'tsm.unregister' || kind === 'host.sleep') return ledger.connected;
  const vm = ledger.vm ?? ledger.steps.fence?.vm ?? null;
  return kind === 'vm.destroy' && vm !== null && isSamePointer(vm, args['vm'] ?? '');
}

/** The end of a guest request whose steps were recorded as such: what it changed is known, and changes no more. */
export function asRecorded(event: StoredEvent, ledger: Ledger): StoredEvent {
  if (event.kind !== 'tsm.guest_request' || event.phase !== 'exit' || event.pairId === null) return event;
  return ledger.asked?.within === event.pairId ? { ...event, args: { ...event.args, scope: '0' } } : event;
}
