import type Database from 'better-sqlite3';
import { closeRanks } from './merge-devices.ts';

/*
 * One capture given twice, by other paths, or whole and as an excerpt: what both tell happened once. Nothing but the records can
 * show it: the same steps of the same tasks on the same CPUs at the same times, in one order. Its events are marked as those of the
 * original, which alone is replayed; they stay in the timeline.
 */

/** A source all of whose events stand in another one. */
export interface Copy {
  readonly sourceId: number;
  readonly originalId: number;
  readonly events: number;
}

/** What is known of a source before its events are looked at. */
interface Candidate {
  readonly id: number;
  readonly path: string;
  readonly format: string;
  readonly time_unit: string;
  readonly first_line: number;
  readonly first_time: bigint | null;
  readonly last_time: bigint | null;
  readonly events: number;
  readonly first_id: number;
  readonly last_id: number;
}

type Row = readonly [id: bigint, ...rest: (bigint | string | null)[]];

interface Pairs {
  readonly copies: readonly number[];
  readonly originals: readonly number[];
}

/** A single event may be anything. */
const EVENTS_MIN = 2;
/** Events that are read in vain, until no more copies are looked for: as many as two of the largest traces hold. */
const READ_MAX = 4_000_000;
/** Events that are marked at once. */
const PAGE = 16_384;
/** By how much an event may stand behind a later one. */
const DISORDER = 1_000_000_000n;

const CANDIDATES = `
  select s.id, path, format, time_unit, first_line, first_time, last_time, e.events, e.first_id, e.last_id
  from source s join (
    select source_id, count(*) as events, min(id) as first_id, max(id) as last_id
    from event where kind <> 'host.platform' group by source_id
  ) e on e.source_id = s.id
  where first_time is not null and last_time is not null and e.events >= ${EVENTS_MIN}`;

/**
 * What makes an event this one and no other. The first record of a platform is another one in an excerpt, and what a call returned
 * may be known in one of them only, as may the device where the record does not name it.
 */
const EVENTS = `
  select e.id, e.time, e.cpu, e.pid, e.kind, e.phase, e.symbol, e.args,
    iif(e.phase = 'enter', null, e.outcome || ifnull(e.code, '')), iif(n.certainty = 'exact', d.bdf, null)
  from event e left join entity n on n.id = e.entity_id left join device d on d.id = n.device_id
  where e.id between ? and ? and e.source_id = ? and e.kind <> 'host.platform' order by e.id`;
const TIME = 1;
const CPU = 2;
const COMPARED = [TIME, CPU, 3, 4, 5, 6, 7, 8] as const;
const BDF = 9;

/**
 * Finds the sources that are copies or excerpts of another one, and counts what they tell once.
 *
 * @param settle see mergeSources.
 * @param apart whether two sources are known to be of different machines.
 * @returns the copies, and how many pairs of sources were not compared since there are too many.
 */
export function countOnce(
  db: Database.Database,
  settle: () => void,
  apart: (a: number, b: number) => boolean = () => false,
): { readonly copies: readonly Copy[]; readonly uncompared: number } {
  const candidates = db.prepare<[], Record<keyof Candidate, bigint | string>>(CANDIDATES).safeIntegers(true).all();
  const sources = candidates
    .map((row) => ({
      ...(row as unknown as Candidate),
      id: Number(row.id),
      first_line: Number(row.first_line),
      events: Number(row.events),
      first_id: Number(row.first_id),
      last_id: Number(row.last_id),
    }))
    .sort((a, b) => b.events - a.events || compare(a.path, b.path) || a.first_line - b.first_line || a.id - b.id);
  const originals: Candidate[] = [];
  const copies: Copy[] = [];
  const budget = { left: READ_MAX, uncompared: 0 };
  // Two, since both are read at a time; prepared once, since there may be half a million pairs of sources.
  const readers: Readers = [prepareEvents(db), prepareEvents(db)];
  for (const source of sources) {
    const others = originals.filter(({ id }) => !apart(id, source.id));
    const found = findOriginal(readers, source, others, budget);
    if (found === null) {
      originals.push(source);
      continue;
    }
    mark(db, settle, found.pairs);
    copies.push({ sourceId: source.id, originalId: found.original.id, events: source.events });
  }
  if (copies.length > 0) closeRanks(db);
  return { copies, uncompared: budget.uncompared };
}

/** Puts every copy on the clock that its original has by now. */
export function followOriginals(db: Database.Database, copies: readonly Copy[]): void {
  const place = db.prepare(
    `update source set (clock_group, clock_offset) =
       (select coalesce(o.clock_group, o.id), o.clock_offset from source o where o.id = ?) where id = ?`,
  );
  for (const { sourceId, originalId } of copies) place.run(originalId, sourceId);
}

/** What reads the events of the one source and of the other. */
type Readers = readonly [copy: Database.Statement<number[], Row>, original: Database.Statement<number[], Row>];

function prepareEvents(db: Database.Database): Database.Statement<number[], Row> {
  return db.prepare<number[], Row>(EVENTS).raw(true).safeIntegers(true);
}

function findOriginal(
  readers: Readers,
  source: Candidate,
  originals: readonly Candidate[],
  budget: { left: number; uncompared: number },
): { original: Candidate; pairs: Pairs } | null {
  for (const original of originals) {
    if (!mayHold(original, source)) continue;
    if (budget.left <= 0) {
      budget.uncompared += 1;
      continue;
    }
    const pairs = pairsOf(readers, source, original, budget);
    if (pairs !== null) return { original, pairs };
  }
  return null;
}

function mayHold(original: Candidate, source: Candidate): boolean {
  if (original.time_unit !== source.time_unit) return false;
  const [from, to] = [source.first_time ?? 0n, source.last_time ?? 0n];
  return (original.first_time ?? 0n) <= from && to <= (original.last_time ?? 0n);
}

/** Each event of `source` with the same one of `original`, in the order of both; null where one of them has none. */
function pairsOf(
  [ofCopy, ofOriginal]: Readers,
  source: Candidate,
  original: Candidate,
  budget: { left: number },
): Pairs | null {
  const [copies, originals]: [number[], number[]] = [[], []];
  const others = ofOriginal.iterate(original.first_id, original.last_id, original.id);
  try {
    for (const row of ofCopy.iterate(source.first_id, source.last_id, source.id)) {
      const time = row[TIME];
      // Forms of one log are told by their messages (relate.ts); traces are told by CPU and task, whatever tool printed them.
      if (typeof time !== 'bigint' || (row[CPU] === null && original.format !== source.format)) return null;
      let other: Row | undefined;
      do {
        budget.left -= 1;
        const next = others.next();
        if (next.done === true) return null;
        other = next.value;
        const at = other[TIME];
        if (typeof at === 'bigint' && at > time + DISORDER) return null;
      } while (!isSame(row, other));
      copies.push(Number(row[0]));
      originals.push(Number(other[0]));
    }
  } finally {
    others.return?.();
  }
  return { copies, originals };
}

function isSame(a: Row, b: Row): boolean {
  const isOther = a[BDF] !== null && b[BDF] !== null && a[BDF] !== b[BDF];
  return !isOther && COMPARED.every((column) => a[column] === b[column]);
}

function mark(db: Database.Database, settle: () => void, { copies, originals }: Pairs): void {
  db.exec('create temp table same (copy integer primary key, original integer not null)');
  const insert = db.prepare('insert into same values (?, ?)');
  for (const [index, copy] of copies.entries()) insert.run(copy, originals[index]);
  const update = db.prepare(
    'update event set duplicate_of = same.original from same where event.id = same.copy and same.copy between ? and ?',
  );
  for (let from = 0; from < copies.length; from += PAGE) {
    update.run(copies[from], copies[Math.min(from + PAGE, copies.length) - 1]);
    settle();
  }
  uniteDevices(db);
  db.exec('drop table same');
}

/** What the copy tells of a device is told of that one of the original. */
function uniteDevices(db: Database.Database): void {
  db.exec(`
    create temp table united (copy integer primary key, original integer not null);
    insert into united
      select nc.device_id, min(no.device_id)
      from same join event c on c.id = same.copy join entity nc on nc.id = c.entity_id
        join event o on o.id = same.original join entity no on no.id = o.entity_id
      where nc.device_id is not null and no.device_id is not null and nc.source_id = c.source_id
      group by nc.device_id;
    update entity set device_id = united.original from united where united.copy = entity.device_id;
    update or ignore candidate set device_id = united.original from united where united.copy = candidate.device_id;
    delete from candidate where device_id in (select copy from united);
    delete from device where id in (select copy from united);
    drop table united`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
