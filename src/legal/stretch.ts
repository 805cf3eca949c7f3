import { SourceClocks } from '../replay/clocks.ts';
import { Coverage } from '../replay/coverage.ts';
import { reachesFar } from '../replay/protocol.ts';
import type { RecordedEvents } from '../replay/recorded.ts';
import type { ReplayOptions } from '../replay/replay.ts';
import { TOLD_BY_CALL } from '../replay/step-orders.ts';
import type { Draft } from '../rules/draft.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { History } from './history.ts';

/** What a stretch is read from: a timeline is one. */
export interface Shelf extends RecordedEvents {
  eventsOfKind(kind: StoredEvent['kind'], limit: number): readonly StoredEvent[];
}

/** What happened to one device around a finding, and the step that the finding is about. */
export interface Stretch {
  readonly history: History;
  readonly step: StoredEvent;
  readonly deviceId: number;
  /** A time of the device's records falls: the lines are not in the order of the events. */
  readonly isDisordered: boolean;
}

/** Records of the device on either side of the step. */
const RECORDS_MAX = 400;
/** Records of whomever on either side that are looked at for them. */
const SIGHT_MAX = 4096;
const PAGE = 512;
/** Bridges and their like that were announced before: a machine has some dozens. */
const TIES_MAX = 256;

/** Reads stretches out of one timeline; findings stand close together, and so do the pages that they need. */
export class Stretches {
  readonly #shelf: Shelf;
  readonly #clocks: SourceClocks;
  readonly #coverage: Coverage;
  readonly #pages = new Map<number, readonly StoredEvent[]>();

  constructor(shelf: Shelf, { gaps, fromBoot, complete }: Pick<ReplayOptions, 'gaps' | 'fromBoot' | 'complete'>) {
    this.#shelf = shelf;
    this.#clocks = new SourceClocks(shelf.sources());
    this.#coverage = new Coverage(shelf, this.#clocks, gaps, fromBoot || complete.has('start'));
  }

  /** Null where the record of the step is not to be found. */
  of({ violation, operation, track }: Draft): Stretch | null {
    const isOwn = (violation.rootId ?? violation.id) === operation;
    const step = isOwn ? violation : this.#shelf.event(operation);
    if (step === null) return null;
    // What was in the registers of a port, earlier records tell.
    const isOfPort = (event: StoredEvent) => event.deviceId !== null && event.deviceId === step.deviceId;
    const counts = (event: StoredEvent) =>
      event.duplicateOf === null &&
      this.#clocks.history(event.sourceId) === this.#clocks.history(step.sourceId) &&
      (concerns(event, track.id) || this.#isPartOf(event, track.id) || isOfPort(event));
    const before = this.#before(operation, track.id, counts);
    const after = this.#after(operation, step, track.id, counts);
    const events = this.#withCalls([...before, ...after]);
    const ties = step.deviceId === track.id ? [] : this.#ties(events[0]?.id ?? operation, step);
    const history = this.#history([...ties, ...events]);
    const known = history.event(step.id);
    if (known === null) return null;
    const own = events.filter(({ deviceId }) => deviceId === track.id);
    return { history, step: known, deviceId: track.id, isDisordered: falls(own) };
  }

  /** A record without a device inside an operation on this one. */
  #isPartOf({ deviceId, maybe, rootId }: StoredEvent, wanted: number): boolean {
    return deviceId === null && maybe.length === 0 && rootId !== null && this.#at(rootId)?.deviceId === wanted;
  }

  /** Back to where the function was opened for the bind, or came into being. */
  #before(operation: number, deviceId: number, counts: (event: StoredEvent) => boolean): StoredEvent[] {
    const found: StoredEvent[] = [];
    let own = 0;
    let bound = false;
    for (let id = operation - 1; id > 0 && id >= operation - SIGHT_MAX && own < RECORDS_MAX; id--) {
      const event = this.#at(id);
      if (event === null || !counts(event)) continue;
      found.push(event);
      if (event.deviceId !== deviceId) continue;
      own += 1;
      const begins = event.phase !== 'exit' || event.pairId === null;
      bound ||= event.kind === 'tsm.bind' && begins && event.outcome !== 'failed';
      if (begins && (event.kind === 'pci.add' || (bound && event.kind === 'vfio.open'))) break;
    }
    return found.reverse();
  }

  /** On to the next bind, use or end of the function: what is done after that belongs to another history. */
  #after(
    operation: number,
    step: StoredEvent,
    deviceId: number,
    counts: (event: StoredEvent) => boolean,
  ): StoredEvent[] {
    const found: StoredEvent[] = [];
    let own = 0;
    let released = false;
    for (let id = operation; id < operation + SIGHT_MAX && own < RECORDS_MAX; id++) {
      const event = this.#at(id);
      if (event === null && this.#isPastEnd(id)) break;
      if (event === null || !counts(event)) continue;
      const isInside = event.id === step.id || (event.rootId ?? event.id) === operation;
      const begins = event.phase !== 'exit' || event.pairId === null;
      const isOwn = event.deviceId === deviceId;
      if (isOwn && !isInside && begins && event.kind === 'pci.add') break;
      if (isOwn && !isInside && begins && released && AFRESH.has(event.kind)) break;
      found.push(event);
      if (isOwn) own += 1;
      if (isOwn && (RELEASES.has(event.kind) || (event.kind === 'tsm.bind' && !isInside))) released = true;
    }
    return found;
  }

  /** With the calls around, where they began earlier: what they hold is judged in them. */
  #withCalls(events: readonly StoredEvent[]): StoredEvent[] {
    const known = new Map(events.map((event) => [event.id, event]));
    for (const event of events) {
      const starts = [event.parentId, event.phase === 'exit' ? event.pairId : null];
      for (const start of starts) {
        for (let id = start; id !== null && !known.has(id); ) {
          const call = this.#shelf.event(id);
          if (call === null) break;
          known.set(id, call);
          id = call.parentId;
        }
      }
    }
    return [...known.values()].sort((a, b) => a.id - b.id);
  }

  /** What told before the stretch who stands below whom. */
  #ties(before: number, { sourceId }: StoredEvent): StoredEvent[] {
    return (['pci.bridge', 'pci.bus', 'pci.vf', 'aer.source'] as const)
      .flatMap((kind) => this.#shelf.eventsOfKind(kind, TIES_MAX))
      .filter(
        (event) =>
          event.id < before &&
          event.duplicateOf === null &&
          this.#clocks.history(event.sourceId) === this.#clocks.history(sourceId),
      )
      .sort((a, b) => a.id - b.id);
  }

  /** Where the pieces were put together, what lies between them counts: what is missing there is missing here. */
  #history(events: readonly StoredEvent[]): History {
    const gaps = new Set<number>();
    let last: StoredEvent | undefined;
    for (const event of events) {
      if (last !== undefined && this.#coverage.lostBetween(last, event)) gaps.add(event.id);
      last = event;
    }
    return new History(events, gaps);
  }

  #at(id: number): StoredEvent | null {
    const events = this.#page(id);
    // Ids may have holes, where a part of the input was given up.
    const guess = events[(id - 1) % PAGE];
    return guess?.id === id ? guess : (events.find((event) => event.id === id) ?? null);
  }

  #isPastEnd(id: number): boolean {
    return (this.#page(id).at(-1)?.id ?? 0) < id;
  }

  #page(id: number): readonly StoredEvent[] {
    const page = Math.floor((id - 1) / PAGE);
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const events = this.#shelf.events(page * PAGE, PAGE);
    if (this.#pages.size >= PAGES_MAX) this.#pages.delete(this.#pages.keys().next().value ?? page);
    this.#pages.set(page, events);
    return events;
  }
}

/** Both sides of a finding and some more. */
const PAGES_MAX = 24;

const RELEASES: ReadonlySet<StoredEvent['kind']> = new Set([
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.disconnect',
  'tsm.destroy',
]);
const AFRESH: ReadonlySet<StoredEvent['kind']> = new Set(['tsm.bind', 'vfio.open', 'tsm.connect']);

/** What one function suffers from what is done to another one, a VM or a TSM. */
const REACHES_FAR: ReadonlySet<StoredEvent['kind']> = new Set([
  'tsm.connect',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'task.exit',
  'pci.flr',
  'pci.reset',
  'pci.bus_reset',
  'vfio.ioctl',
  'pci.sriov_enable',
  'pci.sriov_disable',
  'pci.remove',
  'pci.link_down',
  'pci.bridge',
  'pci.bus',
  'pci.vf',
  'aer.source',
]);

function falls(events: readonly StoredEvent[]): boolean {
  const latest = new Map<number, bigint>();
  return events.some(({ sourceId, time }) => {
    if (time === null) return false;
    const before = latest.get(sourceId);
    latest.set(sourceId, time);
    return before !== undefined && time < before;
  });
}

function concerns(event: StoredEvent, deviceId: number): boolean {
  if (event.deviceId === deviceId || event.maybe.includes(deviceId)) return true;
  return event.maybe.length === 0 && (REACHES_FAR.has(event.kind) || TOLD_BY_CALL.has(event.kind) || reachesFar(event));
}
