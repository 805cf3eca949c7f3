import type { Draft } from '../rules/draft.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/** A return that is not recorded never comes: nobody waits for longer than this. */
const HOLD_MS = { operation: 700, answer: 3000, exit: 10_000 } as const;

/**
 * How long to wait for lines that may still bear on the finding, in ms: where an operation that it rests on has begun, and its
 * end has not come, which may tell how it went.
 */
export function holdOf({ violation, evidence }: Pick<Draft, 'violation' | 'evidence'>): number {
  // do_exit() (kernel/exit.c) closes the files after it has said that the task exits, and a reset takes its time there.
  if (violation.kind === 'task.exit') return HOLD_MS.exit;
  // The answer decides whether a request in the wrong state was a mistake, and firmware takes its time.
  if (isOpen(violation) && violation.kind.startsWith('tsm.')) return HOLD_MS.answer;
  const isGoingOn = evidence.some(
    ({ event, role }) => (role === 'violation' || role === 'state' || role === 'context') && isOpen(event),
  );
  return isGoingOn ? HOLD_MS.operation : 0;
}

function isOpen({ phase, pairId }: StoredEvent): boolean {
  return phase === 'enter' && pairId === null;
}
