import type Database from 'better-sqlite3';
import { formatSeconds } from '../base/time.ts';
import type { Anchor } from './anchors.ts';
import { type ClockGroup, type Clocks, groupClocks } from './clock-groups.ts';
import type { Unrelated } from './clock-relation.ts';
import { type Copy, countOnce, followOriginals } from './copies.ts';
import { mergeSources } from './merge.ts';
import type { NewHealth } from './rows.ts';

/** What {@link AnchorCollector} kept of a source. */
export interface KeptAnchors {
  readonly anchors: readonly Anchor[];
  readonly limit: number;
  /** Texts that are left out, since the source repeats them too often to tell a moment. */
  readonly crowded: number;
  /** Of a file with the messages of several machines: of which one these are. */
  readonly machine: string | null;
}

interface SourceRow {
  readonly id: number;
  readonly path: string;
  readonly name: string;
  readonly time_unit: string;
  readonly boots: number;
}

/** Pairs of which it is told why they do not relate. */
const TOLD = 3;

/**
 * Merges the sources whose clocks relate.
 *
 * @param anchors by source; the sources that have none are not compared.
 * @param settle see mergeSources.
 * @returns what is to be said about it: which were merged by what evidence and how exactly, and which stand alone and why.
 */
export function relateClocks(
  db: Database.Database,
  anchors: ReadonlyMap<number, KeptAnchors>,
  settle: () => void,
): NewHealth[] {
  const rows = db
    .prepare<[], SourceRow>(
      `select id, path, time_unit,
         path || iif((select count(*) from source o where o.path = s.path) > 1, ' lines ' || first_line || '-' || last_line, '') as name,
         (select count(*) from health h where h.source_id = s.id and h.code = 'reboot') as boots
       from source s order by id`,
    )
    .all();
  if (rows.length < 2) return [];
  // What two machines did alike, and at one time, is neither told twice nor a sign of one clock.
  const machineOf = (id: number) => anchors.get(id)?.machine ?? null;
  const pathOf = new Map(rows.map(({ id, path }) => [id, path]));
  const apart = (a: number, b: number) => {
    const [one, two] = [machineOf(a), machineOf(b)];
    return one !== null && two !== null && one !== two && pathOf.get(a) === pathOf.get(b);
  };
  const { copies, uncompared } = countOnce(db, settle, apart);
  const isCopy = new Set(copies.map(({ sourceId }) => sourceId));
  const told = rows.filter(({ id }) => !isCopy.has(id));
  // Integers count nothing that could be added; a source of several boots has several clocks.
  const fit = told.filter(({ time_unit, boots }) => time_unit === 'ns' && boots === 0);
  const spanOf = db
    .prepare<[number], { from: bigint; to: bigint }>(
      'select first_time as "from", last_time as "to" from source where id = ? and last_time >= first_time',
    )
    .safeIntegers(true);
  const clocks = groupClocks(
    fit.map(({ id }) => {
      const span = spanOf.get(id);
      return { sourceId: id, ...(anchors.get(id) ?? NOTHING), ...(span && { span }) };
    }),
    apart,
  );
  const ambiguous = clocks.groups.flatMap((group) => mergeSources(db, group, settle));
  followOriginals(db, copies);
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return [
    ...copies.map((copy) => repeated(copy, names)),
    ...clocks.groups.flatMap((group) => merged(group, names)),
    ...ambiguous.map(livesApart),
    ...standingAlone(told, clocks, names),
    ...capped(uncompared, clocks, fit, anchors, names),
  ];
}

const NOTHING: KeptAnchors = { anchors: [], limit: Number.POSITIVE_INFINITY, crowded: 0, machine: null };

function merged({ members, anchors }: ClockGroup, names: ReadonlyMap<number, string>): NewHealth[] {
  const [first, ...others] = members;
  return others.map(({ sourceId, offset, error }) => ({
    sourceId,
    code: 'clocks-related',
    line: null,
    message:
      `its records were merged with those of ${names.get(first?.sourceId ?? 0)}: ${anchors} messages stand in both, ` +
      `which relates the clocks within ${micros(error)} (${offset < 0n ? '' : '+'}${formatSeconds(offset)} s)`,
    count: anchors,
  }));
}

function repeated({ sourceId, originalId, events }: Copy, names: ReadonlyMap<number, string>): NewHealth {
  const message = `all of its ${events} events stand in ${names.get(originalId)}, at the same times: they were counted once, there`;
  return { sourceId, code: 'source-repeated', line: null, message, count: events };
}

/** What was left out of the comparison of inputs that were not merged. */
function capped(
  pairs: number,
  { groups, uncompared }: Clocks,
  fit: readonly SourceRow[],
  anchors: ReadonlyMap<number, KeptAnchors>,
  names: ReadonlyMap<number, string>,
): NewHealth[] {
  const row = (sourceId: number | null, message: string, count: number): NewHealth[] =>
    count === 0 ? [] : [{ sourceId, code: 'comparison-capped', line: null, message, count }];
  const merged = new Set(groups.flatMap(({ members }) => members.map(({ sourceId }) => sourceId)));
  const unkept = fit.filter(({ id }) => !anchors.has(id));
  const some = `${unkept
    .slice(0, TOLD)
    .map(({ id }) => names.get(id))
    .join(', ')}${unkept.length > TOLD ? ' and others' : ''}`;
  return [
    ...row(
      null,
      `${pairs} pairs of inputs were not looked at for being copies of one another: there are too many`,
      pairs,
    ),
    ...row(
      null,
      `${uncompared} inputs share messages with more others than are compared: some may relate unseen`,
      uncompared,
    ),
    ...row(null, `the messages of ${some} were not compared: those of all inputs are too many`, unkept.length),
    ...fit.flatMap(({ id }) => {
      const crowded = merged.has(id) ? 0 : (anchors.get(id)?.crowded ?? 0);
      return row(
        id,
        `${count(crowded)} that it repeats hundreds of times tell no moment and were not compared`,
        crowded,
      );
    }),
  ];
}

function livesApart(bdf: string): NewHealth {
  const message = `${bdf} came and went at different times in inputs that were merged: which device of one is which of the other is not known, and each was judged by itself`;
  return { sourceId: null, code: 'device-ambiguous', line: null, message, count: 1 };
}

function standingAlone(
  rows: readonly SourceRow[],
  { groups, failures }: Clocks,
  names: ReadonlyMap<number, string>,
): NewHealth[] {
  const inGroups = groups.reduce((sum, { members }) => sum + members.length, 0);
  const histories = rows.length - inGroups + groups.length;
  if (histories < 2) return [];
  const grouped = new Map(groups.flatMap(({ members }, index) => members.map(({ sourceId }) => [sourceId, index])));
  const apart = failures
    .filter(({ a, b }) => grouped.get(a) === undefined || grouped.get(a) !== grouped.get(b))
    .toSorted((x, y) => y.texts - x.texts || x.a - y.a || x.b - y.b)
    .slice(0, TOLD)
    .map(({ a, b, reason, texts }) => `${names.get(a)} and ${names.get(b)} ${WHY[reason](texts)}`);
  const boots = rows
    .filter((row) => row.boots > 0)
    .slice(0, TOLD)
    .map(({ name }) => `${name} holds several boots`);
  const reasons = [...apart, ...boots];
  const what = groups.length === 0 ? 'each input was analysed by itself' : 'what was not merged was analysed by itself';
  const head = `nothing shows how the clocks of the inputs relate: ${what}`;
  return [
    {
      sourceId: null,
      code: 'clocks-unrelated',
      line: null,
      message: `${head}${reasons.length === 0 ? '' : `; ${reasons.join('; ')}`}. ${HINT}`,
      count: histories,
    },
  ];
}

const HINT =
  'What relates a log and a trace: the trace event printk:console while messages come, or twice a line "tdi-trace UUID" to both /dev/kmsg and trace_marker';

const WHY: Readonly<Record<Unrelated, (texts: number) => string>> = {
  'nothing-shared': () => 'share no message',
  'too-few': (texts) => `share ${count(texts)}, too few or too close together to be more than chance`,
  inconsistent: (texts) =>
    `share ${count(texts)}, but not at the same distances: other boots, other runs, or a clock that drifts or was set`,
  ambiguous: (texts) => `share ${count(texts)} that fit in more than one way`,
  'too-coarse': (texts) => `share ${count(texts)}, but their stamps agree too coarsely to order anything`,
};

function count(texts: number): string {
  return texts === 1 ? '1 message' : `${texts} messages`;
}

function micros(nanoseconds: number): string {
  return `${Math.ceil(nanoseconds / 1000)} us`;
}
