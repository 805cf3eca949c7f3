import type Database from 'better-sqlite3';
import type { ClockMember } from './clock-groups.ts';

interface DeviceRow {
  readonly id: number;
  readonly source_id: number;
  readonly bdf: string;
  readonly pf: string | null;
  readonly dsm: string | null;
  readonly aliases: string;
  /** Its first event in the merged order. */
  readonly first: number;
}

/**
 * The functions with one address. Where a source saw one of them removed and come back, it has several lives there: what the
 * other sources saw of the address belongs to the life that it falls into. Where two sources count different lives, nobody
 * knows which is which, and they stay apart.
 */
export function uniteDevices(db: Database.Database, members: readonly ClockMember[]): string[] {
  const sources = members.map(({ sourceId }) => sourceId);
  const rows = db
    .prepare<number[], DeviceRow>(
      `select d.id, d.source_id, d.bdf, d.pf, d.dsm, d.aliases,
         (select min(e.id) from event e join entity n on n.id = e.entity_id where n.device_id = d.id) as first
       from device d where d.bdf is not null and d.source_id in (${sources.map(() => '?').join()}) order by d.id`,
    )
    .all(...sources);
  const gone: number[] = [];
  const apart: string[] = [];
  for (const [bdf, devices] of Map.groupBy(rows, (row) => row.bdf)) {
    const bySource = [...Map.groupBy(devices, ({ source_id }) => source_id).values()];
    if (bySource.length < 2) continue;
    const lives = Math.max(...bySource.map((list) => list.length));
    const kept = bySource.find((list) => list.length === lives) ?? [];
    if (bySource.some((list) => list.length !== 1 && list.length !== lives)) {
      apart.push(bdf);
      continue;
    }
    for (const list of bySource) {
      if (list === kept) continue;
      if (list.length === lives) for (const [index, one] of list.entries()) adopt(db, kept[index], one);
      else if (list[0]) divide(db, kept, list[0]);
      gone.push(...list.map(({ id }) => id));
    }
    describe(db, kept, devices);
  }
  const remove = db.prepare('delete from device where id = ?');
  for (const id of gone) remove.run(id);
  if (gone.length > 0) closeRanks(db);
  return apart;
}

function adopt(db: Database.Database, life: DeviceRow | undefined, other: DeviceRow): void {
  if (!life) return;
  db.prepare('update entity set device_id = ? where device_id = ?').run(life.id, other.id);
  db.prepare('update or ignore candidate set device_id = ? where device_id = ?').run(life.id, other.id);
}

/** Each event of `other` goes to the life that its place in the order falls into. */
function divide(db: Database.Database, lives: readonly DeviceRow[], other: DeviceRow): void {
  const entities = db
    .prepare<[number], { id: number; certainty: string }>(
      'select id, certainty from entity where device_id = ? order by id',
    )
    .all(other.id);
  const add = db.prepare('insert into entity (source_id, device_id, certainty) values (?, ?, ?)');
  const move = db.prepare('update event set entity_id = ? where entity_id = ? and id >= ?');
  for (const { id, certainty } of entities) {
    let entity: number | bigint = id;
    // From each life's first event on everything is that life's, until the next one takes over.
    for (const life of lives.slice(1)) {
      const own = add.run(other.source_id, life.id, certainty).lastInsertRowid;
      move.run(own, entity, life.first);
      entity = own;
    }
  }
  divideCandidates(db, lives, other);
  adopt(db, lives[0], other);
}

/** What may be of `other` may be of the life that its place in the order falls into, and of no other one. */
function divideCandidates(db: Database.Database, lives: readonly DeviceRow[], other: DeviceRow): void {
  const perhaps = db
    .prepare<[number], number>('select entity_id from candidate where device_id = ? order by entity_id')
    .pluck()
    .all(other.id);
  const add = db.prepare(`insert into entity (source_id, device_id, certainty) values (?, null, 'maybe')`);
  const suggest = db.prepare(
    `insert or ignore into candidate
     select ? as entity_id, iif(device_id = ?, ?, device_id) as device_id from candidate where entity_id = ?`,
  );
  const comesLater = db
    .prepare<[number | bigint, number], number>('select exists (select 1 from event where entity_id = ? and id >= ?)')
    .pluck();
  const move = db.prepare('update event set entity_id = ? where entity_id = ? and id >= ?');
  for (const id of perhaps) {
    let [entity, known]: [number | bigint, number] = [id, other.id];
    for (const life of lives.slice(1)) {
      if (comesLater.get(entity, life.first) !== 1) break;
      const own = add.run(other.source_id).lastInsertRowid;
      suggest.run(own, known, life.id, entity);
      move.run(own, entity, life.first);
      [entity, known] = [own, life.id];
    }
  }
}

function describe(db: Database.Database, kept: readonly DeviceRow[], all: readonly DeviceRow[]): void {
  const pf = all.find((one) => one.pf !== null)?.pf ?? null;
  const dsm = all.find((one) => one.dsm !== null)?.dsm ?? null;
  const aliases = [...new Set(all.flatMap((one) => JSON.parse(one.aliases) as string[]))].sort();
  const update = db.prepare('update device set pf = coalesce(pf, ?), dsm = coalesce(dsm, ?), aliases = ? where id = ?');
  for (const { id, aliases: own } of kept) {
    update.run(pf, dsm, kept.length === 1 ? JSON.stringify(aliases) : own, id);
  }
}

/** Device ids without holes. */
export function closeRanks(db: Database.Database): void {
  const ids = db.prepare<[], number>('select id from device order by id').pluck().all();
  const entity = db.prepare('update entity set device_id = ? where device_id = ?');
  const candidate = db.prepare('update candidate set device_id = ? where device_id = ?');
  const device = db.prepare('update device set id = ? where id = ?');
  for (const [index, id] of ids.entries()) {
    if (id === index + 1) continue;
    entity.run(index + 1, id);
    candidate.run(index + 1, id);
    device.run(index + 1, id);
  }
}
