import type { TdiState } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';

/** States that a call leads to, by what is called. */
const LEADS_TO: Partial<Record<StoredEvent['kind'], (state: TdiState) => boolean>> = {
  'tsm.bind': ({ bind }) => bind === 'bound',
  'tsm.bind_core': ({ bind }) => bind === 'bound',
  'tsm.connect': ({ bind }) => bind !== 'unbound',
  'tdisp.lock': ({ contract }) => contract === 'locked',
  'tdisp.start': ({ contract }) => contract === 'run',
};

/**
 * What the end of a call makes of a hypothesis: the call may have done its work long before it returned, and other things have
 * happened since. `after`: what it makes of one in which it has not.
 */
export function atEnd(before: Belief, event: StoredEvent, after: Belief): Belief {
  const isEnd = event.phase === 'exit' && event.pairId !== null && event.outcome !== 'failed';
  const leadsTo = isEnd ? LEADS_TO[event.kind] : undefined;
  return leadsTo === undefined ? after : after.or(before.where(leadsTo));
}
