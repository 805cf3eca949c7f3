import { type Bdf, parseBdf, slotOf } from '../base/bdf.ts';
import { isBind } from '../replay/binds.ts';
import type { SourceClocks } from '../replay/clocks.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { type Excuse, excuseOf, NAMES } from './excuses.ts';
import { severityOf, weaker } from './verdict.ts';

/**
 * Events that one input records of a function without its bind, where another input whose clock does not relate has the bind:
 * each may be what the other one missed.
 */
export class Strays {
  /** Functions whose bind is recorded. */
  readonly #bound = new Set<DeviceTrack>();
  /** One of a kind and source. */
  readonly #events = new Map<Bdf, { readonly excuse: Excuse; readonly event: StoredEvent }[]>();
  /** Kinds that a source records, by source. */
  readonly #recorded = new Map<number, Set<Excuse>>();

  /** To be told of every event of a function, in order. */
  note(event: StoredEvent, track: DeviceTrack): void {
    if (isBind(event)) this.#bound.add(track);
    const excuse = excuseOf(event);
    if (excuse === null) return;
    const recorded = this.#recorded.get(event.sourceId);
    if (recorded) recorded.add(excuse);
    else this.#recorded.set(event.sourceId, new Set([excuse]));
    if (track.bdf === null || this.#bound.has(track)) return;
    const known = this.#events.get(track.bdf) ?? [];
    if (known.some((one) => one.excuse === excuse && one.event.sourceId === event.sourceId)) return;
    this.#events.set(track.bdf, [...known, { excuse, event }]);
  }

  /** After the last event: caps what a stray of another input may excuse, unless the step proves by itself what it is. */
  weigh(draft: Draft): void {
    const { track, rule, proved, violation, clocks } = draft;
    if (!rule.restsOnBind || proved || track.bdf === null) return;
    const history = clocks.history(violation.sourceId);
    for (const bdf of new Set([track.bdf, ...managersOf(track.bdf, track)])) {
      for (const { excuse, event } of this.#events.get(bdf) ?? []) {
        if (clocks.history(event.sourceId) === history) continue;
        if (bdf !== track.bdf && excuse !== 'disconnect') continue;
        // A TDI that was stopped is still bound.
        if (excuse === 'stop' && !rule.settledBy.includes('guest-request')) continue;
        // Where others of the kind are recorded, it would have been, too.
        if (excuse !== 'unbind' && this.#isRecorded(history, excuse, clocks)) continue;
        cap(draft, excuse, event);
      }
    }
  }

  #isRecorded(history: number, excuse: Excuse, clocks: SourceClocks): boolean {
    return [...this.#recorded].some(([id, kinds]) => kinds.has(excuse) && clocks.history(id) === history);
  }
}

/** Functions whose disconnect may concern this one: the core unbinds all that they manage first (find_dsm_dev, drivers/pci/tsm.c). */
function managersOf(bdf: Bdf, { pf, dsm }: DeviceTrack): Bdf[] {
  const inSlot = Array.from({ length: 8 }, (_, number) => parseBdf(`${slotOf(bdf)}.${number}`));
  return [pf, dsm, ...inSlot].filter((one) => one !== null);
}

function cap(draft: Draft, excuse: Excuse, event: StoredEvent): void {
  const verdict = weaker(draft.verdict, 'possible');
  if (verdict === draft.verdict) return;
  draft.verdict = verdict;
  draft.severity = severityOf(verdict);
  draft.assumptions.push(
    `the ${NAMES[excuse]} at ${draft.clocks.path(event.sourceId)}:${event.line} did not come before: nothing relates the clocks of the two inputs`,
  );
}
