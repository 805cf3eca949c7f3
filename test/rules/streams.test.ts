import { expect, test } from 'vitest';
import { EVENT_CLASSES, type EventClass } from '../../src/model/states.ts';
import { originAt } from '../../src/replay/origin.ts';
import { noteSoleStream, type SoleStream } from '../../src/replay/sole-stream.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { isLockedOver, isOnlyStream } from '../../src/rules/streams.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

const ONE = noteSoleStream(null, storedEvent('ide.setup', { args: { ide: '0xa' } }));
const ALL: ReadonlySet<EventClass> = new Set(EVENT_CLASSES);
const BUT_IDE = new Set([...ALL].filter((one) => one !== 'ide'));

interface Told {
  readonly evidence?: readonly StoredEvent[];
  readonly stream?: SoleStream;
  readonly fromBoot?: boolean;
  readonly complete?: ReadonlySet<EventClass>;
}

function step({ evidence = [], stream = ONE, fromBoot = true, complete = ALL }: Told = {}) {
  const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), fromBoot);
  track.stream = stream;
  track.origin = originAt(fromBoot);
  track.stateEvidence = [...evidence];
  return stepOf({ type: 'bind' }, { track, options: { ...OPTIONS, complete } });
}

test('a TDI was locked over the one that was there before all that put it into its state', () => {
  const [opened, bind, request] = [
    storedEvent('ide.enable', { id: 10 }),
    storedEvent('tsm.bind', { id: 20 }),
    storedEvent('tsm.guest_request', { id: 30 }),
  ];
  const over = (one: StoredEvent | null, told: Told) => isLockedOver(one, 'ide', step(told));
  expect(over(opened, { evidence: [bind, request] })).toBe(true);
  // A record of it, that of its return, comes after the bind has begun.
  expect(over({ ...opened, pairId: 21 }, { evidence: [bind, request] })).toBe(false);
  expect(over({ ...opened, pairId: 11 }, { evidence: [bind, request] })).toBe(true);
  expect(over({ ...opened, id: 25 }, { evidence: [bind, request] })).toBe(false);
  expect(over({ ...opened, id: 20 }, { evidence: [bind] })).toBe(false);
  expect(over(null, { evidence: [bind] })).toBe(false);
  // Nothing shows when the TDI was put into its state, or not all streams were recorded.
  expect(over(opened, { evidence: [] })).toBe(false);
  expect(over(opened, { evidence: [bind], complete: BUT_IDE })).toBe(false);
});

test('the stream that is missing is the only one where no other was ever spoken of since the machine began', () => {
  const missing = storedEvent('ide.disable', { id: 10, args: { ide: '0xa' } });
  expect(isOnlyStream(step(), missing)).toBe(true);
  expect(isOnlyStream(step(), { ...missing, args: { ide: '10' } })).toBe(true);
  expect(isOnlyStream(step(), { ...missing, args: { ide: '0xb' } })).toBe(false);
  expect(isOnlyStream(step(), { ...missing, deviceId: 2 })).toBe(false);
  for (const stream of [null, 'several', 'at-init'] as const)
    expect(isOnlyStream(step({ stream }), { ...missing, args: {} })).toBe(false);
  expect(isOnlyStream(step({ fromBoot: false }), missing)).toBe(false);
  expect(isOnlyStream(step({ complete: BUT_IDE }), missing)).toBe(false);
});
