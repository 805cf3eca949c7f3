import { describe, expect, test } from 'vitest';
import { EVENT_CLASSES, type EventClass } from '../../src/model/states.ts';
import { afterLoss } from '../../src/replay/origin.ts';
import { noteOrigin, noVfBy } from '../../src/replay/origin-notes.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { storedDevice, storedEvent } from './stored-event.ts';

// What proves that a function is no VF of SR-IOV; everything else leaves it open.

const ALL: ReadonlySet<EventClass> = new Set(EVENT_CLASSES);
const BUT_HOTPLUG = new Set([...ALL].filter((one) => one !== 'hotplug'));
const ADDED = storedEvent('pci.add', { id: 10 });
const BAR = storedEvent('pci.bar', { id: 11 });

function trackOf(address: string | null, fromBoot = true): DeviceTrack {
  return new DeviceTrack(storedDevice(1, address), fromBoot);
}

describe('that a function is no VF is proved', () => {
  const cases: readonly (readonly [string, number | null, () => DeviceTrack])[] = [
    ['by one of its BARs', 11, () => seen(trackOf('0000:02:00.0', false), BAR)],
    [
      'by VFs of its own',
      12,
      () => seen(trackOf('0000:02:00.0', false), storedEvent('pci.sriov_enable', { id: 12, outcome: 'ok' })),
    ],
    ['by a connect of its own', 13, () => seen(trackOf('0000:02:00.0', false), storedEvent('tsm.connect', { id: 13 }))],
    ['not by one that was refused', null, () => seen(trackOf('0000:02:00.0', false), REFUSED)],
    ['not by its coming, whatever else is recorded', null, () => seen(trackOf('0000:02:00.0'), ADDED)],
    ['not without a record of its coming', null, () => trackOf('0000:02:00.0')],
    ['not where it could not have VFs made', null, () => seen(trackOf('0000:02:00.0', false), FAILED)],
    ['not by records that may be of another one', null, () => seen(trackOf('0000:02:00.0'), PERHAPS)],
  ];
  test.each(cases)('%s', (_, id, track) => {
    expect(noVfBy(track(), ALL)?.id ?? null).toBe(id);
    expect(noVfBy(track(), BUT_HOTPLUG)).toBeNull();
  });

  const FAILED = storedEvent('pci.sriov_enable', { id: 12, outcome: 'failed' });
  const REFUSED = storedEvent('tsm.connect', { id: 13, outcome: 'failed' });
  const PERHAPS = storedEvent('pci.bar', { id: 11, certainty: 'inherited' });
});

test('a VF that a record shows to be one is one', () => {
  const track = seen(trackOf('0000:02:00.0'), BAR);
  track.isVf = true;
  expect(noVfBy(track, ALL)).toBeNull();
});

test('a loss takes all of it away, and what comes after it tells of BARs only', () => {
  const track = seen(seen(trackOf('0000:02:00.0'), ADDED), BAR);
  track.origin = afterLoss(track.origin);
  expect(noVfBy(track, ALL)).toBeNull();
  seen(track, storedEvent('pci.add', { id: 30 }));
  expect(noVfBy(track, ALL)).toBeNull();
  expect(noVfBy(seen(track, storedEvent('pci.bar', { id: 31 })), ALL)?.id).toBe(31);
});

test('what is removed takes its own records with it', () => {
  const track = seen(seen(trackOf('0000:02:00.0'), ADDED), BAR);
  track.forget(storedEvent('pci.remove', { id: 20 }));
  expect(noVfBy(track, ALL)).toBeNull();
  expect(noVfBy(seen(track, storedEvent('pci.add', { id: 21 })), ALL)).toBeNull();
});

function seen(track: DeviceTrack, event: ReturnType<typeof storedEvent>): DeviceTrack {
  noteOrigin(track, event);
  return track;
}
