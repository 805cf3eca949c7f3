import type { EventKind } from '../events/event.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** Which way a call changes what a function is bound to. */
type Way = 'up' | 'down';

const WAYS: Partial<Record<EventKind, Way>> = {
  'tsm.connect': 'up',
  'tsm.bind': 'up',
  'tsm.bind_core': 'up',
  'tsm.guest_request': 'up',
  'tdisp.lock': 'up',
  'tdisp.start': 'up',
  'tsm.unbind': 'down',
  'tsm.unbind_core': 'down',
  'tsm.disconnect': 'down',
  'tsm.disconnect_core': 'down',
  'tsm.destroy': 'down',
};

/** Calls that are remembered: of two that overlap hardly ever more come between. */
const RECENT_MAX = 16;

interface Told {
  readonly id: number;
  /** The outermost call around it: what is done inside one call is done in its order. */
  readonly root: number;
  /** `proof`: what only a bind that has done its work makes possible. */
  readonly way: Way | 'proof';
}

/** What was recorded of the calls on a function that bind it and undo that, the latest last. */
export type Crossings = readonly Told[];

export const NO_CROSSINGS: Crossings = [];

/** With one more record, be it an entry or an end. */
export function withCall(crossings: Crossings, event: StoredEvent): Crossings {
  const way = provesBind(event) ? 'proof' : event.kind === 'tsm.guest_request' ? undefined : WAYS[event.kind];
  if (way === undefined) return crossings;
  return [...crossings.slice(1 - RECENT_MAX), { id: event.id, root: rootOf(event), way }];
}

/** A request is answered for what is bound only; inside a bind that has locked the TDI nobody else gets the lock before its end. */
function provesBind({ kind, phase, outcome }: StoredEvent): boolean {
  return (kind === 'tsm.guest_request' || kind === 'tdisp.lock') && phase !== 'enter' && outcome === 'ok';
}

/**
 * What a call that ends has to do with one the other way that it crossed. Both take the same locks (pci_tsm_rwsem and the mutex of the
 * DSM, drivers/pci/tsm.c, 7.1), and the return of a call is recorded after it has given them up: by then the other one may have had
 * its turn, or it came before. So the end of a call is no proof that it was the last one.
 *
 * @returns `none`: it crossed none; `before`: it had done its work before the other one; `either`: nothing tells.
 */
export function crossingOf(crossings: Crossings, event: StoredEvent): 'none' | 'before' | 'either' {
  const way = WAYS[event.kind];
  if (way === undefined || event.phase !== 'exit' || event.pairId === null) return 'none';
  const [entry, root] = [event.pairId, rootOf(event)];
  const since = crossings.filter(({ id }) => id > entry);
  const other = since.findIndex((one) => one.way !== 'proof' && one.way !== way && one.root !== root);
  if (other < 0) return 'none';
  const isProved = way === 'up' && since.slice(0, other).some((one) => one.way === 'proof');
  return isProved && event.outcome !== 'failed' ? 'before' : 'either';
}

function rootOf({ id, rootId, phase, pairId }: StoredEvent): number {
  return rootId ?? (phase === 'exit' && pairId !== null ? pairId : id);
}
