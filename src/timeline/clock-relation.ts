import type { Anchor, AnchorVia } from './anchors.ts';

/*
 * How the clocks of two sources are shown to relate. Nothing but the records can show it: two files with the same kind of clock
 * may come from two boots, or from two machines that ran one script.
 *
 * 1. Both sources kept the stamps of some texts (anchors.ts). Every pair of equal texts votes for an offset; the width within
 *    which votes count as one is what two stamps of one message can differ by.
 * 2. The offset with most votes is taken if no second one comes near it, if nearly every text that both could have recorded has
 *    its partner there, and if the partners stand far enough from one another: the same script run twice repeats its messages,
 *    but not the length of its pauses to a few thousandths of a millisecond a millisecond.
 * 3. The error is the largest deviation that was seen, and what the two ways of taking a stamp differ by on top of it.
 */

/** The texts of one source, and how much of it they are. */
export interface Anchored {
  readonly sourceId: number;
  readonly anchors: readonly Anchor[];
  /** Texts with a larger hash may be missing. */
  readonly limit: number;
}

export type ClockRelation =
  | {
      readonly related: true;
      /** Nanoseconds to add to a time of `b` to have it on the clock of `a`. */
      readonly offset: bigint;
      /** Nanoseconds by which that may be wrong. */
      readonly error: number;
      /** Number of messages that both hold. */
      readonly anchors: number;
    }
  | {
      readonly related: false;
      readonly reason: Unrelated;
      /** Number of texts that both hold. */
      readonly texts: number;
    };

/**
 * `nothing-shared`: no text stands in both. `too-few`: what both hold may be chance, or the same script run twice.
 * `inconsistent`: the same texts, at other distances. `ambiguous`: they fit at several offsets. `too-coarse`: they fit, but
 * the error is too large to order anything.
 */
export type Unrelated = 'nothing-shared' | 'too-few' | 'inconsistent' | 'ambiguous' | 'too-coarse';

/** What two stamps of one message differ by, besides the offset: interrupts between them, digits that are cut off. */
const JITTER: Readonly<Record<AnchorVia, number>> = { printk: 1_000, console: 100_000, mark: 10_000_000 };
/** A message is looked for within this much more, for the machine may have stalled between the two stamps. */
const STALL = 150_000;
/** CLOCK_MONOTONIC is slewed against the scheduler's clock: parts of the span that are taken for the same offset. */
const DRIFT = 1e-4;
/** An error above this orders nothing. */
const ERROR_MAX = 20_000_000;
/** Messages that must agree, at moments of their own. */
const MOMENTS = 3;
/** What lies closer together than this many errors is one moment. */
const APART = 20;
/** The first and the last of them are apart by so much, and by so many errors. */
const SPAN_MIN = 1_000_000_000;
const SPAN_ERRORS = 1000;
const COPY_SPAN_MIN = 1_000_000;
/** Parts of the texts that both could have recorded that must have their partner. */
const EXPLAINED = 0.9;
/** Pairs of one text, and in all, that are compared. */
const PAIRS_OF_TEXT = 4096;
const PAIRS_MAX = 200_000;

interface Pair {
  readonly a: Anchor;
  readonly b: Anchor;
  /** b minus a, on top of the base. */
  readonly delta: number;
}

/** Compares what two sources hold of the same texts. Symmetric but for the sign of the offset. */
export function relate(one: Anchored, two: Anchored): ClockRelation {
  const limit = Math.min(one.limit, two.limit);
  const a = byText(one.anchors, limit);
  const b = byText(two.anchors, limit);
  const shared = [...a.keys()].filter((key) => b.has(key));
  const no = (reason: Unrelated): ClockRelation => ({ related: false, reason, texts: shared.length });
  if (shared.length === 0) return no('nothing-shared');

  const base = baseOf(a, b, shared);
  const pairs = pairsOf(a, b, shared, base);
  if (pairs.length === 0) return no('too-few');
  const width = widthOf(pairs, base);
  const at = densest(pairs, width);
  const matched = partners(pairs, at, at + width);
  // One-to-one: a stamp is not spoken for twice.
  const elsewhere = pairs.filter(({ delta }) => delta < at - width || delta > at + 2 * width);
  const rival = elsewhere.length === 0 ? 0 : partnersAt(elsewhere, densest(elsewhere, width), width);

  const offset = middle(matched.map(({ delta }) => delta));
  const deviation = Math.max(...matched.map(({ delta }) => Math.abs(delta - offset)));
  const grain = grainOf(matched);
  const error = Math.ceil(deviation + grain + Math.max(...matched.map(jitter)));
  const times = matched.map((pair) => Number(pair.a.time - base.a)).sort((x, y) => x - y);

  if (explained(a, b, base, offset, width, matched) < EXPLAINED) return no('inconsistent');
  if (!isProved(matched, times, error, deviation + grain)) return no('too-few');
  if (rival * 2 > matched.length) return no('ambiguous');
  if (error > ERROR_MAX) return no('too-coarse');
  return { related: true, offset: base.a - base.b - BigInt(Math.round(offset)), error, anchors: matched.length };
}

/** Whether so much agreement is no chance: see above. `wrong`: what the distances, or their digits, leave open. */
function isProved(matched: readonly Pair[], times: readonly number[], error: number, wrong: number): boolean {
  const tokens = new Set(matched.filter(({ a }) => a.unique).map(({ a }) => a.key));
  if (tokens.size >= 2) return true;
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  // Two prints of one log: the stamps are the same to the microsecond, and not because one message follows the other at once.
  const isCopy = matched.every(({ a, b }) => a.via === 'printk' && b.via === 'printk' && a.time === b.time);
  if (isCopy && wrong === 0 && span >= COPY_SPAN_MIN) return true;
  return moments(times, APART * error) >= MOMENTS && span >= Math.max(SPAN_MIN, SPAN_ERRORS * wrong);
}

/** What all stamps of one side are whole multiples of, where that is a millisecond or more: jiffies, seconds of `dmesg -T`. */
function grainOf(matched: readonly Pair[]): number {
  for (const grain of GRAINS) {
    if (matched.every(({ a }) => a.time % grain === 0n) || matched.every(({ b }) => b.time % grain === 0n)) {
      return Number(grain);
    }
  }
  return 0;
}

const GRAINS = [1_000_000_000n, 100_000_000n, 10_000_000n, 1_000_000n];

function moments(times: readonly number[], apart: number): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time - last < apart) continue;
    count += 1;
    last = time;
  }
  return count;
}

/** Of the texts of the source that has fewer of them in the time that both cover: which part has its partner. */
function explained(a: Texts, b: Texts, base: Base, offset: number, width: number, matched: readonly Pair[]): number {
  const timesA = timesOf(a, base.a, 0);
  const timesB = timesOf(b, base.b, -offset);
  const from = Math.max(timesA[0] ?? 0, timesB[0] ?? 0) - width;
  const to = Math.min(timesA.at(-1) ?? 0, timesB.at(-1) ?? 0) + width;
  const inside = (times: readonly number[]) => times.filter((time) => time >= from && time <= to).length;
  const possible = Math.min(inside(timesA), inside(timesB));
  return possible === 0 ? 0 : matched.length / possible;
}

function timesOf(texts: Texts, base: bigint, offset: number): number[] {
  const anchors = [...texts.values()].flat();
  return anchors.map(({ time }) => Number(time - base) + offset).sort((x, y) => x - y);
}

type Texts = ReadonlyMap<number, readonly Anchor[]>;

interface Base {
  readonly a: bigint;
  readonly b: bigint;
}

function byText(anchors: readonly Anchor[], limit: number): Texts {
  return Map.groupBy(
    anchors.filter(({ key }) => key <= limit),
    ({ key }) => key,
  );
}

/** Times are taken relative to these: an epoch in nanoseconds is more than a double holds exactly. */
function baseOf(a: Texts, b: Texts, shared: readonly number[]): Base {
  const first = (texts: Texts) =>
    shared.flatMap((key) => texts.get(key) ?? []).reduce((least, { time }) => (time < least ? time : least), 2n ** 63n);
  return { a: first(a), b: first(b) };
}

function pairsOf(a: Texts, b: Texts, shared: readonly number[], base: Base): Pair[] {
  const pairs: Pair[] = [];
  for (const key of shared) {
    const [as, bs] = [a.get(key) ?? [], b.get(key) ?? []];
    if (as.length * bs.length > PAIRS_OF_TEXT || pairs.length > PAIRS_MAX) continue;
    for (const one of as) {
      for (const other of bs) {
        // Both know who said it: then it was the same task (PRINTK_CALLER, the task of the trace event).
        if (one.pid !== null && other.pid !== null && one.pid !== other.pid) continue;
        pairs.push({ a: one, b: other, delta: Number(other.time - base.b) - Number(one.time - base.a) });
      }
    }
  }
  return pairs.sort((x, y) => x.delta - y.delta || x.a.line - y.a.line || x.b.line - y.b.line);
}

function jitter({ a, b }: Pair): number {
  return Math.max(JITTER[a.via], JITTER[b.via]);
}

/** How far deltas of one offset may lie apart. */
function widthOf(pairs: readonly Pair[], base: Base): number {
  const last = pairs.reduce((most, { a }) => Math.max(most, Number(a.time - base.a)), 0);
  const stamps = Math.max(...new Set(pairs.map(jitter)));
  const stall = stamps > JITTER.printk ? STALL : 0;
  return Math.min(stamps + stall + DRIFT * last, 2 * ERROR_MAX);
}

/** Where the window of `width` that holds most deltas begins. */
function densest(pairs: readonly Pair[], width: number): number {
  let best = 0;
  let at = pairs[0]?.delta ?? 0;
  let from = 0;
  for (const [to, pair] of pairs.entries()) {
    while (pair.delta - (pairs[from]?.delta ?? 0) > width) from += 1;
    if (to - from + 1 <= best) continue;
    best = to - from + 1;
    at = pairs[from]?.delta ?? 0;
  }
  return at;
}

function partnersAt(pairs: readonly Pair[], at: number, width: number): number {
  return partners(pairs, at, at + width).length;
}

/** The pairs whose delta lies from `from` to `to`, each stamp in at most one of them, in the order of the first source. */
function partners(pairs: readonly Pair[], from: number, to: number): Pair[] {
  const inside = pairs.filter(({ delta }) => delta >= from && delta <= to);
  inside.sort((x, y) => compare(x.a.time, y.a.time) || x.a.line - y.a.line || compare(x.b.time, y.b.time));
  const taken = new Set<Anchor>();
  return inside.filter(({ a, b }) => {
    if (taken.has(a) || taken.has(b)) return false;
    taken.add(a).add(b);
    return true;
  });
}

/** The median: of an even number the mean of the two in the middle. */
function middle(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const half = Math.floor(sorted.length / 2);
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sources whose clocks relate, directly or through one another; the first is the one that times are told by. */
export interface ClockGroup {
  readonly members: readonly ClockMember[];
  /** Messages that tie the sources together. */
  readonly anchors: number;
}

export interface ClockMember {
  readonly sourceId: number;
  /** Nanoseconds to add to its times to have them on the clock of the first member. */
  readonly offset: bigint;
  /** By which that may be wrong; 0 for the first member. */
  readonly error: number;
}

export interface Clocks {
  readonly groups: readonly ClockGroup[];
  /** Why sources stand alone: the pairs that came nearest to being related. */
  readonly failures: readonly {
    readonly a: number;
    readonly b: number;
    readonly reason: Unrelated;
    readonly texts: number;
  }[];
}

/** Pairs that are compared in all: an archive may hold hundreds of logs. */
const COMPARED_MAX = 500;

/** Puts the sources together that relate. Sources that contradict one another through a third one stay apart, all of them. */
export function groupClocks(sources: readonly Anchored[]): Clocks {
  const edges: { a: number; b: number; relation: Extract<ClockRelation, { related: true }> }[] = [];
  const failures: { a: number; b: number; reason: Unrelated; texts: number }[] = [];
  for (const [i, j] of candidates(sources)) {
    const [a, b] = [sources[i], sources[j]];
    if (!a || !b) continue;
    const relation = relate(a, b);
    if (relation.related) edges.push({ a: a.sourceId, b: b.sourceId, relation });
    else failures.push({ a: a.sourceId, b: b.sourceId, reason: relation.reason, texts: relation.texts });
  }
  const groups: ClockGroup[] = [];
  const placed = new Set<number>();
  for (const { sourceId } of sources) {
    if (placed.has(sourceId)) continue;
    const group = reachedFrom(sourceId, edges);
    for (const id of group.keys()) placed.add(id);
    if (group.size === 1) continue;
    const own = edges.filter(({ a }) => group.has(a));
    const contradicted = own.some(({ a, b, relation }) => {
      const [from, to] = [group.get(a), group.get(b)];
      if (!from || !to) return false;
      const gap = to.offset - from.offset - relation.offset;
      return Math.abs(Number(gap)) > from.error + to.error + relation.error;
    });
    if (contradicted) {
      for (const { a, b, relation } of own) failures.push({ a, b, reason: 'ambiguous', texts: relation.anchors });
      continue;
    }
    const members = [...group].map(([id, at]) => ({ sourceId: id, ...at })).sort((x, y) => x.sourceId - y.sourceId);
    groups.push({ members, anchors: own.reduce((sum, { relation }) => sum + relation.anchors, 0) });
  }
  return { groups, failures };
}

/** Pairs of sources that share a text; the others need not be compared. */
function candidates(sources: readonly Anchored[]): [number, number][] {
  const holders = new Map<number, Set<number>>();
  for (const [index, { anchors }] of sources.entries()) {
    for (const { key } of anchors) {
      const list = holders.get(key) ?? new Set();
      holders.set(key, list.add(index));
    }
  }
  const pairs = new Map<string, [number, number]>();
  for (const list of holders.values()) {
    const indexes = [...list];
    for (const [at, i] of indexes.entries()) {
      for (const j of indexes.slice(at + 1)) {
        if (pairs.size >= COMPARED_MAX) break;
        pairs.set(`${i} ${j}`, [i, j]);
      }
    }
  }
  return [...pairs.values()].sort(([a, b], [c, d]) => a - c || b - d);
}

/** Offset and error of every source that relations lead to, by the chain with the least error. */
function reachedFrom(
  start: number,
  edges: readonly { a: number; b: number; relation: Extract<ClockRelation, { related: true }> }[],
): Map<number, { offset: bigint; error: number }> {
  const done = new Map<number, { offset: bigint; error: number }>();
  const open = new Map([[start, { offset: 0n, error: 0 }]]);
  while (open.size > 0) {
    const [id, at] = [...open].reduce((least, one) => (one[1].error < least[1].error ? one : least));
    open.delete(id);
    done.set(id, at);
    for (const { a, b, relation } of edges) {
      const other = a === id ? b : b === id ? a : null;
      if (other === null || done.has(other)) continue;
      const offset = at.offset + (a === id ? relation.offset : -relation.offset);
      const error = at.error + relation.error;
      if (error < (open.get(other)?.error ?? Number.POSITIVE_INFINITY)) open.set(other, { offset, error });
    }
  }
  return done;
}
