import { type Anchored, type ClockRelation, relate, type Unrelated } from './clock-relation.ts';

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
