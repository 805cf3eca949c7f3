import type Database from 'better-sqlite3';
import type { ClockGroup, ClockMember } from './clock-groups.ts';

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

/** Of equal times the source whose path comes first: not the order in which the inputs were given. */
function inOrder(db: Database.Database, members: readonly ClockMember[]): ClockMember[] {
  const path = db
    .prepare<[number], string>("select path || ' ' || format || first_line from source where id = ?")
    .pluck();
  const key = new Map(members.map(({ sourceId }) => [sourceId, path.get(sourceId) ?? '']));
  const of = ({ sourceId }: ClockMember) => key.get(sourceId) ?? '';
  return members.toSorted((a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : a.sourceId - b.sourceId));
}

function renumber(db: Database.Database, members: readonly ClockMember[], settle: () => void): void {
  const queues = inOrder(db, members).map((member) => new Queue(db, member));
  const ids = new BigInt64Array(queues.reduce((sum, queue) => sum + queue.length, 0));
  const order = new BigInt64Array(ids.length);
  let at = 0;
  for (let next = earliest(queues); next; next = earliest(queues)) order[at++] = next.take();
  ids.set(order);
  ids.sort();

  db.exec('create temp table renumbered (old integer primary key, new integer not null)');
  const insert = db.prepare('insert into renumbered values (?, ?)');
  let moved = false;
  for (const [index, old] of order.entries()) {
    insert.run(old, ids[index]);
    moved ||= old !== ids[index];
  }
  if (moved) rewrite(db, settle);
  db.exec('drop table renumbered');
}

/**
 * Ids stand in five columns; a row moves, so all of its own are read before one is written. All rows go, also those that keep
 * their id: SQLite then neither reads the old ones nor keeps them to take the deletion back.
 */
function rewrite(db: Database.Database, settle: () => void): void {
  const columns = db.prepare<[], string>("select name from pragma_table_info('event')").pluck().all();
  const to: Readonly<Record<string, string>> = {
    id: 'coalesce(m.new, e.id)',
    parent_id: 'coalesce((select new from renumbered where old = e.parent_id), e.parent_id)',
    root_id: 'coalesce((select new from renumbered where old = e.root_id), e.root_id)',
    pair_id: 'coalesce((select new from renumbered where old = e.pair_id), e.pair_id)',
    superseded_by: 'coalesce((select new from renumbered where old = e.superseded_by), e.superseded_by)',
  };
  const values = columns.map((column) => `${to[column] ?? `e.${column}`} as ${column}`).join(', ');
  db.exec(`create temp table moved as select ${values} from event e left join renumbered m on m.old = e.id`);
  settle();
  db.exec('delete from event');
  settle();
  db.exec(`insert into event (${columns.join(', ')}) select ${columns.join(', ')} from moved order by id`);
  settle();
  db.exec('drop table moved');
}

/** The events of one source as they stand in it, each no earlier than the one before it. */
class Queue {
  readonly length: number;
  readonly #ids: BigInt64Array;
  readonly #keys: BigInt64Array;
  #at = 0;

  constructor(db: Database.Database, { sourceId, offset }: ClockMember) {
    this.length =
      db.prepare<[number], number>('select count(*) from event where source_id = ?').pluck().get(sourceId) ?? 0;
    this.#ids = new BigInt64Array(this.length);
    this.#keys = new BigInt64Array(this.length);
    const rows = db
      .prepare<[number], [bigint, bigint | null]>('select id, time from event where source_id = ? order by id')
      .raw(true)
      .safeIntegers(true)
      .iterate(sourceId);
    let at = 0;
    let latest = -(2n ** 62n);
    for (const [id, time] of rows) {
      if (time !== null && time + offset > latest) latest = time + offset;
      this.#ids[at] = id;
      this.#keys[at] = latest;
      at += 1;
    }
  }

  get head(): bigint | null {
    return this.#at < this.length ? (this.#keys[this.#at] ?? null) : null;
  }

  take(): bigint {
    const id = this.#ids[this.#at] ?? 0n;
    this.#at += 1;
    return id;
  }
}

function earliest(queues: readonly Queue[]): Queue | null {
  let best: Queue | null = null;
  for (const queue of queues) {
    if (queue.head !== null && (best === null || best.head === null || queue.head < best.head)) best = queue;
  }
  return best;
}

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
function uniteDevices(db: Database.Database, members: readonly ClockMember[]): string[] {
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
function markDuplicates(db: Database.Database, members: readonly ClockMember[]): void {
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

/** The index of the first of a list that `test` holds for, where it holds for all after it. */
function firstAt<T>(list: readonly T[], test: (one: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = list[middle];
    if (one !== undefined && test(one)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Which calls print a message: it tells of the call, and is no second step. See `PRINTED_BY` of identity/calls.ts. */
const PRINTED_BY: Readonly<Record<string, readonly string[]>> = {
  'pci.reset': ['pci.reset'],
  'pci.reset_done': ['pci.reset'],
  'pci.flr': ['pci.flr', 'pci.reset'],
  'pci.bus_reset': ['pci.bus_reset', 'pci.reset'],
  'pci.clear_master': ['pci.clear_master'],
  'pci.set_master': ['pci.set_master'],
};

/** They say by what method a function is reset. */
const METHODS: ReadonlySet<string> = new Set(['pci.flr', 'pci.bus_reset']);

/** Calls that are looked at before a message: those around it are a few levels deep. */
const CALLS_BEFORE = 64;

interface CallRow {
  readonly id: number;
  readonly root: number;
  readonly kind: string;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * A message of a log that stands inside a call that a trace recorded is said by that call: it becomes part of its operation.
 * Where the error leaves several calls to choose from that are not inside one another, the message stays for itself.
 */
function enclose(db: Database.Database, members: readonly ClockMember[]): void {
  const calls = db
    .prepare<[number, number], { id: bigint; root: bigint; kind: string; t0: bigint; t1: bigint }>(
      `select e.id, coalesce(e.root_id, e.id) as root, e.kind, e.time as t0, p.time as t1
       from event e join entity n on n.id = e.entity_id join event p on p.id = e.pair_id
       where e.source_id = ? and n.device_id = ? and e.phase = 'enter' and e.symbol is not null and e.time is not null
         and e.duplicate_of is null
         and p.time is not null order by e.id`,
    )
    .safeIntegers(true);
  const put = db.prepare('update event set parent_id = ?, root_id = ? where id = ?');
  const supersede = db.prepare('update event set superseded_by = ? where id = ? and superseded_by is null');
  for (const member of members) {
    const messages = db
      .prepare<[number], { id: bigint; kind: string; phase: string; time: bigint; device: bigint }>(
        `select e.id, e.kind, e.phase, e.time, n.device_id as device from event e join entity n on n.id = e.entity_id
         where e.source_id = ? and e.symbol is null and e.duplicate_of is null and e.parent_id is null
           and e.time is not null and n.device_id is not null order by e.id`,
      )
      .safeIntegers(true)
      .all(member.sourceId)
      .filter(({ kind }) => PRINTED_BY[kind] !== undefined);
    if (messages.length === 0) continue;
    for (const other of members) {
      if (other.sourceId === member.sourceId) continue;
      const error = BigInt(Math.ceil(member.error + other.error));
      const known = new Map<bigint, CallRow[]>();
      for (const message of messages) {
        const list =
          known.get(message.device) ??
          calls.all(other.sourceId, Number(message.device)).map((row) => ({
            id: Number(row.id),
            root: Number(row.root),
            kind: row.kind,
            from: row.t0 + other.offset - error,
            to: row.t1 + other.offset + error,
          }));
        known.set(message.device, list);
        const time = message.time + member.offset;
        const last = firstAt(list, (call) => call.from > time);
        const around = list
          .slice(Math.max(0, last - CALLS_BEFORE), last)
          .filter((call) => PRINTED_BY[message.kind]?.includes(call.kind) && time <= call.to);
        const innermost = around.at(-1);
        if (!innermost || around.some(({ root }) => root !== innermost.root)) continue;
        put.run(innermost.id, innermost.root, message.id);
        if (innermost.kind === message.kind) supersede.run(innermost.id, message.id);
        // The message names the method; the call around it only says that there was a reset.
        else if (METHODS.has(message.kind)) for (const call of around) supersede.run(message.id, call.id);
      }
    }
  }
}

function distance(a: bigint, b: bigint): number {
  return Math.abs(Number(a - b));
}
