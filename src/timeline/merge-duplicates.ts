import type Database from 'better-sqlite3';
import type { ClockMember } from './clock-groups.ts';
import { inOrder } from './merge-order.ts';

interface Told {
  readonly id: number;
  readonly sourceId: number;
  readonly time: bigint;
  readonly pid: number | null;
  /** The sources that are known to have it. */
  readonly by: Set<number>;
}

/** Events that are read at once; of all before them only those within the error are kept. */
const PAGE = 4096;

/**
 * Marks what two sources tell of one moment: a message that a log and a trace hold, a call that two traces recorded. The one in
 * the richer source counts, and takes over what only the other one knows of the result.
 */
export function markDuplicates(db: Database.Database, members: readonly ClockMember[]): void {
  const errors = new Map(members.map(({ sourceId, error }) => [sourceId, error]));
  const rank = ranksOf(db, members);
  const mark = db.prepare(`update event set duplicate_of = ? where id = ?`);
  const learn = db.prepare(
    `update event set (outcome, code) = (select outcome, code from event where id = ?)
     where id = ? and outcome = 'unknown' and symbol is not null`,
  );
  const widest = BigInt(Math.ceil(members.reduce((most, { error }) => Math.max(most, error), 0) * 2));
  const recent = new Map<string, Told[]>();
  for (let after = 0; ; ) {
    const rows = toldAfter(db, members, after);
    for (const { what, ...told } of rows) {
      const list = (recent.get(what) ?? []).filter(({ time }) => time >= told.time - widest);
      const other = list.find(
        (one) =>
          !one.by.has(told.sourceId) &&
          distance(one.time, told.time) <= (errors.get(one.sourceId) ?? 0) + (errors.get(told.sourceId) ?? 0) &&
          (one.pid === null || told.pid === null || one.pid === told.pid),
      );
      if (!other) {
        list.push({ ...told, by: new Set([told.sourceId]) });
      } else {
        const keepsOther = (rank.get(other.sourceId) ?? 0) <= (rank.get(told.sourceId) ?? 0);
        const [original, copy] = keepsOther ? [other, told] : [told, other];
        mark.run(original.id, copy.id);
        learn.run(copy.id, original.id);
        other.by.add(told.sourceId);
        if (!keepsOther) list[list.indexOf(other)] = { ...told, by: other.by };
      }
      recent.set(what, list);
    }
    const last = rows.at(-1);
    if (!last) break;
    after = last.id;
    for (const [what, list] of recent) if (list.every(({ time }) => time < last.time - widest)) recent.delete(what);
  }
}

/** Lower is richer: traces know tasks and calls. Not by the order in which the inputs were given. */
function ranksOf(db: Database.Database, members: readonly ClockMember[]): Map<number, number> {
  const traces = db
    .prepare<[number], number>('select exists (select 1 from event where source_id = ? and symbol is not null)')
    .pluck();
  const ranked = inOrder(db, members).toSorted((a, b) => (traces.get(b.sourceId) ?? 0) - (traces.get(a.sourceId) ?? 0));
  return new Map(ranked.map(({ sourceId }, index) => [sourceId, index]));
}

/** The next events that another source may tell, too: all with a time that mean something by themselves. */
function toldAfter(
  db: Database.Database,
  members: readonly ClockMember[],
  after: number,
): (Omit<Told, 'by'> & { what: string })[] {
  const offsets = new Map(members.map(({ sourceId, offset }) => [sourceId, offset]));
  return db
    .prepare<number[], { id: bigint; source_id: bigint; time: bigint; pid: bigint | null; what: string }>(
      `select e.id, e.source_id, e.time, e.pid, e.kind || ' ' || e.phase || ' ' || coalesce(e.symbol, '') || ' ' ||
         coalesce(n.device_id, '') || ' ' || iif(e.symbol is null, e.args, coalesce(e.pid, '')) as what
       from event e left join entity n on n.id = e.entity_id
       where e.id > ? and e.source_id in (${members.map(() => '?').join()}) and e.time is not null
         and e.kind not in ('call', 'host.platform') and (e.symbol is null or n.device_id is not null)
       order by e.id limit ${PAGE}`,
    )
    .safeIntegers(true)
    .all(after, ...members.map(({ sourceId }) => sourceId))
    .map((row) => ({
      id: Number(row.id),
      sourceId: Number(row.source_id),
      time: row.time + (offsets.get(Number(row.source_id)) ?? 0n),
      pid: row.pid === null ? null : Number(row.pid),
      what: row.what,
    }));
}

function distance(a: bigint, b: bigint): number {
  return Math.abs(Number(a - b));
}
