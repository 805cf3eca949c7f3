import type { StoredEvent } from '../timeline/rows.ts';
import type { Case, Move } from './edits.ts';
import type { History, Unit } from './history.ts';
import type { Insert } from './inserts.ts';
import { outermostAround, takerOf } from './movable.ts';
import { operationOf, recorded } from './names.ts';
import type { Change } from './order.ts';

/** A history that was changed, and how. */
export interface Edit {
  readonly change: Change;
  readonly history: History;
  /** What was moved or added, what it was moved past, and the step: nothing of it may be wrong where it stands now. */
  readonly touched: Unit;
  /** The rule has to call the step right; not where it is not asked of it any more. */
  readonly judged: boolean;
  /** Where records are missing on the way. */
  readonly overLoss: Move | null;
}

/** @param needed the rule has to call the step right. */
export function* movedEdits(
  open: Pick<Case, 'history' | 'step' | 'deviceId'>,
  moves: readonly Move[],
  needed: boolean,
): Generator<Edit> {
  const { history, step } = open;
  const named = (event: StoredEvent, past: StoredEvent) =>
    event === step ? operationOf(history, step, history.apartFrom(step, past)) : recorded(history, event);
  for (const move of moves) {
    const { what, other, moved, target, place, distance, overLoss } = move;
    yield {
      change: { kind: 'move', what: named(what, other), place, other: named(other, what), distance },
      history: history.withMoved(moved, target, place),
      touched: new Set([...moved, ...history.unit(other), ...history.unit(step)]),
      judged: needed && !isFirstBind(what, open),
      overLoss: overLoss ? move : null,
    };
  }
}

export function* insertedEdits({ history, step }: Case, inserts: readonly Insert[], judged: boolean): Generator<Edit> {
  const outermost = outermostAround(history, step);
  for (const { name, events, inside } of inserts) {
    const target = history.unit(inside ? step : outermost);
    yield {
      change: { kind: 'insert', what: name, other: operationOf(history, step, inside ? step : outermost) },
      history: withoutLeftovers(history, events).withInserted(events, target),
      touched: new Set([...history.unit(step), ...events.map(({ id }) => id)]),
      judged,
      overLoss: null,
    };
  }
}

/** As the report would say it, without lines. */
export function wordsOf(change: Change): string {
  if (change.kind === 'insert') return `a ${change.what} before ${change.other.name}`;
  return `${change.what.name} ${change.place} ${change.other.name}`;
}

/** Where an unbind is added, nothing is left for those that unbind by themselves what they take away. */
function withoutLeftovers(history: History, added: readonly StoredEvent[]): History {
  if (!added.some(({ kind }) => kind === 'tsm.unbind')) return history;
  const leftovers = history.events.filter((event) => takerOf(history, event) !== null);
  return leftovers.length === 0
    ? history
    : history.without(new Set(leftovers.flatMap((event) => [...history.unit(event)])));
}

/** The first bind of the stretch: that it succeeded says that the function was not bound before. */
function isFirstBind(event: StoredEvent, { history, deviceId }: Pick<Case, 'history' | 'deviceId'>): boolean {
  return event === history.events.find((one) => one.deviceId === deviceId && one.kind === 'tsm.bind');
}
