import type { StoredEvent } from '../timeline/rows.ts';
import type { Stretch } from './stretch.ts';

type Kind = StoredEvent['kind'];

/** Operations of the core whose steps the replay does not follow: their end says what became of the TDI. */
const GOVERNS: ReadonlySet<Kind> = new Set(['tsm.unbind', 'tsm.unbind_core', 'tsm.bind', 'tsm.destroy']);

const STATE_OF_STEPS: ReadonlySet<Kind> = new Set([
  'mmio.unmap',
  'tdi.destroy',
  'tdisp.lock',
  'tdisp.start',
  'tdisp.report',
  'tdisp.request',
  'firmware.refused',
]);

/** The stretch with the core's own operation around the step taken apart, where the order of its steps is the question. */
export function opened(stretch: Stretch): Stretch {
  const { history, step } = stretch;
  if (!STATE_OF_STEPS.has(step.kind)) return stretch;
  const calls = history.callsAround(step).filter(({ kind }) => GOVERNS.has(kind));
  const ids = new Set(calls.flatMap(({ id, pairId }) => (pairId === null ? [id] : [id, pairId])));
  if (ids.size === 0) return stretch;
  const inner = history.changed((event) => (ids.has(event.id) ? null : event));
  return { ...stretch, history: inner, step: inner.event(step.id) ?? step };
}
