import type { Analysis } from '../model/analysis.ts';
import type { KeptAnchors } from './relate.ts';
import type {
  NewDevice,
  NewEvent,
  NewHealth,
  NewSource,
  NewUnrecognised,
  SourceTotals,
  StoredDevice,
  StoredEvent,
  StoredSource,
} from './rows.ts';
import { storableInteger, storableTime } from './statements.ts';
import type { TimelineReader, TimelineWriter } from './timeline.ts';

/** What reading a log writes. */
export type TimelineIntake = Pick<
  TimelineWriter,
  | 'addSource'
  | 'finishSource'
  | 'dropSource'
  | 'addEntity'
  | 'assignEntity'
  | 'suggestDevices'
  | 'addDevice'
  | 'addEvent'
  | 'pairEvents'
  | 'settleEvent'
  | 'supersedeEvent'
  | 'addHealth'
  | 'addUnrecognised'
  | 'noteAnchors'
>;

interface Entity {
  readonly sourceId: number;
  deviceId: number | null;
  certainty: StoredEvent['certainty'];
  maybe: readonly number[];
}

const NOBODY: readonly number[] = Object.freeze([]);
const NO_ARGS: Readonly<Record<string, string>> = Object.freeze({});

/** The tables of a timeline of one source as lists; index = id - 1. What comes out of them is what SQLite would give. */
export class RowsInMemory implements TimelineIntake, TimelineReader {
  readonly path = '';
  #sources: StoredSource[] = [];
  #entities: Entity[] = [];
  #devices: StoredDevice[] = [];
  #events: StoredEvent[] = [];
  #health: NewHealth[] = [];
  #unrecognised: NewUnrecognised[] = [];
  readonly #anchors = new Map<number, KeptAnchors>();
  /** Characters of all events. */
  #characters = 0;
  /** Whether events and devices lag behind what became known of them. */
  #isStale = false;

  get rows(): number {
    return this.#events.length + this.#entities.length + this.#devices.length + this.#health.length;
  }

  get characters(): number {
    return this.#characters;
  }

  get sourceCount(): number {
    return this.#sources.length;
  }

  addSource({ path, format, compression }: NewSource): number {
    const id = this.#sources.length + 1;
    this.#sources.push({
      id,
      path: asStored(path),
      format,
      compression,
      clock: 'none',
      timeUnit: 'ns',
      firstLine: 1,
      lastLine: 1,
      lines: 0,
      records: 0,
      continuation: 0,
      events: 0,
      skipped: 0,
      unparsed: 0,
      lost: 0,
      firstTime: null,
      lastTime: null,
      clockGroup: id,
      clockOffset: 0n,
      clockError: null,
    });
    return id;
  }

  finishSource(id: number, totals: SourceTotals): void {
    const source = this.#sources[id - 1];
    if (source === undefined) return;
    source.format = totals.format;
    source.clock = totals.clock;
    source.timeUnit = totals.timeUnit;
    source.firstLine = totals.firstLine;
    source.lastLine = totals.lastLine;
    source.lines = totals.lines;
    source.records = totals.records;
    source.continuation = totals.continuation;
    source.events = totals.events;
    source.skipped = totals.skipped;
    source.unparsed = totals.unparsed;
    source.lost = totals.lost;
    source.firstTime = storableTime(totals.firstTime);
    source.lastTime = storableTime(totals.lastTime);
  }

  /** There is only one. */
  dropSource(id: number): void {
    const ofNobody = this.#health.filter(({ sourceId }) => sourceId !== id);
    this.clear();
    this.#health = ofNobody;
  }

  clear(): void {
    this.#sources = [];
    this.#entities = [];
    this.#devices = [];
    this.#events = [];
    this.#health = [];
    this.#unrecognised = [];
    this.#anchors.clear();
    this.#characters = 0;
  }

  addEntity(sourceId: number): number {
    return this.#entities.push({ sourceId, deviceId: null, certainty: 'none', maybe: NOBODY });
  }

  assignEntity(entityId: number, deviceId: number | null, certainty: NewDevice['certainty']): void {
    const entity = this.#entities[entityId - 1];
    if (entity === undefined) return;
    this.#isStale = true;
    entity.deviceId = deviceId;
    entity.certainty = certainty;
  }

  suggestDevices(entityId: number, deviceIds: readonly number[]): void {
    const entity = this.#entities[entityId - 1];
    if (entity === undefined) return;
    this.#isStale = true;
    entity.deviceId = null;
    entity.certainty = 'maybe';
    entity.maybe = deviceIds.toSorted((a, b) => a - b);
  }

  addDevice({ sourceId, bdf, pf, dsm, guestBdf, aliases, certainty }: NewDevice): number {
    const id = this.#devices.length + 1;
    const totals = { fromTime: null, toTime: null, events: 0 };
    this.#isStale = true;
    return this.#devices.push({ id, sourceId, bdf, pf, dsm, guestBdf, aliases, certainty, ...totals });
  }

  addEvent(event: NewEvent): number {
    const id = this.#events.length + 1;
    this.#isStale = true;
    this.#characters += event.text.length;
    this.#events.push({
      id,
      sourceId: event.sourceId,
      line: event.line,
      endLine: event.endLine,
      time: storableTime(event.time),
      cpu: storableInteger(event.cpu),
      task: event.task === null ? null : asStored(event.task),
      pid: storableInteger(event.pid),
      kind: event.kind,
      phase: event.phase,
      outcome: event.outcome,
      code: storableInteger(event.code),
      symbol: event.symbol,
      args: isEmpty(event.args) ? NO_ARGS : event.args,
      text: asStored(event.text),
      truncated: event.truncated,
      entityId: event.entityId,
      parentId: event.parentId,
      rootId: event.rootId,
      deviceId: null,
      certainty: 'none',
      maybe: NOBODY,
      pairId: null,
      pairLine: null,
      supersededBy: null,
      duplicateOf: null,
      pairTime: null,
    });
    return id;
  }

  /** See EventQueue.pair: an outcome that is already known stands. */
  pairEvents(enterId: number, exitId: number, outcome: StoredEvent['outcome'], code: number | null): void {
    this.#isStale = true;
    const [enter, exit] = [this.#events[enterId - 1], this.#events[exitId - 1]];
    if (enter !== undefined) {
      enter.pairId = exitId;
      if (enter.outcome === 'unknown' || enter.outcome === outcome) enter.code ??= storableInteger(code);
      if (enter.outcome === 'unknown') enter.outcome = outcome;
    }
    if (exit !== undefined) exit.pairId = enterId;
  }

  settleEvent(id: number, outcome: StoredEvent['outcome'], code: number | null): void {
    const event = this.#events[id - 1];
    if (event === undefined) return;
    event.outcome = outcome;
    event.code = storableInteger(code);
  }

  supersedeEvent(id: number, by: number): void {
    const event = this.#events[id - 1];
    if (event !== undefined) event.supersededBy = by;
  }

  addHealth(item: NewHealth): void {
    const { sourceId, code, line, message, count } = item;
    this.#health.push({ sourceId, code, line, message: asStored(message), count });
  }

  addUnrecognised({ sourceId, subsystem, text, count, line }: NewUnrecognised): void {
    this.#unrecognised.push({ sourceId, subsystem, text: asStored(text), count, line });
  }

  noteAnchors(sourceId: number, anchors: KeptAnchors): void {
    this.#anchors.set(sourceId, anchors);
  }

  /** Writes all that is here into an empty timeline, which gives the same ids. */
  pourInto(writer: TimelineWriter): void {
    for (const source of this.#sources) writer.addSource(source);
    for (const { sourceId } of this.#entities) writer.addEntity(sourceId);
    for (const device of this.#devices) writer.addDevice(device);
    for (const [index, { deviceId, certainty, maybe }] of this.#entities.entries()) {
      if (certainty === 'maybe') writer.suggestDevices(index + 1, maybe);
      else if (certainty !== 'none' || deviceId !== null) writer.assignEntity(index + 1, deviceId, certainty);
    }
    for (const event of this.#events) writer.addEvent(event);
    for (const item of this.#health) writer.addHealth(item);
    for (const item of this.#unrecognised) writer.addUnrecognised(item);
    for (const [sourceId, anchors] of this.#anchors) writer.noteAnchors(sourceId, anchors);
    for (const { id, ...totals } of this.#sources) writer.finishSource(id, totals);
  }

  sources(): StoredSource[] {
    return [...this.#sources];
  }

  symbols(): string[] {
    const symbols = new Set<string>();
    for (const { symbol } of this.#events) if (symbol !== null) symbols.add(symbol);
    return [...symbols].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  devices(): StoredDevice[] {
    this.#settle();
    return [...this.#devices];
  }

  events(after: number, limit: number): StoredEvent[] {
    this.#settle();
    return this.#events.slice(after, after + limit);
  }

  event(id: number): StoredEvent | null {
    this.#settle();
    return this.#events[id - 1] ?? null;
  }

  *places(): Generator<{ id: number; sourceId: number; line: number; cpu: number | null }> {
    for (const { id, sourceId, line, cpu } of this.#events) yield { id, sourceId, line, cpu };
  }

  tracingSources(): Set<number> {
    const sources = new Set<number>();
    for (const { sourceId, symbol } of this.#events) if (symbol !== null) sources.add(sourceId);
    return sources;
  }

  cpus(): Map<number, { lowest: number; highest: number }> {
    const cpus = new Map<number, { lowest: number; highest: number }>();
    for (const { sourceId, cpu } of this.#events) {
      if (cpu === null) continue;
      const known = cpus.get(sourceId);
      if (known === undefined) cpus.set(sourceId, { lowest: cpu, highest: cpu });
      else if (cpu < known.lowest) known.lowest = cpu;
      else if (cpu > known.highest) known.highest = cpu;
    }
    return cpus;
  }

  eventsOfKind(kind: StoredEvent['kind'], limit: number): StoredEvent[] {
    this.#settle();
    return this.#events.filter((event) => event.kind === kind).slice(0, limit);
  }

  health(): NewHealth[] {
    return [...this.#health];
  }

  unrecognised(): NewUnrecognised[] {
    return [...this.#unrecognised];
  }

  analysis(): Analysis | null {
    return null;
  }

  close(): void {}

  /** Tells the events who their devices are and what their pairs say, and the devices what their events are. */
  #settle(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    for (const device of this.#devices) {
      device.fromTime = null;
      device.toTime = null;
      device.events = 0;
    }
    for (const event of this.#events) {
      const entity = event.entityId === null ? undefined : this.#entities[event.entityId - 1];
      if (entity !== undefined) {
        event.deviceId = entity.deviceId;
        event.certainty = entity.certainty;
        event.maybe = entity.maybe;
        const device = entity.deviceId === null ? undefined : this.#devices[entity.deviceId - 1];
        if (device !== undefined) count(event, device);
      }
      if (event.pairId === null) continue;
      const pair = this.#events[event.pairId - 1];
      event.pairLine = pair?.line ?? null;
      event.pairTime = pair?.time ?? null;
    }
  }
}

function count({ time }: StoredEvent, device: StoredDevice): void {
  device.events += 1;
  if (time === null) return;
  if (device.fromTime === null || time < device.fromTime) device.fromTime = time;
  if (device.toTime === null || time > device.toTime) device.toTime = time;
}

/** SQLite holds UTF-8, which has no half of a surrogate pair. */
function asStored(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

function isEmpty(args: Readonly<Record<string, string>>): boolean {
  for (const _ in args) return false;
  return true;
}
