import { parseInteger } from '../events/numbers.ts';
import type { TdiState } from '../model/states.ts';
import type { Effect } from '../replay/effects.ts';
import type { Charge } from '../rules/rule.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { History, Unit } from './history.ts';
import { LEDGERED, NOTED, wantsStop } from './ledgered.ts';
import { isApart, isAround, isMeanwhile, movableBy, outermostAround } from './movable.ts';
import { isVessel } from './names.ts';
import { mayPass } from './physics.ts';
import { decidesNoState, setsRight, setsWrong, wantsSetup } from './turning.ts';

/** An order to try: an operation moved to the other side of another one. */
export interface Move {
  /** The record that names what is moved, and the one that names what it is moved past. */
  readonly what: StoredEvent;
  readonly other: StoredEvent;
  readonly moved: Unit;
  readonly target: Unit;
  readonly place: 'before' | 'after';
  readonly distance: number;
  /** Records are missing on the way: what it jumps over is not all known. */
  readonly overLoss: boolean;
}

/** What the search knows of the step. */
export interface Case {
  readonly history: History;
  readonly step: StoredEvent;
  readonly deviceId: number;
  readonly charge: Charge;
  readonly effect: Effect;
  /** What the TDI may be in before the step, of the states in which the step is wrong. */
  readonly states: readonly TdiState[];
}

/** Orders that are tried for one finding. */
const MOVES_MAX = 40;

/**
 * The moves that may make the step legal, the smallest first: what sets it right, recorded too late, before it; the step after
 * that; what set it wrong after the step.
 */
export function movesFor(found: Case): Move[] {
  const { history, step, deviceId } = found;
  const own = history.events.filter((event) => acts(event) && event.deviceId === deviceId);
  const at = history.events.indexOf(step);
  const later = untilBoundAnew(
    own.filter((event) => history.bounds(history.unit(event)).last > at && !isAround(history, event, step)),
    found,
  );
  const earlier = own.filter((event) => history.events.indexOf(event) < at && isApart(history, event, step));
  const moves = [
    ...later
      .filter((event) => rights(event, found))
      .flatMap((event) =>
        movableBy(history, event, step).flatMap((right) => {
          // What was under way already can only be waited for.
          const isUnderWay = history.bounds(history.unit(right)).first < at;
          const before = isUnderWay ? null : moveOf(found, right, step, 'before');
          // What an operation does itself it cannot wait for.
          const isOwnDoing = isMeanwhile(right, history.apartFrom(step, right));
          const mayWait = isMovable(step, found.effect.type) && isApart(history, right, step) && !isOwnDoing;
          return mayWait ? [before, moveOf(found, step, right, 'after')] : [before];
        }),
      ),
    ...earlier
      .filter((event) => wrongs(event, found) && mayComeLater(found, later))
      .flatMap((event) => {
        const wrongs = movableBy(history, event, step).map((wrong) => moveOf(found, wrong, step, 'after'));
        return wrongs.length === 0 ? beforeWhole(found, event) : wrongs;
      }),
  ];
  return bySize(moves)
    .filter((move, index, all) => all.findIndex((one) => keyOf(one) === keyOf(move)) === index)
    .slice(0, MOVES_MAX);
}

/** Where the core took away what the step wants, as part of something that its task tells only: the step before that. */
function beforeWhole(found: Case, event: StoredEvent): (Move | null)[] {
  const { history, step, charge } = found;
  const whole = outermostAround(history, event);
  if (!wantsSetup(charge.wrongIn) || isVessel(whole) || isMeanwhile(step, whole) || !isApart(history, whole, step))
    return [];
  return [moveOf(found, step, whole, 'before')];
}

function keyOf({ what, other, place }: Move): string {
  return `${what.id} ${place} ${other.id}`;
}

/** Those that nothing forbids: over whole records first, the smallest first, equal ones as they come. */
export function bySize(moves: readonly (Move | null)[]): Move[] {
  return moves
    .filter((move) => move !== null)
    .sort((a, b) => Number(a.overLoss) - Number(b.overLoss) || a.distance - b.distance);
}

/** Moves `what` past `other`; null where something on the way forbids it. */
export function moveOf(
  found: Pick<Case, 'history' | 'step' | 'deviceId'>,
  what: StoredEvent,
  other: StoredEvent,
  place: 'before' | 'after',
): Move | null {
  const { history, step, deviceId } = found;
  // The step goes with the call that it is part of; what sets it right comes alone: the rest of its call may be wrong here.
  const mover = what === step ? history.apartFrom(step, other) : what;
  const moved = history.unit(mover);
  const target = history.unit(history.apartFrom(other, what));
  const jumped = history.between(moved, target, place);
  if (jumped.length === 0) return null;
  const own = history.events.filter(({ id }) => moved.has(id));
  if (!mayPass(own, jumped, place === 'before' ? 'earlier' : 'later')) return null;
  const distance = operations(history, jumped, deviceId);
  return { what, other, moved, target, place, distance, overLoss: history.isBroken([...own, ...jumped]) };
}

/** Operations of the device, each with what is nested in it. */
function operations(history: History, jumped: readonly StoredEvent[], deviceId: number): number {
  const ids = new Set(jumped.map(({ id }) => id));
  const outermost = (event: StoredEvent) => history.callsAround(event).findLast(({ id }) => ids.has(id)) ?? event;
  const found = new Set<number>();
  for (const event of jumped) {
    if (event.deviceId !== deviceId && !event.maybe.includes(deviceId)) continue;
    const operation = outermost(event);
    found.add(operation.phase === 'exit' ? (operation.pairId ?? operation.id) : operation.id);
  }
  return Math.max(1, found.size);
}

/**
 * What is done after the function was bound again belongs to that bind. A fence that stands when it is bound has to be gone by then:
 * the next unbind clears its own.
 */
function untilBoundAnew(later: readonly StoredEvent[], { charge, effect }: Case): readonly StoredEvent[] {
  if (wantsSetup(charge.wrongIn) && !decidesNoState(charge.wrongIn)) return later;
  const ofNext = ({ kind }: StoredEvent) =>
    kind === 'tsm.bind' || (effect.type === 'fence-left' && ENDS_BINDING.has(kind));
  const again = later.findIndex((event) => event.outcome !== 'failed' && ofNext(event));
  return again < 0 ? later : later.slice(0, again);
}

const ENDS_BINDING: ReadonlySet<StoredEvent['kind']> = new Set(['tsm.unbind', 'tsm.unbind_core', 'tdisp.stop']);

/** An operation of the device that was under way when the step began, in another task, and leads into or out of what makes it wrong. */
export function underWay(found: Case): StoredEvent | null {
  const { history, step, deviceId } = found;
  const at = history.events.indexOf(step);
  const overlaps = (event: StoredEvent) => {
    const { first, last } = history.bounds(history.unit(event));
    return first < at && last > at && !isAround(history, event, step) && !isMeanwhile(step, event);
  };
  const own = history.events.filter((event) => event.deviceId === deviceId && acts(event));
  return own.find((event) => (rights(event, found) || wrongs(event, found)) && overlaps(event)) ?? null;
}

/** Records that begin or are an operation that did something. */
function acts({ kind, code, phase, pairId, outcome, supersededBy, certainty }: StoredEvent): boolean {
  if (supersededBy !== null || certainty === 'maybe' || certainty === 'none') return false;
  // An accept is refused so for the driver that is attached: elsewhere it need not be.
  if (outcome === 'failed' && !(kind === 'guest.accept' && code === EBUSY)) return false;
  return phase !== 'exit' || pairId === null;
}

function rights({ kind }: StoredEvent, { charge, effect, states, history, step }: Case): boolean {
  // It is part of a removal; the unbind in it can be done before.
  if (kind === 'tsm.destroy') return false;
  // What a guest asks for needs the binding.
  const ofGuest = history.callsAround(step).some((call) => call.kind === 'tsm.guest_request');
  if (ofGuest && kind.startsWith('tsm.') && !wantsSetup(charge.wrongIn)) return false;
  if (!decidesNoState(charge.wrongIn)) return setsRight(kind, charge.wrongIn, states);
  return wantsStop(effect.type) ? kind === 'tdisp.stop' : LEDGERED.has(effect.type) && NOTED.has(kind);
}

function wrongs({ kind }: StoredEvent, { charge }: Case): boolean {
  return !decidesNoState(charge.wrongIn) && setsWrong(kind, charge.wrongIn);
}

/** What people, guests and drivers do; a link that fails, and a process that is killed, come when they come. */
function isMovable(step: StoredEvent, effect: Effect['type']): boolean {
  return !isOfHardware(step) && effect !== 'owner-exit';
}

/** Nobody asked for it: a link went down, or an error made the hardware or the recovery reset it. */
export function isOfHardware({ kind, symbol, text }: StoredEvent): boolean {
  if (kind === 'pci.link_down') return true;
  return kind === 'pci.bus_reset' && symbol === null && /\b(?:DPC|AER): /.test(text);
}

/**
 * Whether what set the step wrong may come after it. A bind may, where the step belongs to making the function ready: the TDI is
 * used only later. What was released too early may always be released later.
 */
function mayComeLater({ charge, effect }: Case, later: readonly StoredEvent[]): boolean {
  if (wantsSetup(charge.wrongIn)) return true;
  if (!READIES.has(effect.type)) return false;
  const used = later.findIndex(isUse);
  const released = later.findIndex(({ kind }) => setsRight(kind, charge.wrongIn));
  return used >= 0 && (released < 0 || used < released);
}

/** What puts a function into the shape it is to be used in; a bit that is cleared, or a sleep, does not. */
const READIES: ReadonlySet<Effect['type']> = new Set(['function-reset', 'conventional-reset', 'config-change']);

/** The guest has its TDI locked or started, as far as the record tells what it asks for. */
function isUse({ kind, args }: StoredEvent): boolean {
  if (kind === 'tdisp.lock' || kind === 'tdisp.start') return true;
  return kind === 'tsm.guest_request' && (parseInteger(args['scope']) ?? STATE_CHANGE) === STATE_CHANGE;
}

const EBUSY = -16;

/** PCI_TSM_REQ_STATE_CHANGE of include/linux/pci-tsm.h. */
const STATE_CHANGE = 1;
