import { expect, it } from 'vitest';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { Draft } from '../../src/rules/draft.ts';
import { Waiting } from '../../src/rules/waiting.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

const track = { id: 1 } as DeviceTrack;
const eventAt = (time: bigint | null, sourceId = 1, id = 1) => ({ id, time, sourceId }) as StoredEvent;
const draftAt = (time: bigint | null, sourceId = 1, id = 1) =>
  ({ track, violation: eventAt(time, sourceId, id) }) as Draft;

function waitingFor(...drafts: readonly Draft[]): Waiting {
  const waiting = new Waiting();
  for (const draft of drafts) waiting.add(track, draft);
  return waiting;
}

it('passes over all findings for an event that no time puts before any of them', () => {
  const waiting = waitingFor(draftAt(20n), draftAt(10n));
  expect(waiting.perhapsAfter(track, eventAt(20n))).toEqual([]);
  expect(waiting.perhapsAfter(track, eventAt(19n))).toHaveLength(2);
  expect(waiting.perhapsAfter(track, eventAt(null))).toEqual([]);
  expect(waitingFor(draftAt(10n), draftAt(20n)).perhapsAfter(track, eventAt(15n))).toHaveLength(2);
  expect(waitingFor(draftAt(10n), draftAt(20n)).perhapsAfter(track, eventAt(20n))).toEqual([]);
});

it('passes over none where times say nothing', () => {
  expect(waitingFor(draftAt(20n)).perhapsAfter(track, eventAt(30n, 2))).toHaveLength(1);
  expect(waitingFor(draftAt(20n), draftAt(null)).perhapsAfter(track, eventAt(30n))).toHaveLength(2);
  expect(waitingFor(draftAt(null), draftAt(20n)).perhapsAfter(track, eventAt(30n))).toHaveLength(2);
  expect(waitingFor(draftAt(20n), draftAt(10n, 2)).perhapsAfter(track, eventAt(30n))).toHaveLength(2);
});

it('asks of a few findings only whether the next one is part of them', () => {
  const waiting = waitingFor(...Array.from({ length: 5000 }, (_, id) => draftAt(1n, 1, id)));
  const asked: number[] = [];
  const isPartOf = ({ id }: StoredEvent) => {
    asked.push(id);
    return id === 4998;
  };
  expect(waiting.whole(track, isPartOf)?.violation.id).toBe(4998);
  expect(asked).toEqual([4999, 4998]);
  waiting.whole(track, ({ id }) => asked.push(id) < 0);
  expect(asked.length).toBeLessThan(100);
});

it('holds a better finding in the place of one that it replaces', () => {
  const [first, second, better] = [draftAt(10n), draftAt(20n), draftAt(40n)];
  const waiting = waitingFor(first, second);
  waiting.replace(first, better);
  expect(waiting.all(track)).toEqual([better, second]);
  expect(waiting.perhapsAfter(track, eventAt(30n))).toHaveLength(2);
  waiting.drop(track, second);
  expect(waiting.all(track)).toEqual([better]);
  // Of one that does not wait there is nothing to hold.
  waiting.drop(track, first);
  waiting.replace(first, second);
  expect(waiting.all(track)).toEqual([better]);
  waiting.end(track);
  expect(waiting.all(track)).toEqual([]);
});
