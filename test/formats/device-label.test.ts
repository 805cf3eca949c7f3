import { expect, test } from 'vitest';
import { normalise } from '../../src/events/normalise.ts';
import { collect } from './collect.ts';

/** The devices that a text of one record names, and the kind of event. */
function seen(id: string, lines: readonly string[]): unknown {
  const [record] = collect(id, lines).records;
  const meaning = record === undefined ? null : normalise(record);
  return meaning?.type === 'event' ? [meaning.event.kind, meaning.event.clues] : null;
}

const BDF = [{ type: 'bdf', bdf: '0000:02:00.0' }];

test('a message without a prefix belongs to the device of its label', () => {
  const plain = seen('kmsg', ['4,1,13377318,-;vfio-pci 0000:02:00.0: resetting']);
  expect(plain).toEqual([expect.any(String), BDF]);
  expect(seen('kmsg', ['4,1,13377318,-;resetting', ' SUBSYSTEM=pci', ' DEVICE=+pci:0000:02:00.0'])).toEqual(plain);
  expect(
    seen('journal-export', [
      '__CURSOR=a',
      '_TRANSPORT=kernel',
      '_KERNEL_DEVICE=+pci:0000:02:00.0',
      'MESSAGE=resetting',
    ]),
  ).toEqual(plain);
  expect(seen('syslog', ['Nov 22 05:53:14 host kernel: resetting#012 DEVICE=+pci:0000:02:00.0'])).toEqual(plain);
});

test('the prefix of a message wins over its label', () => {
  const lines = ['4,1,13377318,-;vfio-pci 0000:02:00.0: resetting', ' DEVICE=+pci:0000:03:00.0'];
  expect(seen('kmsg', lines)).toEqual([expect.any(String), BDF]);
});

test('a label that is no PCI function names no device', () => {
  for (const label of ['b8:0', 'c1:3', 'n2', '+usb:1-1', '+pci:02:00.0', '+pci:'])
    expect(seen('kmsg', ['4,1,13377318,-;resetting', ` DEVICE=${label}`])).toEqual([expect.any(String), []]);
});
