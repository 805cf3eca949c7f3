import type { StoredEvent } from '../timeline/rows.ts';
import { answerOf } from './protocol.ts';

/**
 * What set up the only SPDM session that the TSM has with a device: a command to its firmware. Null where it has none, as far as was
 * recorded; `several` where there may be another one. Of the RMM no call tells: it sets one up with the device's object, step by step.
 */
export type SoleSession = StoredEvent | 'several' | null;

/**
 * After a command of the TSM's driver to a device's security manager. The core's disconnect ends no session by itself: its driver does.
 *
 * @param heard an entry with what its return says.
 */
export function noteSoleSession(before: SoleSession, heard: StoredEvent, calls: readonly StoredEvent[]): SoleSession {
  const { kind } = heard;
  if (kind !== 'spdm.connect' && kind !== 'spdm.disconnect') return before;
  const isReturn = heard.phase === 'exit' && heard.pairId !== null;
  // What a wrapper and the call inside it tell happened once.
  if (isReturn || heard.supersededBy !== null || calls.some((call) => call.kind === kind)) return before;
  if (before === 'several' || heard.certainty !== 'exact') return 'several';
  if (kind === 'spdm.connect') {
    if (before !== null) return 'several';
    return isUndone(heard) ? null : heard.outcome === 'ok' ? heard : 'several';
  }
  if (isUndone(heard)) return before;
  // What is only queued is still to be carried out.
  return answerOf(heard) === 'ok' ? null : 'several';
}

/** After a command that names no device: it may be of this one. */
export function noteSessionOfNobody(before: SoleSession, { kind }: StoredEvent): SoleSession {
  return kind === 'spdm.connect' || kind === 'spdm.disconnect' ? 'several' : before;
}

/** Refused, or the firmware wants a message to be sent first and is asked again: an answer that leaves the outcome open names it. */
function isUndone({ outcome, args }: StoredEvent): boolean {
  if (outcome !== 'unknown') return outcome === 'failed';
  return args['wants_exchange'] !== undefined || args['status_name'] !== undefined;
}
