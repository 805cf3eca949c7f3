import { expect, test } from 'vitest';
import type { Draft } from '../../src/rules/draft.ts';
import { nameHeadlines } from '../../src/rules/headlines.ts';

/** A finding of one device, by its operation. */
const draft = (operation: number, rank: number, more: Partial<Draft> = {}): Draft =>
  ({
    track: { id: 1 },
    operation,
    rule: { rank },
    verdict: 'probable',
    violation: { id: operation * 10 + rank },
    causedBy: null,
    ...more,
  }) as unknown as Draft;

test('what hangs below a part hangs below the whole, however often one asks', () => {
  const stop = draft(1, 5);
  const reset = draft(2, 50, { partOf: stop });
  const clear = draft(2, 40, { partOf: stop });
  for (let times = 0; times < 2; times++) {
    nameHeadlines([stop, clear, reset]);
    expect([stop.causedBy, clear.causedBy, reset.causedBy]).toEqual([null, stop, stop]);
  }
});

test('a whole that is the weaker suspicion names no stronger one', () => {
  const stop = draft(1, 5, { verdict: 'possible' });
  const reset = draft(2, 50, { partOf: stop });
  nameHeadlines([stop, reset]);
  expect(reset.causedBy).toBeNull();
});
