import { expect, test } from 'vitest';
import { holdOf } from '../../src/follow/hold.ts';
import type { DraftEvidence } from '../../src/rules/draft.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

const event = (kind: StoredEvent['kind'], phase: StoredEvent['phase'], pairId: number | null = null): StoredEvent =>
  ({ kind, phase, pairId }) as StoredEvent;

function hold(violation: StoredEvent, ...others: [DraftEvidence['role'], StoredEvent][]): number {
  const evidence = others.map(([role, one]) => ({ role, event: one }));
  return holdOf({ violation, evidence: [{ role: 'violation', event: violation }, ...evidence] });
}

test('what is over is told at once', () => {
  expect(hold(event('pci.reset_done', 'point'))).toBe(0);
  expect(hold(event('vfio.disable', 'enter', 7), ['state', event('tsm.bind', 'enter', 3)])).toBe(0);
});

test('an operation that has not ended is waited for, whether it is the wrong one, around it, or what led to it', () => {
  expect(hold(event('vfio.disable', 'enter'))).toBe(700);
  expect(hold(event('pci.flr', 'point'), ['context', event('vfio.ioctl', 'enter')])).toBe(700);
  expect(hold(event('vfio.disable', 'enter', 7), ['state', event('tsm.bind', 'enter')])).toBe(700);
});

test('what only confirms it is not', () => {
  expect(hold(event('vfio.disable', 'enter', 7), ['confirmation', event('tsm.unbind', 'enter')])).toBe(0);
});

test('an answer of the TSM takes longer, and so do the files that an exit closes', () => {
  expect(hold(event('tsm.bind', 'enter'))).toBe(3000);
  expect(hold(event('tsm.bind', 'enter', 4))).toBe(0);
  expect(hold(event('task.exit', 'point'))).toBe(10_000);
});
