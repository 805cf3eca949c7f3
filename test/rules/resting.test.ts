import { expect, test } from 'vitest';
import { DeviceTrack } from '../../src/replay/track.ts';
import { restsOn } from '../../src/rules/resting.ts';
import type { StoredDevice, StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';

const BDF = '0000:02:00.0';
const said = (event: Partial<StoredEvent>, device: Partial<StoredDevice> = {}, ...calls: readonly StoredEvent[]) => {
  const track = new DeviceTrack(storedDevice(1, BDF, device), false);
  const record = storedEvent('tsm.unbind', { id: 9, certainty: 'inherited', symbol: 'pci_tsm_unbind', ...event });
  return restsOn(record, { track }, calls);
};

// Whoever reads the finding has to see what ties the record to the device.
test.each<[string, string, RegExp]>([
  [
    'a pointer of the device',
    said({ text: 'pdev=0xffff888101234000' }, { aliases: ['pci=0xffff888101234000'] }),
    /no device but pci=0xffff888101234000, .*only one that its task, call or file leads to/,
  ],
  [
    'an object of another record',
    said({ text: 'x=0xffff888101234000' }, { aliases: ['kvm=0xffff888101234000'] }),
    /no device but kvm=0xffff888101234000, which is this one's as other records tell/,
  ],
  ['an id', said({ args: { vdevice_id: '7' } }), /no device but vdevice_id=7, which is this one's/],
  [
    'a system call on its file',
    said({ args: { inside: 'ioctl' } }),
    /no device: it was made in a system call on a file of this one \(ioctl\)/,
  ],
  ['its entry', said({ phase: 'exit', pairId: 5, pairLine: 5 }), /no device: its entry, line 5, is of this one/],
  [
    'the call around it',
    said({}, {}, storedEvent('vfio.close', { id: 4 })),
    /no device: it was made in a call on this one, line 4/,
  ],
  ['an address without its segment', said({ text: '02:00.0: x' }), /no segment: .*only function with this address/],
  ['nothing but its task', said({}), /no device: it is taken to be the only one that its task names/],
])('a record rests on %s', (_name, text, expected) => {
  expect(text).toMatch(expected);
});

test('a record rests on what the user says', () => {
  const text = said({ text: 'pdev=0xffff888101234000' }, { aliases: ['0xffff888101234000 (--map)'] });
  expect(text).toMatch(/^names no device/);
});
