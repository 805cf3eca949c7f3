import type Database from 'better-sqlite3';
import type { ClockGroup, ClockMember } from './clock-relation.ts';

/*
 * Sources whose clocks relate become one history. Their events are numbered anew, so that the order of ids is the order of
 * events for everybody who reads the file: by aligned time, each source in the order of its own lines, whatever its stamps say.
 * A function with one address is one device, and the same message in two sources is one event.
 */

/** Makes one history of the sources of `group`. Nothing else in the timeline changes. */
export function mergeSources(db: Database.Database, group: ClockGroup): void {
  const first = group.members[0]?.sourceId ?? 0;
  const place = db.prepare('update source set clock_group = ?, clock_offset = ?, clock_error = ? where id = ?');
  for (const { sourceId, offset, error } of group.members) place.run(first, offset, error, sourceId);
  renumber(db, group.members);
  uniteDevices(db, group.members);
  markDuplicates(db, group.members);
  enclose(db, group.members);
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

function renumber(db: Database.Database, members: readonly ClockMember[]): void {
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
  if (moved) rewrite(db);
  db.exec('drop table renumbered');
}

/** Ids stand in five columns; a row moves, so all of its own are read before one is written. */
function rewrite(db: Database.Database): void {
  const columns = db.prepare<[], string>("select name from pragma_table_info('event')").pluck().all();
  const to: Readonly<Record<string, string>> = {
    id: 'm.new',
    parent_id: '(select new from renumbered where old = e.parent_id)',
    root_id: '(select new from renumbered where old = e.root_id)',
    pair_id: '(select new from renumbered where old = e.pair_id)',
    superseded_by: '(select new from renumbered where old = e.superseded_by)',
  };
  const values = columns.map((column) => `${to[column] ?? `e.${column}`} as ${column}`).join(', ');
  db.exec(`
    create temp table moved as select ${values} from event e join renumbered m on m.old = e.id;
    delete from event where id in (select old from renumbered);
    insert into event (${columns.join(', ')}) select ${columns.join(', ')} from moved order by id;
    drop table moved`);
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
function uniteDevices(db: Database.Database, members: readonly ClockMember[]): void {
  const sources = members.map(({ sourceId }) => sourceId);
  const rows = db
    .prepare<number[], DeviceRow>(
      `select d.id, d.source_id, d.bdf, d.pf, d.dsm, d.aliases,
         (select min(e.id) from event e join entity n on n.id = e.entity_id where n.device_id = d.id) as first
       from device d where d.bdf is not null and d.source_id in (${sources.map(() => '?').join()}) order by d.id`,
    )
    .all(...sources);
  const gone: number[] = [];
  for (const devices of Map.groupBy(rows, ({ bdf }) => bdf).values()) {
    const bySource = [...Map.groupBy(devices, ({ source_id }) => source_id).values()];
    if (bySource.length < 2) continue;
    const lives = Math.max(...bySource.map((list) => list.length));
    const kept = bySource.find((list) => list.length === lives) ?? [];
    if (bySource.some((list) => list.length !== 1 && list.length !== lives)) continue;
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
}

function adopt(db: Database.Database, life: DeviceRow | undefined, other: DeviceRow): void {
  if (life) db.prepare('update entity set device_id = ? where device_id = ?').run(life.id, other.id);
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
  adopt(db, lives[0], other);
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
function closeRanks(db: Database.Database): void {
  const ids = db.prepare<[], number>('select id from device order by id').pluck().all();
  const entity = db.prepare('update entity set device_id = ? where device_id = ?');
  const device = db.prepare('update device set id = ? where id = ?');
  for (const [index, id] of ids.entries()) {
    if (id === index + 1) continue;
    entity.run(index + 1, id);
    device.run(index + 1, id);
  }
}

interface MessageRow {
  readonly id: number;
  readonly source_id: number;
  readonly time: bigint;
  readonly pid: number | null;
  readonly what: string;
}

/** Messages of a group that are compared: kernel messages, whether a log or a trace holds them. */
function messagesOf(db: Database.Database, { sourceId, offset }: ClockMember): MessageRow[] {
  return db
    .prepare<[number], { id: bigint; source_id: bigint; time: bigint; pid: bigint | null; what: string }>(
      `select e.id, e.source_id, e.time, e.pid,
         e.kind || ' ' || e.phase || ' ' || coalesce(n.device_id, '') || ' ' || e.args as what
       from event e left join entity n on n.id = e.entity_id
       where e.source_id = ? and e.symbol is null and e.time is not null and e.kind <> 'host.platform' order by e.id`,
    )
    .safeIntegers(true)
    .all(sourceId)
    .map((row) => ({
      id: Number(row.id),
      source_id: Number(row.source_id),
      time: row.time + offset,
      pid: row.pid === null ? null : Number(row.pid),
      what: row.what,
    }));
}

/** Marks which messages of one source another one has, too: the one that stands in the richer source counts. */
function markDuplicates(db: Database.Database, members: readonly ClockMember[]): void {
  const isTrace = db
    .prepare<[number], number>('select exists (select 1 from event where source_id = ? and symbol is not null)')
    .pluck();
  const ranked = inOrder(db, members).toSorted(
    (a, b) => (isTrace.get(b.sourceId) ?? 0) - (isTrace.get(a.sourceId) ?? 0),
  );
  const mark = db.prepare('update event set duplicate_of = ? where id = ?');
  /** By what they say, in order of time; of the sources before. */
  const kept = new Map<string, Kept[]>();
  for (const member of ranked) {
    const own: Kept[] = [];
    for (const message of messagesOf(db, member)) {
      const original = originalOf(message, member, kept.get(message.what) ?? []);
      if (original) {
        original.by.add(member.sourceId);
        mark.run(original.id, message.id);
      } else {
        own.push({ ...message, error: member.error, by: new Set([member.sourceId]) });
      }
    }
    for (const [what, list] of Map.groupBy(own, (message) => message.what)) {
      kept.set(what, [...(kept.get(what) ?? []), ...list].sort(byTime));
    }
  }
}

interface Kept extends MessageRow {
  readonly error: number;
  /** The sources that have it, this one and those whose records were found to be the same. */
  readonly by: Set<number>;
}

function originalOf(message: MessageRow, { sourceId, error }: ClockMember, list: readonly Kept[]): Kept | null {
  const widest = BigInt(Math.ceil(list.reduce((most, one) => Math.max(most, one.error), 0) + error));
  for (let at = firstAt(list, ({ time }) => time >= message.time - widest); at < list.length; at++) {
    const other = list[at];
    if (!other || other.time > message.time + widest) return null;
    const isSame = !other.by.has(sourceId) && distance(other.time, message.time) <= other.error + error;
    if (isSame && (other.pid === null || message.pid === null || other.pid === message.pid)) return other;
  }
  return null;
}

function byTime(a: Kept, b: Kept): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : a.id - b.id;
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
        else if (message.phase === 'point') for (const call of around) supersede.run(message.id, call.id);
      }
    }
  }
}

function distance(a: bigint, b: bigint): number {
  return Math.abs(Number(a - b));
}
