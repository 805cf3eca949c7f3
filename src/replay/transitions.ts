import type { SideData } from '../input/side-data.ts';
import type { TdiState } from '../model/states.ts';
import { BOUND_LOCKED, isLeft } from '../model/tdi.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { Belief } from './belief.ts';
import { bindLocks, sawItLock, sawItNotLock } from './bind-locks.ts';
import type { CommandState } from './command.ts';
import { configChanges, noteRegisters, writesRegister } from './config-change.ts';
import { crossingOf, withCall } from './crossing.ts';
import { type Effect, farEffectsOf } from './effects.ts';
import { afterGuest, isOfGuest, noteGuestState } from './guest-belief.ts';
import { isInVain } from './guest-notes.ts';
import { learn, noteOwnerExit, noteState } from './learn.ts';
import { asRecorded, isOvertaken, noted, notedOfStream } from './ledger.ts';
import { managedStream } from './managed-stream.ts';
import { atEnd } from './meanwhile.ts';
import type { BareStep } from './open-orders.ts';
import { openedBy } from './opened-by.ts';
import {
  afterEffect,
  afterOperation,
  afterUnseenClose,
  duringOperation,
  isOperation,
  type Setting,
} from './operations.ts';
import { noVf } from './origin-notes.ts';
import type { Presence } from './presence.ts';
import {
  afterProtocol,
  asNumbered,
  isHeeded,
  protocolEffects,
  provesBinding,
  stopAnswer,
  truthOf,
} from './protocol.ts';
import { candidatesOf, heeding, isPerhaps, type Reached, reached, spreads } from './reach.ts';
import type { Scene } from './scene.ts';
import { guestOf, noteSharedFence } from './shared-fence.ts';
import { noteSessionOfNobody, noteSoleSession } from './sole-session.ts';
import { noteOtherEnd, noteSoleStream, STREAM_KINDS } from './sole-stream.ts';
import { optionsFor } from './step.ts';
import { STEP_KINDS, type StepEffect, stepEffects } from './step-orders.ts';
import type { Reach } from './topology.ts';
import type { DeviceTrack } from './track.ts';

/** Who is asked about the order of events, and told of steps. */
export interface Teller {
  tell(step: BareStep): void;
  isGivenUp(event: StoredEvent): boolean;
}

/** What events do to the devices. */
export class Transitions {
  readonly #scene: Scene;
  readonly #presence: Presence;
  readonly #teller: Teller;

  constructor(scene: Scene, presence: Presence, teller: Teller) {
    this.#scene = scene;
    this.#presence = presence;
    this.#teller = teller;
  }

  /** What an event does to the devices. */
  act(record: StoredEvent): void {
    const scene = this.#scene;
    const event = scene.calls.asCalled(record);
    if (isPerhaps(event)) {
      for (const track of candidatesOf(scene, event)) this.#actPerhaps(event, track);
      return;
    }
    const own = scene.owner(event);
    // A function that is being removed cannot be opened: this is another one on the same address.
    if (own?.removing && event.kind === 'vfio.open') own.forget(event);
    if (event.kind === 'task.exit') noteOwnerExit(scene, event);
    const calls = scene.calls.around(event);
    const found: Reached = reached(scene, event, own, calls);
    scene.resetsOutOfSight.note(scene, event, own, found.size > 0);
    const heeded = isHeeded(event) || STEP_KINDS.has(event.kind);
    if (heeded || writesRegister(event, own?.bdf, scene.options.side)) this.#heed(event, own, calls);
    const command = own?.command;
    // Of every event: forEach makes no pairs.
    found.forEach((reach, track) => {
      this.#affect(event, track, reach, calls, command);
    });
    if (own) learn(scene, this.#presence, event, own, calls);
    this.#presence.endThoseBelow(event, own, found);
    if (event.kind === 'tsm.connect') this.#presence.connectStrangers(event, own, found);
  }

  /** An event that may be of this device: it has happened to it, or it has not. */
  #actPerhaps(event: StoredEvent, track: DeviceTrack): void {
    const scene = this.#scene;
    const own: StoredEvent = { ...event, deviceId: track.id };
    const ids = spreads(scene, own) ? scene.idsOfHistory(own) : [track.id];
    const { observer } = scene;
    const { copies, refuted } = scene.onCopies(
      ids,
      (step) => observer.step(step),
      () => this.act(own),
    );
    if (!refuted) for (const [id, copy] of copies) scene.tracks.get(id)?.mayHave(copy, own);
  }

  /** @param command of the event's own function, before it. */
  #affect(
    event: StoredEvent,
    track: DeviceTrack,
    reach: Reach | null,
    calls: readonly StoredEvent[],
    command: CommandState | undefined,
  ): void {
    const { complete } = optionsFor(this.#scene.options, track);
    if (reach === null && provesClose(event, track) && !complete.has('bind'))
      track.change((before) => afterUnseenClose(before, event), afterUnseenClose(track.belief, event), event, false);
    const direct = reach === null ? this.#ownEffects(event, track) : farEffectsOf(event, reach.tie, command);
    if (direct.length === 0 && !isOperation(event)) return;
    const effects = withDisable(direct, calls);
    const options = optionsFor(this.#scene.options, track);
    const closed = track.belief.closed(options.complete);
    for (const effect of effects) {
      this.#teller.tell({ event, effect, track, belief: closed, calls, reach: this.#scene.shown(reach) });
    }
    const mayBeVf = noVf(track, options)?.isProof !== true;
    const afterEach = (before: Belief) =>
      effects.reduce((now, effect) => afterEffect(now, mayBeVf ? ofPerhapsVf(effect) : effect), before);
    // Whether what a guest does reaches the device, its VMM decides.
    const afterAll = (before: Belief) => (isOfGuest(track) ? before.or(afterEach(before)) : afterEach(before));
    // A call that two tracers recorded happened once: the record that knows more is the one that counts.
    if (isOperation(event) && event.supersededBy !== null) return;
    if (isOperation(event)) {
      this.#operate(event, track, afterAll(closed), reach !== null);
    } else if (effects.some((effect) => MOVES_STATE.has(effect.type) && isSure(effect))) {
      if (!isLost(track.belief)) track.lostIn = event.rootId ?? event.id;
      track.change(afterAll, afterAll(track.belief), event);
    }
  }

  /** @param isFar the operation is one on the DSM of the function. */
  #operate(record: StoredEvent, track: DeviceTrack, present: Belief, isFar: boolean): void {
    const event = asRecorded(this.#scene.calls.withEntry(record), track.ledger);
    const crossing = crossingOf(track.crossings, event);
    track.crossings = withCall(track.crossings, event);
    const { leftBy, leftIn, carried } = track.ledger;
    const isNoStop = carried !== null && event.phase === 'exit' && event.pairId === carried;
    const closed = isNoStop ? beforeRequest(track, carried, present) : present;
    const setting: Setting = {
      locks: bindLocks(this.#scene.options),
      again: hasAskedBefore(event, track),
      rebind: track.ledger.rebind,
      ...(event.phase === 'exit' && leftBy !== null && { stop: stopAnswer(leftBy, leftIn) }),
      ...(isNoStop && { isNoStop }),
    };
    if (isOvertaken(event, track.ledger) || crossing === 'before') return;
    const isCrossed = crossing === 'either';
    const during = event.phase === 'enter' && event.pairId !== null;
    if (asksOnly(event)) {
      // INFO and DEBUG change nothing: what can have happened unseen need not be written down.
      const answered = afterOperation(track.belief, event, setting);
      if (isCrossed) return;
      if (!answered.empty) {
        track.change((before) => afterOperation(before, event, setting), answered, event, !during);
        return;
      }
    }
    const locks = sawItLock(event, track.ledger);
    const options = optionsFor(this.#scene.options, track);
    const unlocked = sawItNotLock(event, track.ledger, options, this.#scene.recorded);
    const operateNow = (before: Belief) => {
      const done = during ? duringOperation(before, event, setting) : afterOperation(before, event, setting);
      if (locks) return done.map(asLocked);
      // What the device said before the unbind was over is how it was left.
      if (setting.stop === 'kept' && leftIn !== null) {
        const left = done.where((state) => isLeft(state) && state.device === leftIn);
        return left.empty ? done : left;
      }
      const free = unlocked ? done.where(isUnlocked) : done;
      return free.empty ? done : free;
    };
    // It may have done its work before what crossed it did.
    const operate = (before: Belief) => (isCrossed ? operateNow(before).or(before) : operateNow(before));
    const next = operate(closed);
    if (!next.empty) {
      // What is bound to another VM before the end of a bind is none of its doing.
      const isElsewhere = event.kind === 'tsm.bind' && setting.rebind === 'elsewhere';
      // Nor had an unbind that could not stop the TDI done its work before.
      const isNew = isElsewhere || setting.stop === 'kept';
      const end = (before: Belief) => (isNew ? operate(before) : atEnd(before, event, operate(before)));
      track.change(end, next, event, !during);
      if (during && event.kind === 'tsm.guest_request')
        track.requested = { id: event.id, before: closed, during: track.belief };
      return;
    }
    if (isFar) return;
    this.#contradict(event, event, track, closed);
    const implied = afterOperation(Belief.unknown(), event, setting);
    track.believe(implied.empty ? Belief.unknown() : implied, event);
  }

  /** What drivers, firmware, VM and guest say: steps of their own, and evidence of the state. */
  #heed(event: StoredEvent, own: DeviceTrack | null, calls: readonly StoredEvent[]): void {
    const heard = this.#scene.calls.heard(event);
    const during = event.phase === 'enter' && event.pairId !== null;
    const scene = this.#scene;
    const found = heeding(scene, heard, own, calls);
    for (const track of scene.tracks.values()) {
      if (found.has(track) || !scene.sameHistory(track, heard)) continue;
      track.stream = noteOtherEnd(track.stream, heard);
      if (found.size === 0) track.session = noteSessionOfNobody(track.session, heard);
    }
    const taker = event.kind === 'tsm.unbind' ? scene.takers.around(event) : null;
    const others = scene.tdxAbis.otherNumbers(heard, scene.clocks.history(heard.sourceId));
    const opened = own && openedBy(heard, own, optionsFor(scene.options, own).complete);
    for (const [track, reach] of found) {
      const closed = track.belief.closed(optionsFor(scene.options, track).complete);
      const around = taker === null ? calls : [...calls, taker];
      const answers = protocolEffects(heard, track.ledger, around, reach !== null, opened);
      const said: Effect[] = others === null ? answers : answers.map((effect) => asNumbered(effect, others));
      if (reach === null) {
        said.push(...stepEffects(heard, track.ledger.steps, calls).map((effect) => this.#withManager(effect, track)));
        const { side, platform, x86 } = scene.options;
        const isX86 = x86 || platform === 'tdx' || platform === 'sev-tio';
        said.push(...configChanges(heard, track.bdf, track.ledger.registers, side, isX86));
      }
      for (const effect of said) {
        // What is judged as it returns is shown where it was called.
        const at = effect.type === 'lock-over-stream' ? scene.calls.entryOf(event) : event;
        this.#teller.tell({ event: at, effect, track, belief: closed, calls, reach: this.#scene.shown(reach) });
      }
      if (reach === null) {
        const guest = guestOf(track);
        track.ledger = noted(track.ledger, heard, calls);
        if (heard.kind === 'tdisp.lock') track.crossings = withCall(track.crossings, heard);
        const seen = track.ledger.leftBy === null ? null : truthOf(heard);
        if (seen !== null) track.ledger = { ...track.ledger, leftIn: seen };
        noteGuestState(event, track);
        noteSharedFence(scene, heard, track, guest, found);
        noteWritten(track, heard, scene.options.side);
        track.session = noteSoleSession(track.session, heard, calls);
      } else if (STREAM_KINDS.has(heard.kind)) track.ledger = notedOfStream(track.ledger, heard);
      track.stream = noteSoleStream(track.stream, heard);
      const request = calls.find(({ kind }) => kind === 'tsm.guest_request');
      const again = request !== undefined && hasAskedBefore(request, track);
      const isVain = isInVain(heard, track.ledger.steps.guest);
      const ofGuest = reach === null && !isVain ? afterGuest(closed, heard) : null;
      const next = ofGuest ?? afterProtocol(closed, heard, track.ledger, calls, again);
      if (next === null) continue;
      if (provesBinding(heard)) noteState(event, track);
      const { ledger } = track;
      const isCrossed = reach === null && crossingOf(track.crossings, heard) !== 'none';
      const takenNow = (before: Belief) =>
        (ofGuest === null ? afterProtocol(before, heard, ledger, calls, again) : afterGuest(before, heard)) ?? before;
      const taken = (before: Belief) => (isCrossed ? takenNow(before).or(before) : takenNow(before));
      if (isCrossed || !next.empty) {
        const after = isCrossed ? next.or(closed) : next;
        track.change((before) => atEnd(before, heard, taken(before)), after, event, !during);
        continue;
      }
      this.#contradict(event, heard, track, closed);
      // Of any state some history explains it.
      track.believe(taken(Belief.unknown()), event);
    }
  }

  /** Of a stream that is missing at another function, whether it is the only one of what manages this one. */
  #withManager(effect: StepEffect, track: DeviceTrack): StepEffect {
    if (effect.type !== 'lock-over-stream' || effect.missing === null || effect.missing.at.deviceId === track.id)
      return effect;
    return { ...effect, managed: managedStream(this.#scene, track, effect.missing.at) };
  }

  /** What vfio keeps from a VF does not happen to it. */
  #ownEffects(event: StoredEvent, track: DeviceTrack): readonly Effect[] {
    const all = this.#scene.effects.given(track.command, event);
    const effects = track.isVf ? all.filter((effect) => !isOfMse(effect)) : all;
    // A call of the core inside a bind that was recorded above it asks for no other one.
    if (event.kind !== 'tsm.bind' || !track.ledger.boundBeside) return effects;
    return effects.map((effect) => (effect.type === 'bind' ? { ...effect, isPart: true } : effect));
  }

  /** No hypothesis fits. Where not every order was tried, one of the others may explain it. */
  #contradict(event: StoredEvent, heard: StoredEvent, track: DeviceTrack, before: Belief): void {
    if (this.#teller.isGivenUp(event)) return;
    this.#scene.observer.impossible(heard, track, before, this.#scene.clocks);
  }
}

/** A device is opened that was open: it was closed in between, and no record tells when. */
function provesClose({ kind, phase, pairId, outcome }: StoredEvent, { openers }: DeviceTrack): boolean {
  if (kind !== 'vfio.open' || outcome === 'failed' || openers.size === 0) return false;
  return phase !== 'exit' || pairId === null;
}

/** Without the STOP that a request might have been while it was under way, where nothing else happened meanwhile. */
function beforeRequest({ requested, belief }: DeviceTrack, id: number, present: Belief): Belief {
  return requested?.id === id && requested.during === belief ? requested.before : present;
}

/** Removing the VFs is what disabling SR-IOV does first (sriov_disable, drivers/pci/iov.c). */
function withDisable(effects: readonly Effect[], calls: readonly StoredEvent[]): readonly Effect[] {
  const isInside = calls.some((call) => call.kind === 'pci.sriov_disable');
  if (!isInside || !effects.some((effect) => effect.type === 'removal')) return effects;
  return [{ type: 'sriov-change', certain: true }, ...effects];
}

/** What happens to a function unless it is a VF. */
function ofPerhapsVf(effect: Effect): Effect {
  return isOfMse(effect) ? { ...effect, certain: false } : effect;
}

/** vfio emulates Memory Space Enable of a VF, whose own bit is fixed at 0. */
function isOfMse(effect: Effect): effect is Extract<Effect, { type: 'command-clear' }> {
  return effect.type === 'command-clear' && effect.bit === 'mse';
}

function isUnlocked({ contract }: TdiState): boolean {
  return contract === 'unlocked';
}

/** Of a state after a bind that succeeded. */
function asLocked(state: TdiState): TdiState {
  return state.contract === 'unlocked' ? BOUND_LOCKED : state;
}

function noteWritten(track: DeviceTrack, heard: StoredEvent, side: SideData | null): void {
  const registers = noteRegisters(track.ledger.registers, heard, track.bdf, side);
  if (registers !== track.ledger.registers) track.ledger = { ...track.ledger, registers };
}

const SCOPES_THAT_ASK: ReadonlySet<string> = new Set(['0', '2', '3', '0x0', '0x2', '0x3']);

/** A guest request of scope INFO, DEBUG_READ or DEBUG_WRITE (include/linux/pci-tsm.h) that succeeded. */
function asksOnly(event: StoredEvent): boolean {
  return event.kind === 'tsm.guest_request' && event.outcome === 'ok' && SCOPES_THAT_ASK.has(event.args['scope'] ?? '');
}

/** Whether the guest asked for a state change since the bind, before this request; what is perhaps another binding may be the same. */
function hasAskedBefore(event: StoredEvent, track: DeviceTrack): boolean {
  const entry = event.phase === 'exit' ? (event.pairId ?? event.id) : event.id;
  const since = track.ledger.moved?.from ?? 0;
  return track.stateEvidence.some(
    (one) => one.kind === 'tsm.guest_request' && one.id > since && one.id < entry && !asksOnly(one),
  );
}

const MOVES_STATE: ReadonlySet<Effect['type']> = new Set([
  'command-clear',
  'function-reset',
  'conventional-reset',
  'power-loss',
  'disable',
  'removal',
  'sriov-change',
]);

/** Whether the effect, as far as it is certain, is there at all: an uncertain one of these leaves the state as it is. */
function isSure(effect: Effect): boolean {
  return effect.type !== 'sriov-change' || effect.certain;
}

/** Whether the TDI has most likely left the state that was agreed on. */
function isLost(belief: Belief): boolean {
  const known = LOST.get(belief);
  if (known !== undefined) return known;
  const lost = belief.cost(isAgreed) > belief.cost(isInContract);
  LOST.set(belief, lost);
  return lost;
}

/** Of the many events that leave a belief as it is, this is asked again. */
const LOST = new WeakMap<Belief, boolean>();

function isInContract({ contract }: TdiState): boolean {
  return contract !== 'unlocked';
}

function isAgreed({ contract, device }: TdiState): boolean {
  return contract !== 'unlocked' && device === contract;
}
