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

/**
 * The stretch with the core's own operation around the step taken apart, where the order of its steps is the question. Of a request of
 * the guest the step is what was asked for: nothing else is to be feared of it.
 */
export function opened(stretch: Stretch): Stretch {
  const { history, step } = stretch;
  if (!STATE_OF_STEPS.has(step.kind)) return stretch;
  const calls = history.callsAround(step);
  const governing = idsOf(calls.filter(({ kind }) => GOVERNS.has(kind)));
  const asking = idsOf(calls.filter(({ kind }) => kind === 'tsm.guest_request'));
  if (governing.size + asking.size === 0) return stretch;
  const inner = history.changed((event) => {
    if (governing.has(event.id)) return null;
    return asking.has(event.id) ? { ...event, args: { ...event.args, scope: INFORMATION } } : event;
  });
  return { ...stretch, history: inner, step: inner.event(step.id) ?? step };
}

/** PCI_TSM_REQ_INFO of include/linux/pci-tsm.h: such a request changes nothing by itself. */
const INFORMATION = '0';

function idsOf(calls: readonly StoredEvent[]): ReadonlySet<number> {
  return new Set(calls.flatMap(({ id, pairId }) => (pairId === null ? [id] : [id, pairId])));
}
