import type { Anchor, AnchorVia } from './anchors.ts';

/*
 * How the clocks of two sources are shown to relate. Nothing but the records can show it: two files with the same kind of clock
 * may come from two boots, or from two machines that ran one script.
 *
 * 1. Both sources kept the stamps of some texts (anchors.ts). Every pair of equal texts votes for an offset; the width within
 *    which votes count as one is what two stamps of one message can differ by.
 * 2. The offset with most votes is taken if no second one comes near it, if nearly every text that both could have recorded has
 *    its partner there, and if the partners stand far enough from one another and agree so closely, so often, that it is one
 *    run: the same script run twice repeats its messages, and its pauses to a tenth of a millisecond.
 * 3. Where both hold one more text before all partners or behind them, one of the clocks was set or stood still between.
 * 4. The error is the largest deviation that was seen, what the two ways of taking a stamp differ by on top of it, and what the
 *    clocks may have drifted apart where both sources go on without a common message.
 */

/** The texts of one source, and how much of it they are. */
export interface Anchored {
  readonly sourceId: number;
  readonly anchors: readonly Anchor[];
  /** Texts with a larger hash may be missing. */
  readonly limit: number;
  /** From its first stamp to its last one, of whatever record; absent where that is not known. */
  readonly span?: { readonly from: bigint; readonly to: bigint };
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
/**
 * What the pauses of a script differ by from run to run, at the least: a sleeping task may be woken anywhere in its timer slack
 * (50 us, init_task of init/init_task.c). The two stamps of one message differ by what printk_sprint() takes, a few microseconds.
 */
const RERUN = 20_000;
/** Closer than this, agreement proves no more. */
const AS_GOOD_AS_EQUAL = 3_000;
/** What two pauses prove that are equal in both. */
const EVIDENCE = 2 * Math.log(RERUN / AS_GOOD_AS_EQUAL);
/** Pauses that differ by this much more are left out, up to this part of them: one stamp that came late changes two. */
const LATE = 60_000;
const LATE_PART = 0.3;
/** Pairs in all from which the offset is taken; at the offset every text is looked at. */
const PAIRS_MAX = 100_000;

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
  const votes = pairsOf(a, b, shared, base);
  if (votes.pairs.length === 0) return no('too-few');
  const width = widthOf(votes.pairs, base);
  const at = densest(votes.pairs, width);
  const voters = partners(votes.pairs, at, at + width);
  const others = pairsAt(a, b, votes.leftOut, base, at, at + width);
  const matched = others.length === 0 ? voters : partners([...votes.pairs, ...others], at, at + width);
  // One-to-one: a stamp is not spoken for twice.
  const elsewhere = votes.pairs.filter(({ delta }) => delta < at - width || delta > at + 2 * width);
  const rival = elsewhere.length === 0 ? 0 : partnersAt(elsewhere, densest(elsewhere, width), width);

  const offset = middle(matched.map(({ delta }) => delta));
  const deviation = Math.max(...matched.map(({ delta }) => Math.abs(delta - offset)));
  const grain = grainOf(matched);
  const seen = Math.ceil(deviation + grain + Math.max(...matched.map(jitter)));

  if (explained(a, b, base, offset, width, matched) < EXPLAINED) return no('inconsistent');
  if (!isProved(matched, base, seen, deviation, grain)) return no('too-few');
  if (rival * 2 > voters.length) return no('ambiguous');
  if (isStepped(a, b, shared, matched)) return no('inconsistent');
  const error = seen + Math.ceil(drift(one, two, base, offset, matched));
  if (error > ERROR_MAX) return no('too-coarse');
  return { related: true, offset: base.a - base.b - BigInt(Math.round(offset)), error, anchors: matched.length };
}

/** Whether so much agreement is no chance: see above. */
function isProved(matched: readonly Pair[], base: Base, error: number, deviation: number, grain: number): boolean {
  const tokens = new Set(matched.filter(({ a }) => a.unique).map(({ a }) => a.key));
  if (tokens.size >= 2) return true;
  const points = pointsOf(matched, base);
  const span = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  const wrong = deviation + grain;
  // Two prints of one log: the stamps are the same to the microsecond, and not because one message follows the other at once.
  const isCopy = matched.every((pair) => isOneStamp(pair) && pair.a.time === pair.b.time);
  if (isCopy && wrong === 0 && span >= COPY_SPAN_MIN) return true;
  const moments = apart(points, APART * error);
  if (moments.length < MOMENTS || span < Math.max(SPAN_MIN, SPAN_ERRORS * wrong)) return false;
  return evidence(moments, 0, grain) >= EVIDENCE || evidence(moments, slopeOf(moments), grain) >= EVIDENCE;
}

/** A pair as a point: when it was, and what the clocks differed by, in nanoseconds. */
interface Point {
  readonly at: number;
  readonly delta: number;
}

function pointsOf(matched: readonly Pair[], base: Base): Point[] {
  return matched.map(({ a, delta }) => ({ at: Number(a.time - base.a), delta })).sort((x, y) => x.at - y.at);
}

/** How surely the pauses between the moments are the same ones, and not those of another run: see {@link RERUN}. */
function evidence(moments: readonly Point[], slope: number, grain: number): number {
  const level = moments.map(({ at, delta }) => delta - slope * at);
  const differences = level.slice(1).map((one, index) => Math.abs(one - (level[index] ?? 0)));
  const late = differences.filter((one) => one > LATE).length;
  const counted = differences.length - Math.min(late, Math.floor(LATE_PART * differences.length));
  const closest = differences.sort((x, y) => x - y).slice(0, counted);
  const mean = closest.reduce((sum, one) => sum + one, 0) / Math.max(1, counted);
  // A slope that was fitted has used one of them up.
  const pauses = counted - (slope === 0 ? 0 : 1);
  return pauses * Math.log(RERUN / Math.max(mean, grain, AS_GOOD_AS_EQUAL));
}

/** By how much one clock is faster, by least squares, as far as a clock that is slewed can be. */
function slopeOf(points: readonly Point[]): number {
  const mean = (of: (one: Point) => number) => points.reduce((sum, one) => sum + of(one), 0) / points.length;
  const [at, delta] = [mean((one) => one.at), mean((one) => one.delta)];
  const spread = points.reduce((sum, one) => sum + (one.at - at) ** 2, 0);
  if (spread === 0) return 0;
  const slope = points.reduce((sum, one) => sum + (one.at - at) * (one.delta - delta), 0) / spread;
  return Math.max(-DRIFT, Math.min(DRIFT, slope));
}

/**
 * Whether both hold one more text behind everything that agrees, or before it, at another distance: a clock was set there, or
 * one of them stood still while the machine was suspended.
 */
function isStepped(a: Texts, b: Texts, shared: readonly number[], matched: readonly Pair[]): boolean {
  const taken = new Set(matched.flatMap((pair) => [pair.a, pair.b]));
  const ends = (times: readonly bigint[]) => ({
    first: times.reduce((x, y) => (y < x ? y : x)),
    last: times.reduce((x, y) => (y > x ? y : x)),
  });
  const [inA, inB] = [ends(matched.map((pair) => pair.a.time)), ends(matched.map((pair) => pair.b.time))];
  return shared.some((key) => {
    const as = (a.get(key) ?? []).filter((one) => !taken.has(one));
    const bs = (b.get(key) ?? []).filter((one) => !taken.has(one));
    return as.some((x) =>
      bs.some(
        (y) =>
          mayBeOne(x, y) && ((x.time > inA.last && y.time > inB.last) || (x.time < inA.first && y.time < inB.first)),
      ),
    );
  });
}

/** Nanoseconds by which the clocks may differ more where both sources go on without a common message. */
function drift(one: Anchored, two: Anchored, base: Base, offset: number, matched: readonly Pair[]): number {
  if (matched.every(isOneStamp)) return 0;
  const points = pointsOf(matched, base);
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const [spanA, spanB] = [spanOf(one, base.a, 0) ?? { from: first, to: last }, spanOf(two, base.b, -offset)];
  const from = Math.max(spanA.from, spanB?.from ?? first);
  const to = Math.min(spanA.to, spanB?.to ?? last);
  const slope = Math.abs(slopeOf(points));
  const noise = (2 * deviationFrom(points) + 2 * AS_GOOD_AS_EQUAL) / Math.max(1, last - first);
  // One clock, as far as can be seen; or one that is slewed, by another amount at another time.
  const rate = Math.min(DRIFT, slope <= noise ? noise : 2 * slope + noise);
  const gap = Math.max(0, ...points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? 0)));
  const outside = Math.max(0, first - from, to - last);
  return rate * outside + (slope <= noise ? 0 : (slope / 10) * (gap / 2));
}

/** The largest distance of a point from the line through all of them. */
function deviationFrom(points: readonly Point[]): number {
  const slope = slopeOf(points);
  const level = points.map(({ at, delta }) => delta - slope * at);
  return Math.max(...level) - Math.min(...level);
}

function spanOf({ span }: Anchored, base: bigint, offset: number): { from: number; to: number } | null {
  if (span === undefined) return null;
  return { from: Number(span.from - base) + offset, to: Number(span.to - base) + offset };
}

/** Two prints of one record: the stamp is the same one, whatever clock it is shown in. */
function isOneStamp({ a, b }: Pair): boolean {
  return a.via === 'printk' && b.via === 'printk';
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

function apart(points: readonly Point[], distance: number): Point[] {
  const moments: Point[] = [];
  for (const point of points) {
    if (point.at - (moments.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= distance) moments.push(point);
  }
  return moments;
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

/** Pairs of equal texts, in the order of their deltas; rare texts first, and those that are too many left out. */
function pairsOf(a: Texts, b: Texts, shared: readonly number[], base: Base): { pairs: Pair[]; leftOut: number[] } {
  const size = (key: number) => (a.get(key)?.length ?? 0) * (b.get(key)?.length ?? 0);
  const pairs: Pair[] = [];
  const leftOut: number[] = [];
  for (const key of shared.toSorted((x, y) => size(x) - size(y) || x - y)) {
    if (pairs.length > 0 && pairs.length + size(key) > PAIRS_MAX) {
      leftOut.push(key);
      continue;
    }
    for (const one of a.get(key) ?? []) {
      for (const other of b.get(key) ?? []) if (mayBeOne(one, other)) pairs.push(pairOf(one, other, base));
    }
  }
  return { pairs: pairs.sort((x, y) => x.delta - y.delta || x.a.line - y.a.line || x.b.line - y.b.line), leftOut };
}

/** The pairs of these texts whose delta lies from `from` to `to`. */
function pairsAt(a: Texts, b: Texts, keys: readonly number[], base: Base, from: number, to: number): Pair[] {
  return keys.flatMap((key) =>
    (a.get(key) ?? []).flatMap((one) =>
      (b.get(key) ?? [])
        .filter((other) => mayBeOne(one, other))
        .map((other) => pairOf(one, other, base))
        .filter(({ delta }) => delta >= from && delta <= to),
    ),
  );
}

function pairOf(a: Anchor, b: Anchor, base: Base): Pair {
  return { a, b, delta: Number(b.time - base.b) - Number(a.time - base.a) };
}

/** Both know who said it: then it was the same task (PRINTK_CALLER, the task of the trace event). */
function mayBeOne(a: Anchor, b: Anchor): boolean {
  return a.pid === null || b.pid === null || a.pid === b.pid;
}

function jitter({ a, b }: Pair): number {
  return Math.max(JITTER[a.via], JITTER[b.via]);
}

/** How far deltas of one offset may lie apart. */
function widthOf(pairs: readonly Pair[], base: Base): number {
  const last = pairs.reduce((most, { a }) => Math.max(most, Number(a.time - base.a)), 0);
  const stamps = Math.max(...new Set(pairs.map(jitter)));
  // Two prints of one record drift by nothing.
  const more = pairs.every(isOneStamp) ? 0 : STALL + DRIFT * last;
  return Math.min(stamps + more, 2 * ERROR_MAX);
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
  /** Sources that were not compared with all that they share a message with, since there are too many. */
  readonly uncompared: number;
}

/** Pairs that are compared in all: an archive may hold hundreds of logs. */
const COMPARED_MAX = 500;

/** Puts the sources together that relate. Sources that contradict one another through a third one stay apart, all of them. */
export function groupClocks(
  sources: readonly Anchored[],
  apart: (a: number, b: number) => boolean = () => false,
): Clocks {
  const edges: { a: number; b: number; relation: Extract<ClockRelation, { related: true }> }[] = [];
  const failures: { a: number; b: number; reason: Unrelated; texts: number }[] = [];
  const { pairs, uncompared } = candidates(sources);
  for (const [i, j] of pairs) {
    const [a, b] = [sources[i], sources[j]];
    if (!a || !b || apart(a.sourceId, b.sourceId)) continue;
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
    // What both hold at other distances denies what a chain of others says of them.
    const denied = failures.some(({ a, b, reason }) => reason === 'inconsistent' && group.has(a) && group.has(b));
    const contradicted = own.some(({ a, b, relation }) => {
      const [from, to] = [group.get(a), group.get(b)];
      if (!from || !to) return false;
      const gap = to.offset - from.offset - relation.offset;
      return Math.abs(Number(gap)) > from.error + to.error + relation.error;
    });
    if (contradicted || denied) {
      for (const { a, b, relation } of own) failures.push({ a, b, reason: 'ambiguous', texts: relation.anchors });
      continue;
    }
    const members = [...group].map(([id, at]) => ({ sourceId: id, ...at })).sort((x, y) => x.sourceId - y.sourceId);
    groups.push({ members, anchors: own.reduce((sum, { relation }) => sum + relation.anchors, 0) });
  }
  return { groups, failures, uncompared };
}

/** Pairs of sources that share a text; the others need not be compared. */
function candidates(sources: readonly Anchored[]): { pairs: [number, number][]; uncompared: number } {
  const holders = new Map<number, Set<number>>();
  for (const [index, { anchors }] of sources.entries()) {
    for (const { key } of anchors) {
      const list = holders.get(key) ?? new Set();
      holders.set(key, list.add(index));
    }
  }
  const pairs = new Map<string, [number, number]>();
  const left = new Set<number>();
  for (const list of holders.values()) {
    const indexes = [...list];
    for (const [at, i] of indexes.entries()) {
      for (const j of indexes.slice(at + 1)) {
        const key = `${i} ${j}`;
        if (pairs.size < COMPARED_MAX) pairs.set(key, [i, j]);
        else if (!pairs.has(key)) left.add(i).add(j);
      }
    }
  }
  return { pairs: [...pairs.values()].sort(([a, b], [c, d]) => a - c || b - d), uncompared: left.size };
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
