import type Database from 'better-sqlite3';
import { PRINTED_BY_OWN } from '../identity/printed-by.ts';
import type { ClockMember } from './clock-groups.ts';

const PRINTED: Readonly<Record<string, readonly string[] | undefined>> = PRINTED_BY_OWN;

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
export function enclose(db: Database.Database, members: readonly ClockMember[]): void {
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
      .filter(({ kind }) => PRINTED[kind] !== undefined);
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
          .filter((call) => PRINTED[message.kind]?.includes(call.kind) && time <= call.to);
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
