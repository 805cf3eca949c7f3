import type Database from 'better-sqlite3';
import type { ClockGroup } from './clock-groups.ts';
import { enclose } from './merge-calls.ts';
import { uniteDevices } from './merge-devices.ts';
import { markDuplicates } from './merge-duplicates.ts';
import { renumber } from './merge-order.ts';

/*
 * Sources whose clocks relate become one history. Their events are numbered anew, so that the order of ids is the order of
 * events for everybody who reads the file: by aligned time, each source in the order of its own lines, whatever its stamps say.
 * A function with one address is one device, and the same message in two sources is one event.
 */

/**
 * Makes one history of the sources of `group`. Nothing else in the timeline changes.
 *
 * @param settle ends the transaction and begins the next one, if that can be: what changes in one is kept in memory.
 * @returns the addresses of which it could not be told which device of one source is which of another.
 */
export function mergeSources(db: Database.Database, group: ClockGroup, settle: () => void): string[] {
  const first = group.members[0]?.sourceId ?? 0;
  const place = db.prepare('update source set clock_group = ?, clock_offset = ?, clock_error = ? where id = ?');
  for (const { sourceId, offset, error } of group.members) place.run(first, offset, error, sourceId);
  renumber(db, group.members, settle);
  const apart = uniteDevices(db, group.members);
  markDuplicates(db, group.members);
  enclose(db, group.members);
  return apart;
}
