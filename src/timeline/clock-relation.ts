import type { Anchor } from './anchors.ts';
import {
  type Base,
  baseOf,
  byText,
  densest,
  ERROR_MAX,
  jitter,
  mayBeOne,
  type Pair,
  pairsAt,
  pairsOf,
  partners,
  partnersAt,
  type Texts,
  widthOf,
} from './clock-pairs.ts';
import { drift, isProved, type Spanned } from './clock-proof.ts';

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
export interface Anchored extends Spanned {
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

/** Parts of the texts that both could have recorded that must have their partner. */
const EXPLAINED = 0.9;

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

/** The median: of an even number the mean of the two in the middle. */
function middle(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const half = Math.floor(sorted.length / 2);
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
}
