import type { Analysis } from '../model/analysis.ts';
import type { KeptAnchors } from './relate.ts';
import type { NewDevice, NewEvent, NewHealth, NewSource, NewUnrecognised, SourceTotals, StoredEvent } from './rows.ts';
import { RowsInMemory, type TimelineIntake } from './rows-in-memory.ts';
import type { TimelineReader, TimelineWriter } from './timeline.ts';

/** Rows that are kept in memory, some 500 bytes each. */
const ROWS_MAX = 24_576;
/** Characters of their lines. */
const CHARACTERS_MAX = 8_388_608;

/**
 * A timeline that is in memory as long as it is small and of one source, as that of a kernel log nearly always is: to write some
 * thousand events to SQLite and to read them back takes as long as to judge them. What is larger goes on as a file.
 */
export class TimelineInMemory implements TimelineWriter {
  readonly #create: () => TimelineWriter;
  readonly #rows = new RowsInMemory();
  #stored: TimelineWriter | null = null;
  readonly #rowsMax: number;
  #isGone = false;

  /** @param create starts the empty file for what is too large. */
  constructor(create: () => TimelineWriter, rowsMax = ROWS_MAX) {
    this.#create = create;
    this.#rowsMax = rowsMax;
  }

  get reader(): TimelineReader {
    return this.#stored?.reader ?? this.#rows;
  }

  addSource(source: NewSource): number {
    return (this.#rows.sourceCount > 0 ? this.#store() : this.#intake()).addSource(source);
  }

  finishSource(id: number, totals: SourceTotals): void {
    this.#intake().finishSource(id, totals);
  }

  dropSource(id: number): void {
    this.#intake().dropSource(id);
  }

  addEntity(sourceId: number): number {
    return this.#intake().addEntity(sourceId);
  }

  assignEntity(entityId: number, deviceId: number | null, certainty: NewDevice['certainty']): void {
    this.#intake().assignEntity(entityId, deviceId, certainty);
  }

  suggestDevices(entityId: number, deviceIds: readonly number[]): void {
    this.#intake().suggestDevices(entityId, deviceIds);
  }

  addDevice(device: NewDevice): number {
    return this.#intake().addDevice(device);
  }

  addEvent(event: NewEvent): number {
    return this.#intake().addEvent(event);
  }

  pairEvents(enterId: number, exitId: number, outcome: StoredEvent['outcome'], code: number | null): void {
    this.#intake().pairEvents(enterId, exitId, outcome, code);
  }

  settleEvent(id: number, outcome: StoredEvent['outcome'], code: number | null): void {
    this.#intake().settleEvent(id, outcome, code);
  }

  supersedeEvent(id: number, by: number): void {
    this.#intake().supersedeEvent(id, by);
  }

  addHealth(item: NewHealth): void {
    this.#intake().addHealth(item);
  }

  addUnrecognised(item: NewUnrecognised): void {
    this.#intake().addUnrecognised(item);
  }

  noteAnchors(sourceId: number, anchors: KeptAnchors): void {
    this.#intake().noteAnchors(sourceId, anchors);
  }

  /** One source has nobody to relate to. */
  relateClocks(): void {
    this.#stored?.relateClocks();
  }

  clearAnalysis(): void {
    this.#stored?.clearAnalysis();
  }

  writeAnalysis(analysis: Analysis): void {
    this.#store().writeAnalysis(analysis);
  }

  preview<T>(work: () => Promise<T>): Promise<T> {
    return this.#store().preview(work);
  }

  finish(): void {
    this.#store().finish();
  }

  abort(): void {
    this.#isGone = true;
    this.#stored?.abort();
  }

  #intake(): TimelineIntake {
    if (this.#stored !== null) return this.#stored;
    const isSmall = this.#rows.rows < this.#rowsMax && this.#rows.characters < CHARACTERS_MAX;
    return isSmall ? this.#rows : this.#store();
  }

  /** From here on all is in a file. */
  #store(): TimelineWriter {
    if (this.#stored !== null) return this.#stored;
    if (this.#isGone) throw new Error('a timeline that was given up');
    const stored = this.#create();
    this.#stored = stored;
    this.#rows.pourInto(stored);
    this.#rows.clear();
    return stored;
  }
}
