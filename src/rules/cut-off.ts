import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { severityOf, weaker } from './verdict.ts';

/**
 * Caps what is said of a step that is recorded as the entry of a call only, where the trace ends before anything shows that the call came
 * to its harm. What the device itself says of it later does.
 */
export function weighCutOff(draft: Draft, call: StoredEvent): void {
  const { violation, proved, byLater, evidence } = draft;
  if (violation.id !== call.id || proved || byLater) return;
  if (evidence.some(({ role, event }) => role === 'confirmation' && event.kind === 'tdisp.state')) return;
  const verdict = weaker(draft.verdict, 'possible');
  if (verdict === draft.verdict) return;
  draft.verdict = verdict;
  draft.severity = severityOf(verdict);
  draft.assumptions.push('the call came to its harm: the trace ends with its entry, as far as its task goes');
  draft.toConfirm = [...draft.toConfirm, 'let the trace go on, without a loss, until the call has returned'];
}
