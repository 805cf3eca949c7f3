import { describe, expect, it } from 'vitest';
import { SourceClocks } from '../../src/replay/clocks.ts';
import { storedSource } from './stored-event.ts';

// Three captures of one machine, and one whose clock nothing relates to theirs.
const CLOCKS = new SourceClocks([
  storedSource(1, { path: 'trace.txt', clockGroup: 1, clockError: 0 }),
  storedSource(2, { path: 'dmesg.txt', clockGroup: 1, clockError: 1500.5, clockOffset: -300n }),
  storedSource(3, { path: 'journal.json', clockGroup: 1, clockError: 700, clockOffset: 20n }),
  storedSource(4, { path: 'other.txt', clockGroup: 4, clockError: null }),
]);

describe('the clocks of sources', () => {
  it('tell which share a history', () => {
    expect([1, 2, 3, 4, 9].map((id) => CLOCKS.history(id))).toEqual([1, 1, 1, 4, 9]);
    expect(CLOCKS.members(1).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect([1, 2, 4, 9].map((id) => CLOCKS.isMerged(id))).toEqual([true, true, false, false]);
  });

  it('tell whose records were merged: not those of a copy, nor of one that stands alone', () => {
    const copy = storedSource(2, { clockGroup: 1, clockError: null });
    const clocks = new SourceClocks([storedSource(1, { clockGroup: 1, clockError: 0 }), copy, storedSource(3)]);
    expect([clocks.members(1), clocks.members(3)].map((list) => list.map(({ id }) => id))).toEqual([[1], []]);
  });

  it('put stamps on the clock of the first one', () => {
    expect(CLOCKS.time({ sourceId: 1, time: 1000n })).toBe(1000n);
    expect(CLOCKS.time({ sourceId: 2, time: 1000n })).toBe(700n);
    expect(CLOCKS.time({ sourceId: 3, time: 1000n })).toBe(1020n);
    expect(CLOCKS.time({ sourceId: 9, time: 1000n })).toBe(1000n);
    expect(CLOCKS.time({ sourceId: 2, time: null })).toBeNull();
  });

  it('may be wrong against each other by the sum of their errors, rounded up', () => {
    expect(CLOCKS.error(1, 1)).toBe(0n);
    expect(CLOCKS.error(2, 2)).toBe(0n);
    expect(CLOCKS.error(1, 2)).toBe(1501n);
    expect(CLOCKS.error(3, 2)).toBe(2201n);
    expect(CLOCKS.error(1, 3)).toBe(700n);
    expect([CLOCKS.error(4, 9), CLOCKS.error(9, 4)]).toEqual([0n, 0n]);
    // The two that are least exact.
    expect(CLOCKS.widestError(1)).toBe(2201n);
    expect(CLOCKS.widestError(4)).toBe(0n);
    expect(CLOCKS.widestError(9)).toBe(0n);
  });

  it('have the widest error wherever the least exact ones stand', () => {
    const errors = [700, 0, 1500.5].map((clockError, i) => storedSource(i + 1, { clockGroup: 1, clockError }));
    expect(new SourceClocks(errors).widestError(1)).toBe(2201n);
  });

  it('have the path as it was typed', () => {
    expect([2, 9].map((id) => CLOCKS.path(id))).toEqual(['dmesg.txt', '']);
  });
});
