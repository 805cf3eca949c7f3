import { expect, test } from 'vitest';
import { withEvidence } from '../../src/replay/state-evidence.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const asked = (id: number, more: Partial<StoredEvent> = {}) => storedEvent('tsm.guest_request', { id, ...more });
const kept = (...events: readonly StoredEvent[]) =>
  events.reduce<StoredEvent[]>(withEvidence, [storedEvent('tsm.bind', { id: 1 })]).map(({ id }) => id);
const exact = (count: number) => Array.from({ length: count }, (_, n) => asked(2 + n));
const FIRST = [1, 2, 3, 4, 5, 6, 7, 8];

test('a bind and the first records of what only a bound function is asked are kept', () => {
  expect(kept(...exact(2))).toEqual([1, 2, 3]);
  expect(kept(...exact(7))).toEqual(FIRST);
  expect(kept(...exact(30))).toEqual(FIRST);
});

test('what is less certainly of the device is kept, however many came before', () => {
  expect(kept(...exact(30), asked(50, { certainty: 'inherited' }))).toEqual([1, 2, 3, 4, 5, 6, 7, 50]);
  expect(kept(...exact(30), asked(50, { args: { named_by: 'kallsyms.txt' } }))).toEqual([1, 2, 3, 4, 5, 6, 7, 50]);
  const two = [asked(50, { certainty: 'inherited' }), asked(51, { certainty: 'none' })];
  expect(kept(...exact(7), ...two)).toEqual([1, 2, 3, 4, 5, 6, 7, 51]);
  expect(kept(...exact(7), ...two.toReversed())).toEqual([1, 2, 3, 4, 5, 6, 51, 50]);
  expect(kept(...exact(7), asked(50, { certainty: 'maybe' }))).toEqual([1, 2, 3, 4, 5, 6, 7, 50]);
});

test('the bind is kept, and what is as doubtful as all of them adds nothing', () => {
  const doubtful = Array.from({ length: 7 }, (_, n) => asked(2 + n, { certainty: 'inherited' }));
  expect(kept(...doubtful, asked(50, { certainty: 'inherited' }))).toEqual(FIRST);
  expect(kept(...doubtful, asked(50))).toEqual(FIRST);
  const none = doubtful.map((event): StoredEvent => ({ ...event, certainty: 'none' }));
  expect(kept(...none, asked(50, { certainty: 'maybe' }))).toEqual(FIRST);
});
