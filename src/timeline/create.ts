import { copyFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { migrations } from '../../migrations/index.ts';
import { InputError } from '../base/errors.ts';
import { openForBuilding } from './building.ts';
import { APPLICATION_ID, errorCode, openablePath, openChecked, SCHEMA_VERSION } from './format.ts';
import { TimelineInMemory } from './memory.ts';
import { type Place, placeBeside, privatePlace } from './place.ts';
import { StoredTimeline } from './reader.ts';
import { isSqliteError } from './sqlite.ts';
import type { TimelineReader, TimelineWriter } from './timeline.ts';
import { TimelineBuilder } from './writer.ts';

export interface CreateOptions {
  /** Parent of the private directory where there is no target; the system's own without it. */
  readonly temporaryDirectory?: string;
}

/**
 * Starts an empty timeline.
 *
 * @param target where it goes when it is finished; null: a private temporary file, removed by `abort`, by `reader.close` after
 *   `finish`, or when the process exits.
 * @throws InputError where `target` is a file of somebody else, or cannot be written.
 */
export async function createTimeline(target: string | null, options: CreateOptions = {}): Promise<TimelineWriter> {
  return startTimeline(target, options);
}

/**
 * Starts one that is only read by means of its {@link TimelineWriter.reader}: a file in a private place where it does not stay small.
 */
export function createTransientTimeline(options: { readonly rowsMax?: number } = {}): TimelineWriter {
  return new TimelineInMemory(() => startTimeline(null, {}), options.rowsMax);
}

function startTimeline(target: string | null, options: CreateOptions): TimelineWriter {
  const place = placeFor(target, options);
  try {
    const db = openForBuilding(place.workPath);
    try {
      migrate(db);
      return new TimelineBuilder(db, place, target ?? place.workPath);
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    place.remove();
    throw cannotWrite(error, place, target);
  }
}

/**
 * A copy of a finished timeline, to be judged anew: `clearAnalysis`, then `writeAnalysis`. `target` may be `existing`.
 *
 * @throws InputError where `existing` is no timeline of this version or is damaged, and as {@link createTimeline} does.
 */
export function createTimelineFrom(
  existing: string,
  target: string | null,
  options: CreateOptions = {},
): TimelineWriter {
  openChecked(existing).close();
  const place = placeFor(target, options);
  try {
    copyFileSync(openablePath(existing), place.workPath);
    return new TimelineBuilder(openForBuilding(place.workPath), place, target ?? place.workPath);
  } catch (error) {
    place.remove();
    throw cannotWrite(error, place, target);
  }
}

/**
 * Opens a finished timeline for reading; it may come from anywhere.
 *
 * @throws InputError where the file is none of ours, of another version, or damaged.
 */
export function openTimeline(path: string): TimelineReader {
  const db = openChecked(path);
  return new StoredTimeline({ db, path, close: () => db.close() });
}

/** Applies every step of migrations/ and names the file ours. */
function migrate(db: Database.Database): void {
  // In one go: each statement by itself would be a transaction of its own.
  db.exec(`begin; ${Object.values(migrations).flat().join(';')}; commit`);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
}

function placeFor(target: string | null, options: CreateOptions): Place {
  return target === null ? privatePlace(options.temporaryDirectory) : placeBeside(target);
}

function cannotWrite(error: unknown, place: Place, target: string | null): unknown {
  const system = isSqliteError(error) || (error instanceof Error && 'syscall' in error);
  if (!system) return error;
  return new InputError(`${target ?? place.workPath}: cannot be written (${errorCode(error)}); ${place.elsewhere}`);
}
