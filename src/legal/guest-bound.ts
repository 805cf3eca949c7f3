import type { StoredEvent } from '../timeline/rows.ts';
import { type Case, type Move, moveOf } from './edits.ts';

type Kind = StoredEvent['kind'];

/** Calls of a guest that open: their TDI has to be bound already, which for a guest its lock does. */
const OPENS: ReadonlySet<Kind> = new Set(['guest.accept', 'guest.dma']);

/**
 * Where the firmware refused a step of the guest since the TDI was not bound: what the guest recorded of its own lock and unlock tells
 * which of them stood on the wrong side. Nothing where a lock stands before the step: then it is the host that unbound it.
 */
export function onBoundSide({ history, step, deviceId }: Pick<Case, 'history' | 'step' | 'deviceId'>): (Move | null)[] {
  const at = history.events.indexOf(step);
  const own = history.events.filter((event) => event.deviceId === deviceId && isDone(event));
  const last = own.findLast((event) => history.events.indexOf(event) < at && ENDS.has(event.kind));
  if (last?.kind === 'guest.lock') return [];
  const found = { history, step, deviceId };
  if (last?.kind === 'guest.unlock' && own.some(({ id, kind }) => kind === 'guest.lock' && id < last.id))
    return [moveOf(found, step, last, 'before'), moveOf(found, last, step, 'after')];
  // Outside of its call the line may be of what is closed again.
  if (last !== undefined || !history.callsAround(step).some(({ kind }) => OPENS.has(kind))) return [];
  const lock = own.find((event) => event.kind === 'guest.lock');
  return lock === undefined ? [] : [moveOf(found, lock, step, 'before'), moveOf(found, step, lock, 'after')];
}

const ENDS: ReadonlySet<Kind> = new Set(['guest.lock', 'guest.unlock']);

/** A call that succeeded, by its entry: the lines of drivers tell of troubles only. */
function isDone({ kind, symbol, outcome, phase, pairId, supersededBy, certainty }: StoredEvent): boolean {
  if (symbol === null || supersededBy !== null || certainty === 'maybe' || certainty === 'none') return false;
  if (phase === 'exit' && pairId !== null) return false;
  return ENDS.has(kind) && (outcome === 'ok' || (kind === 'guest.unlock' && outcome === 'void'));
}
