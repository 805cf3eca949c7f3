import type { Anchor, AnchorVia } from './anchors.ts';

// The pairs of equal texts of two sources, and the offset that most of them vote for: step 1 of clock-relation.ts.

/** What two stamps of one message differ by, besides the offset: interrupts between them, digits that are cut off. */
const JITTER: Readonly<Record<AnchorVia, number>> = { printk: 1_000, console: 100_000, mark: 10_000_000 };
/** A message is looked for within this much more, for the machine may have stalled between the two stamps. */
const STALL = 150_000;
/** CLOCK_MONOTONIC is slewed against the scheduler's clock: parts of the span that are taken for the same offset. */
export const DRIFT = 1e-4;
/** An error above this orders nothing. */
export const ERROR_MAX = 20_000_000;
/** Pairs in all from which the offset is taken; at the offset every text is looked at. */
const PAIRS_MAX = 100_000;

export interface Pair {
  readonly a: Anchor;
  readonly b: Anchor;
  /** b minus a, on top of the base. */
  readonly delta: number;
}

export type Texts = ReadonlyMap<number, readonly Anchor[]>;

/** The first time of each source: see {@link baseOf}. */
export interface Base {
  readonly a: bigint;
  readonly b: bigint;
}

export function byText(anchors: readonly Anchor[], limit: number): Texts {
  return Map.groupBy(
    anchors.filter(({ key }) => key <= limit),
    ({ key }) => key,
  );
}

/** Times are taken relative to these: an epoch in nanoseconds is more than a double holds exactly. */
export function baseOf(a: Texts, b: Texts, shared: readonly number[]): Base {
  const first = (texts: Texts) =>
    shared.flatMap((key) => texts.get(key) ?? []).reduce((least, { time }) => (time < least ? time : least), 2n ** 63n);
  return { a: first(a), b: first(b) };
}

/** Pairs of equal texts, in the order of their deltas; rare texts first, and those that are too many left out. */
export function pairsOf(
  a: Texts,
  b: Texts,
  shared: readonly number[],
  base: Base,
): { pairs: Pair[]; leftOut: number[] } {
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
export function pairsAt(a: Texts, b: Texts, keys: readonly number[], base: Base, from: number, to: number): Pair[] {
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
export function mayBeOne(a: Anchor, b: Anchor): boolean {
  return a.pid === null || b.pid === null || a.pid === b.pid;
}

export function jitter({ a, b }: Pair): number {
  return Math.max(JITTER[a.via], JITTER[b.via]);
}

/** How far deltas of one offset may lie apart. */
export function widthOf(pairs: readonly Pair[], base: Base): number {
  const last = pairs.reduce((most, { a }) => Math.max(most, Number(a.time - base.a)), 0);
  const stamps = Math.max(...new Set(pairs.map(jitter)));
  // Two prints of one record drift by nothing.
  const more = pairs.every(isOneStamp) ? 0 : STALL + DRIFT * last;
  return Math.min(stamps + more, 2 * ERROR_MAX);
}

/** Two prints of one record: the stamp is the same one, whatever clock it is shown in. */
export function isOneStamp({ a, b }: Pair): boolean {
  return a.via === 'printk' && b.via === 'printk';
}

/** Where the window of `width` that holds most deltas begins. */
export function densest(pairs: readonly Pair[], width: number): number {
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

export function partnersAt(pairs: readonly Pair[], at: number, width: number): number {
  return partners(pairs, at, at + width).length;
}

/** The pairs whose delta lies from `from` to `to`, each stamp in at most one of them, in the order of the first source. */
export function partners(pairs: readonly Pair[], from: number, to: number): Pair[] {
  const inside = pairs.filter(({ delta }) => delta >= from && delta <= to);
  inside.sort((x, y) => compare(x.a.time, y.a.time) || x.a.line - y.a.line || compare(x.b.time, y.b.time));
  const taken = new Set<Anchor>();
  return inside.filter(({ a, b }) => {
    if (taken.has(a) || taken.has(b)) return false;
    taken.add(a).add(b);
    return true;
  });
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
