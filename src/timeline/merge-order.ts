import type Database from 'better-sqlite3';
import type { ClockMember } from './clock-groups.ts';

// One order of ids for the events of several sources.

/** Of equal times the source whose path comes first: not the order in which the inputs were given. */
export function inOrder(db: Database.Database, members: readonly ClockMember[]): ClockMember[] {
  const path = db
    .prepare<[number], string>("select path || ' ' || format || first_line from source where id = ?")
    .pluck();
  const key = new Map(members.map(({ sourceId }) => [sourceId, path.get(sourceId) ?? '']));
  const of = ({ sourceId }: ClockMember) => key.get(sourceId) ?? '';
  return members.toSorted((a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : a.sourceId - b.sourceId));
}

/**
 * Numbers the events anew: by aligned time, each source in the order of its own lines.
 *
 * @param settle see `mergeSources`.
 */
export function renumber(db: Database.Database, members: readonly ClockMember[], settle: () => void): void {
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
