import { type Base, DRIFT, isOneStamp, type Pair } from './clock-pairs.ts';

// Whether the pairs of one offset prove that two sources recorded one run, and what their clocks may have drifted apart since.

/** A source, and what it covers. */
export interface Spanned {
  /** From its first stamp to its last one, of whatever record; absent where that is not known. */
  readonly span?: { readonly from: bigint; readonly to: bigint };
}

/** Messages that must agree, at moments of their own. */
const MOMENTS = 3;
/** What lies closer together than this many errors is one moment. */
const APART = 20;
/** The first and the last of them are apart by so much, and by so many errors. */
const SPAN_MIN = 1_000_000_000;
const SPAN_ERRORS = 1000;
const COPY_SPAN_MIN = 1_000_000;
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

/** Whether so much agreement is no chance: step 2 of clock-relation.ts. */
export function isProved(
  matched: readonly Pair[],
  base: Base,
  error: number,
  deviation: number,
  grain: number,
): boolean {
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

/** Nanoseconds by which the clocks may differ more where both sources go on without a common message. */
export function drift(one: Spanned, two: Spanned, base: Base, offset: number, matched: readonly Pair[]): number {
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

function spanOf({ span }: Spanned, base: bigint, offset: number): { from: number; to: number } | null {
  if (span === undefined) return null;
  return { from: Number(span.from - base) + offset, to: Number(span.to - base) + offset };
}

function apart(points: readonly Point[], distance: number): Point[] {
  const moments: Point[] = [];
  for (const point of points) {
    if (point.at - (moments.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= distance) moments.push(point);
  }
  return moments;
}
