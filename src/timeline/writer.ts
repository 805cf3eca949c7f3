import type Database from 'better-sqlite3';
import { InputError } from '../base/errors.ts';
import type { Analysis } from '../model/analysis.ts';
import { clearAnalysisRows, insertAnalysisRows } from './analysis-rows.ts';
import { DEVICE_TOTALS, INDEXES, MERGED_TOTALS } from './building.ts';
import type { Connection } from './connection.ts';
import { EventQueue } from './event-queue.ts';
import { openReadOnly, SCHEMA_SHA256, schemaDigest } from './format.ts';
import type { Place } from './place.ts';
import { StoredTimeline } from './reader.ts';
import { type KeptAnchors, relateClocks } from './relate.ts';
import type {
  EventSoFar,
  NewDevice,
  NewHealth,
  NewSource,
  NewUnrecognised,
  SourceTotals,
  StoredEvent,
} from './rows.ts';
import { isSqliteError } from './sqlite.ts';
import { type Bindable, storableInteger, storableTime } from './statements.ts';
import type { TimelineReader, TimelineWriter } from './timeline.ts';
import { prepareWrites } from './writes.ts';

/** Anchors of all sources that are kept to be compared. */
const ANCHORS_MAX = 262_144;

/** See {@link TimelineWriter}. Takes over `db`, which is open for building at `place.workPath`. */
export class TimelineBuilder implements TimelineWriter {
  readonly reader: TimelineReader;
  readonly #place: Place;
  readonly #target: string;
  #db: Database.Database;
  #state: 'building' | 'finished' | 'gone' = 'building';
  /** Whether device rows lag behind the events. */
  #devicesStale = false;
  #previewing = false;
  readonly #statements: ReturnType<typeof prepareWrites>;
  readonly #events: EventQueue;
  readonly #anchors = new Map<number, KeptAnchors>();
  #anchorCount = 0;

  constructor(db: Database.Database, place: Place, target: string) {
    this.#db = db;
    this.#place = place;
    this.#target = target;
    this.#statements = prepareWrites(db);
    this.#events = new EventQueue(db);
    const builder = this;
    const connection: Connection = {
      get db() {
        builder.#flushEvents();
        return builder.#db;
      },
      get path() {
        return builder.#state === 'finished' ? place.finalPath : place.workPath;
      },
      symbols: () => this.#events.symbols,
      settle: () => this.#settleDevices(),
      close: () => this.#closeReader(),
    };
    this.reader = new StoredTimeline(connection);
    db.exec('begin');
  }

  addSource(source: NewSource): number {
    return this.#insert(this.#statements.source, source.path, source.format, source.compression);
  }

  finishSource(id: number, totals: SourceTotals): void {
    this.#run(
      this.#statements.finishSource,
      totals.format,
      totals.clock,
      totals.timeUnit,
      totals.firstLine,
      totals.lastLine,
      totals.lines,
      totals.records,
      totals.continuation,
      totals.events,
      totals.skipped,
      totals.unparsed,
      totals.lost,
      storableTime(totals.firstTime),
      storableTime(totals.lastTime),
      id,
    );
    this.#nextTransaction();
  }

  dropSource(id: number): void {
    this.#writing(() => {
      this.#db.prepare('delete from candidate where entity_id in (select id from entity where source_id = ?)').run(id);
      for (const table of ['event', 'entity', 'device', 'health', 'unrecognised']) {
        this.#db.prepare(`delete from ${table} where source_id = ?`).run(id);
      }
      this.#db.prepare('delete from source where id = ?').run(id);
      this.#events.reset();
      this.#anchors.delete(id);
    });
  }

  addEntity(sourceId: number): number {
    return this.#insert(this.#statements.entity, sourceId);
  }

  assignEntity(entityId: number, deviceId: number | null, certainty: NewDevice['certainty']): void {
    this.#devicesStale = true;
    this.#run(this.#statements.assignEntity, deviceId, certainty, entityId);
  }

  suggestDevices(entityId: number, deviceIds: readonly number[]): void {
    this.#run(this.#statements.assignEntity, null, 'maybe', entityId);
    for (const deviceId of deviceIds) this.#run(this.#statements.candidate, entityId, deviceId);
  }

  addDevice(device: NewDevice): number {
    return this.#insert(
      this.#statements.device,
      device.sourceId,
      device.bdf,
      device.pf,
      device.dsm,
      device.guestBdf,
      JSON.stringify(device.aliases),
      device.certainty,
      0,
    );
  }

  addEvent(event: EventSoFar): number {
    this.#devicesStale = true;
    try {
      return this.#events.add(event);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  pairEvents(enterId: number, exitId: number, outcome: StoredEvent['outcome'], code: number | null): void {
    const result = storableInteger(code);
    this.#changing(() => this.#events.pair(enterId, exitId, outcome, result));
  }

  settleEvent(id: number, outcome: StoredEvent['outcome'], code: number | null): void {
    this.#changing(() => this.#events.settle(id, outcome, storableInteger(code)));
  }

  supersedeEvent(id: number, by: number): void {
    this.#changing(() => this.#events.supersede(id, by));
  }

  addHealth(item: NewHealth): void {
    this.#run(this.#statements.health, item.sourceId, item.code, item.line, item.message, item.count);
  }

  addUnrecognised(item: NewUnrecognised): void {
    this.#run(this.#statements.unrecognised, item.sourceId, item.subsystem, item.text, item.count, item.line);
  }

  noteAnchors(sourceId: number, kept: KeptAnchors): void {
    this.#anchorCount += kept.anchors.length - (this.#anchors.get(sourceId)?.anchors.length ?? 0);
    // An archive may hold any number of logs: the later ones are not compared any more.
    if (this.#anchorCount > ANCHORS_MAX) this.#anchorCount -= kept.anchors.length;
    else this.#anchors.set(sourceId, kept);
  }

  relateClocks(): void {
    // A timeline that was read before has been merged before.
    if (this.#anchors.size === 0) return;
    this.#writing(() => {
      const health = relateClocks(this.#db, this.#anchors, () => this.#nextTransaction());
      for (const item of health) this.addHealth(item);
    });
    this.#devicesStale = true;
    this.#anchors.clear();
  }

  clearAnalysis(): void {
    this.#writing(() => clearAnalysisRows(this.#db));
  }

  writeAnalysis(analysis: Analysis): void {
    this.#writing(() => {
      this.#settleDevices();
      clearAnalysisRows(this.#db);
      insertAnalysisRows(this.#db, analysis);
      this.#makeIndexes();
    });
    this.#nextTransaction();
  }

  async preview<T>(work: () => Promise<T>): Promise<T> {
    this.#writing(() => this.#db.exec('savepoint preview'));
    this.#previewing = true;
    try {
      return await work();
    } finally {
      this.#previewing = false;
      this.#devicesStale = true;
      // A disk that is full takes the whole transaction back by itself.
      if (this.#db.open && this.#db.inTransaction) {
        this.#db.exec('rollback to preview; release preview');
        this.#events.reset();
      }
    }
  }

  finish(): void {
    this.#writing(() => {
      this.#settleDevices();
      this.#makeIndexes();
      this.#db.exec('commit');
      const digest = schemaDigest(this.#db);
      if (digest !== SCHEMA_SHA256) throw new Error(`SCHEMA_SHA256 does not fit the migrations, which make ${digest}`);
      this.#db.pragma('journal_mode = DELETE');
      this.#db.close();
    });
    this.#place.keep();
    this.#db = openReadOnly(this.#place.finalPath);
    this.#state = 'finished';
  }

  abort(): void {
    if (this.#state !== 'building') return;
    this.#state = 'gone';
    this.#db.close();
    this.#place.remove();
  }

  /** Of an unfinished timeline the writer still needs the connection. */
  #closeReader(): void {
    if (this.#state !== 'finished') return;
    this.#state = 'gone';
    this.#db.close();
    this.#place.remove();
  }

  #settleDevices(): void {
    if (!this.#devicesStale || this.#state !== 'building') return;
    this.#devicesStale = false;
    this.#writing(() => {
      this.#db.exec(this.#merged ? MERGED_TOTALS : DEVICE_TOTALS);
    });
  }

  get #merged(): boolean {
    return this.#db.prepare('select 1 from source where clock_group is not null').get() !== undefined;
  }

  #flushEvents(): void {
    if (this.#state === 'building') this.#changing(() => this.#events.flush());
  }

  #makeIndexes(): void {
    for (const index of INDEXES) this.#db.exec(index);
  }

  #nextTransaction(): void {
    if (this.#previewing) return;
    this.#writing(() => this.#db.exec('commit; begin'));
  }

  #insert(statement: Database.Statement<Bindable[]>, ...values: Bindable[]): number {
    try {
      return Number(statement.run(...values).lastInsertRowid);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #run(statement: Database.Statement<Bindable[]>, ...values: Bindable[]): void {
    try {
      statement.run(...values);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Runs what reads or changes any table. */
  #writing(write: () => void): void {
    this.#changing(() => {
      this.#events.flush();
      write();
    });
  }

  #changing(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** A full or failing disk is the user's to mend; anything else is a bug of ours and keeps its stack. */
  #explain(error: unknown): unknown {
    if (!isSqliteError(error)) return error;
    if (error.code === 'SQLITE_FULL')
      return new InputError(`${this.#target}: the disk is full; free space or ${this.#place.elsewhere}`);
    if (/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(error.code)) {
      return new InputError(`${this.#target}: cannot be written (${error.code}); ${this.#place.elsewhere}`);
    }
    return error;
  }
}
