import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { EVENT_CLASSES, type EventClass } from '../../src/model/states.ts';
import { afterLoss } from '../../src/replay/origin.ts';
import { makesVfs, noteMaking, noteOrigin, noVfBy } from '../../src/replay/origin-notes.ts';
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

const made = (track: DeviceTrack, pf: string | null) => noteMaking([track], pf as Bdf | null);

describe('that a function is no VF is proved', () => {
  const cases: readonly (readonly [string, number | null, () => DeviceTrack])[] = [
    ['by one of its BARs', 11, () => seen(trackOf('0000:02:00.0', false), BAR)],
    [
      'by VFs of its own',
      12,
      () => seen(trackOf('0000:02:00.0', false), storedEvent('pci.sriov_enable', { id: 12, outcome: 'ok' })),
    ],
    ['by its coming, where nothing ever made a VF', 10, () => seen(trackOf('0000:02:00.0'), ADDED)],
    ['not where the start is not told', null, () => seen(trackOf('0000:02:00.0', false), ADDED)],
    ['not without a record of its coming', null, () => trackOf('0000:02:00.0')],
    ['not where it could not have VFs made', null, () => seen(trackOf('0000:02:00.0', false), FAILED)],
    ['not by records that may be of another one', null, () => seen(trackOf('0000:02:00.0'), PERHAPS)],
  ];
  test.each(cases)('%s', (_, id, track) => {
    expect(noVfBy(track(), ALL)?.id ?? null).toBe(id);
    expect(noVfBy(track(), BUT_HOTPLUG)).toBeNull();
  });

  const FAILED = storedEvent('pci.sriov_enable', { id: 12, outcome: 'failed' });
  const PERHAPS = storedEvent('pci.add', { id: 10, certainty: 'inherited' });
});

describe('a call that made VFs before it came leaves it open', () => {
  test.each<[string, string | null, string | null, boolean]>([
    ['of a PF before it', '0000:01:00.0', '0000:02:00.0', true],
    ['of the function before it', '0000:02:00.0', '0000:02:00.1', true],
    ['of nobody knows whom', null, '0000:02:00.0', true],
    ['where its own address is not known', '0000:01:00.0', null, true],
    ['but not of a PF behind it', '0000:03:00.0', '0000:02:00.0', false],
    ['but not of itself', '0000:02:00.0', '0000:02:00.0', false],
    ['but not in another segment', '0001:01:00.0', '0000:02:00.0', false],
    ['but not in a longer one', '10000:01:00.0', '0000:02:00.0', false],
  ])('%s', (_, pf, bdf, open) => {
    const track = trackOf(bdf);
    made(track, pf);
    expect(noVfBy(seen(track, ADDED), ALL) === null).toBe(open);
  });

  test('but not one that came later', () => {
    const track = seen(trackOf('0000:02:00.0'), ADDED);
    made(track, '0000:01:00.0');
    expect(noVfBy(track, ALL)?.id).toBe(10);
  });

  test('whatever becomes of the function', () => {
    const track = trackOf('0000:02:00.0');
    made(track, '0000:01:00.0');
    seen(track, ADDED);
    track.forget(storedEvent('pci.remove', { id: 20 }));
    expect(noVfBy(seen(track, storedEvent('pci.add', { id: 21 })), ALL)).toBeNull();
  });
});

test('a BAR counts whatever else made VFs', () => {
  const track = trackOf('0000:02:00.0');
  made(track, '0000:01:00.0');
  expect(noVfBy(seen(track, BAR), ALL)?.id).toBe(11);
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
  made(track, '0000:01:00.0');
  expect(noVfBy(seen(track, storedEvent('pci.add', { id: 21 })), ALL)).toBeNull();
});

test('VFs are made by the call on the PF, and by the one that adds a single VF', () => {
  expect(makesVfs(storedEvent('pci.sriov_enable'))).toBe(true);
  expect(makesVfs(storedEvent('call', { symbol: 'pci_iov_add_virtfn' }))).toBe(true);
  expect(makesVfs(storedEvent('call', { symbol: 'vfio_pci_core_ioctl' }))).toBe(false);
  expect(makesVfs(storedEvent('pci.sriov_disable'))).toBe(false);
});

function seen(track: DeviceTrack, event: ReturnType<typeof storedEvent>): DeviceTrack {
  noteOrigin(track, event);
  return track;
}
