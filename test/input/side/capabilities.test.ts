import { expect, test } from 'vitest';
import { capabilityAt, capabilityWithId } from '../../../src/input/side/capabilities.ts';
import { LspciReader } from '../../../src/input/side/lspci.ts';
import { SysReader } from '../../../src/input/side/sysfs.ts';

function read(text: string): LspciReader {
  const reader = new LspciReader(new SysReader());
  reader.begin();
  for (const [index, row] of text.split('\n').entries()) reader.line(row, `lspci.txt:${index + 1}`);
  reader.finish();
  return reader;
}

function capabilities(text: string) {
  const [one] = read(text).capabilities.values();
  if (one === undefined) throw new Error('no capabilities');
  return one;
}

// The heads that pciutils prints for an igb function, and one that no version has a name for.
const IGB = `02:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
\tCapabilities: [40] Power Management version 3
\t\tFlags: PMEClk- DSI+ D1- D2- AuxCurrent=0mA PME(D0+,D1-,D2-,D3hot+,D3cold-)
\tCapabilities: [50] MSI: Enable- Count=1/1 Maskable+ 64bit+
\tCapabilities: [70] MSI-X: Enable- Count=10 Masked-
\tCapabilities: [a0] Express (v2) Endpoint, MSI 00
\tCapabilities: [100 v1] Advanced Error Reporting
\tCapabilities: [150 v1] Alternative Routing-ID Interpretation (ARI)
\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)
\tCapabilities: [1c0 v1] Extended Capability ID 0x2c
\tCapabilities: [200 v1] Something that is new
`;

test('an offset of config space tells the capability and the register in it', () => {
  const igb = capabilities(IGB);
  const at = (offset: number) => capabilityAt(igb, offset);
  expect(at(0x04)).toBeNull();
  expect(at(0x44)).toEqual({ in: 'capability', id: 0x01, offset: 0x40, within: 4 });
  expect(at(0xa8)).toEqual({ in: 'capability', id: 0x10, offset: 0xa0, within: 8 });
  expect(at(0xff)).toMatchObject({ id: 0x10, within: 0x5f });
  expect(at(0x168)).toEqual({ in: 'extended-capability', id: 0x10, offset: 0x160, within: 8 });
  expect(at(0x1c4)).toMatchObject({ id: 0x2c, within: 4 });
  expect(at(0x204)).toMatchObject({ id: null, offset: 0x200 });
  expect(at(0x1000)).toBeNull();
  expect(capabilityWithId(igb, 'capability', 0x11)?.offset).toBe(0x70);
  expect(capabilityWithId(igb, 'extended-capability', 0x30)).toBeNull();
  expect(igb.fact).toEqual({ place: 'lspci.txt:2', text: 'where the capabilities of 0000:02:00.0 stand' });
});

test('what was not readable is told by no offset', () => {
  expect(capabilities('02:00.0 A: B\n\tCapabilities: <access denied>\n')).toMatchObject({ list: [], upTo: 0x40 });
  const broken = capabilities(
    '02:00.0 A: B\n\tCapabilities: [50] MSI: Enable- Count=1/1\n\tCapabilities: [60] <chain broken>\n\tCapabilities: [100 v1] Advanced Error Reporting\n',
  );
  expect(capabilityAt(broken, 0x52)).toMatchObject({ id: 0x05 });
  expect(capabilityAt(broken, 0x62)).toBeNull();
  // Extended config space was not read: the last one of the first 256 bytes does not reach there.
  const conventional = capabilities('02:00.0 A: B\n\tCapabilities: [50] MSI: Enable- Count=1/1\n');
  expect(capabilityAt(conventional, 0x100)).toBeNull();
});

test('a line that is none of lspci ends a device', () => {
  const text = '02:00.0 A: B\npcilib: sysfs_read_vpd failed\n\tCapabilities: [50] MSI: Enable- Count=1/1\n';
  expect(read(text).capabilities.size).toBe(0);
});

test('-PP names a function by the bridges above it', () => {
  const text =
    '00:05.0/02:00.0 A: B\n\tCapabilities: [50] MSI: Enable- Count=1/1\n\n0001:00:05.0/02:00.0 A: B\n\tCapabilities: [50] MSI: Enable- Count=1/1\n';
  expect([...read(text).capabilities.keys()]).toEqual(['0000:02:00.0', '0001:02:00.0']);
});
