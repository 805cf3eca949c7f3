import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTimeline } from '../../src/timeline/create.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

type Change =
  | { readonly type: 'add'; readonly outcome: StoredEvent['outcome']; readonly code: number | null }
  | ({ readonly type: 'pair' | 'settle' | 'supersede'; readonly of: number; readonly by: number } & Pick<
      StoredEvent,
      'outcome' | 'code'
    >);

const outcome = fc.constantFrom('ok' as const, 'failed' as const, 'unknown' as const, 'void' as const);
const code = fc.constantFrom(null, 0, -5);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), outcome, code }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('pair' as const, 'settle' as const, 'supersede' as const),
      of: fc.nat(60),
      by: fc.nat(60),
      outcome,
      code,
    }),
  },
);

/** @param reads a look after every change: nothing waits when the next one comes. */
async function stored(changes: readonly Change[], reads: boolean): Promise<StoredEvent[]> {
  const writer = await createTimeline(null);
  const sourceId = writer.addSource({ path: 'x', format: 'ftrace', compression: 'none' });
  let count = 0;
  for (const one of changes) {
    if (one.type === 'add') {
      count++;
      const id = writer.addEvent({
        sourceId,
        line: count,
        endLine: count,
        time: 2n ** 60n + BigInt(count),
        cpu: null,
        task: null,
        pid: 7,
        kind: 'pci.flr',
        phase: 'enter',
        outcome: one.outcome,
        code: one.code,
        symbol: 'pcie_flr',
        args: {},
        text: 'pcie_flr <-x',
        truncated: false,
        entityId: null,
        parentId: null,
        rootId: null,
      });
      expect(id).toBe(count);
    } else if (count > 0) {
      const of = 1 + (one.of % count);
      const by = 1 + (one.by % count);
      if (one.type === 'pair') writer.pairEvents(of, by, one.outcome, one.code);
      else if (one.type === 'settle') writer.settleEvent(of, one.outcome, one.code);
      else writer.supersedeEvent(of, by);
    }
    if (reads) writer.reader.events(0, 1);
  }
  const events = writer.reader.events(0, 1000);
  writer.abort();
  return events;
}

test('it makes no difference whether an event waits or is written when more becomes known of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 120, size: 'max' }), async (changes) => {
      const events = await stored(changes, false);
      expect(events).toHaveLength(changes.filter(({ type }) => type === 'add').length);
      expect(events).toEqual(await stored(changes, true));
    }),
    { numRuns: 25 },
  );
});

test('whatever events agree in, each is stored as it is', async () => {
  const writer = await createTimeline(null);
  const sourceId = writer.addSource({ path: 'x', format: 'ftrace', compression: 'none' });
  // Batches of 32 that agree in ever other columns: more kinds of them than statements are kept for.
  const rows = Array.from({ length: 100 * 32 }, (_, at) => {
    const [batch, own] = [Math.floor(at / 32), at % 32];
    const varies = (bit: number) => ((batch >> bit) & 1) === 1 && own > 0;
    return {
      sourceId,
      line: 1 + at,
      endLine: varies(0) ? 1 + at : 100_000,
      time: varies(1) ? BigInt(own) : null,
      cpu: varies(2) ? own : 3,
      task: varies(3) ? `task ${own}` : null,
      pid: varies(4) ? own : 7,
      kind: 'pci.flr' as const,
      phase: 'enter' as const,
      outcome: 'unknown' as const,
      code: varies(5) ? -own : 0,
      symbol: varies(6) ? `pcie_flr_${own}` : 'pcie_flr',
      args: {},
      text: `line ${at}`,
      truncated: false,
      entityId: null,
      parentId: null,
      rootId: null,
    };
  });
  for (const row of rows) writer.addEvent(row);
  const events = writer.reader.events(0, rows.length + 1);
  writer.abort();
  expect(events).toHaveLength(rows.length);
  for (const [at, row] of rows.entries()) expect(events[at]).toMatchObject({ ...row, id: at + 1 });
});
