import type { EventKind } from '../events/event.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { History } from './history.ts';

/** What firmware, device or TSM refused. */
const ANSWERED: ReadonlySet<EventKind> = new Set([
  'tdisp.lock',
  'tdisp.start',
  'tdisp.stop',
  'tdisp.report',
  'tdisp.request',
  'tdi.create',
  'tdi.destroy',
  'mmio.unmap',
  'tsm.guest_request',
  'call',
  'tsm.driver',
  'guest.accept',
]);

/** What they said of the state, or of a refusal. */
const SAYS: ReadonlySet<EventKind> = new Set(['tdisp.state', 'tdisp.refused', 'firmware.refused']);

/**
 * The same history without what the device was answered from the step on: in another order the answers may be others. The step itself
 * is taken to succeed, which the model may deny.
 */
export function withoutAnswers(history: History, step: StoredEvent, deviceId: number): History {
  const outermost = history.callsAround(step).at(-1) ?? step;
  const operation = history.unit(outermost);
  const from = Math.min(...operation);
  const around = new Set([
    step.id,
    step.pairId,
    ...history.callsAround(step).flatMap(({ id, pairId }) => [id, pairId]),
  ]);
  const ofStep = (id: number) => around.has(id);
  return history.changed((event) => {
    const isOwn = event.deviceId === deviceId || event.deviceId === null;
    if (event.id < from || !isOwn) return event;
    if (SAYS.has(event.kind) && event.id !== step.id && event.id !== step.pairId) return null;
    // A warning says that the step went wrong, where it has no result of its own.
    if (event.outcome !== 'failed' && !(ofStep(event.id) && event.args['problem'] !== undefined)) return event;
    if (ofStep(event.id)) return answered(event, 'ok');
    return ANSWERED.has(event.kind) ? answered(event, 'unknown') : event;
  });
}

/** Operations that are taken to succeed where no result was recorded. */
const SUCCEEDS: ReadonlySet<EventKind> = new Set(['tsm.connect', 'tsm.bind', 'tsm.guest_request', 'tsm.disconnect']);

/** The same history with what was recorded without a result taken to have succeeded. */
export function succeeding(history: History): History {
  return history.changed((event) =>
    event.outcome === 'unknown' && SUCCEEDS.has(event.kind) ? { ...event, outcome: 'ok', code: 0 } : event,
  );
}

function answered(event: StoredEvent, outcome: 'ok' | 'unknown'): StoredEvent {
  const args = Object.fromEntries(
    Object.entries(event.args).filter(([name]) => !name.startsWith('status') && name !== 'problem'),
  );
  return { ...event, outcome, code: null, args };
}
