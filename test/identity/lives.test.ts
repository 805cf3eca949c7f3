import { expect, test } from 'vitest';
import { read } from './read.ts';

// A function that goes takes its address and its kernel objects along, whoever it was that took it away.
const PF = '0000:02:00.0';
const VF = '0000:02:10.0';
const OLD = '0xffff888003dc0000';

function log(...texts: string[]): string {
  return texts.map((text, i) => `         sh-300     [000] ...1.    10.0${10 + i}003: ${text}\n`).join('');
}

const enter = (symbol: string, bdf: string, rest = '') => `e: (${symbol}+0x0/0x100) bdf="${bdf}"${rest}`;
const leave = (symbol: string, bdf: string, rest = '') => `r: (caller+0x5/0x10 <- ${symbol}) bdf="${bdf}"${rest}`;
const enable = [
  enter('pci_enable_sriov', PF),
  `add_device_to_group: IOMMU: groupID=12 device=${VF}`,
  leave('pci_enable_sriov', PF, ' ret=0'),
];
const disable = [enter('pci_disable_sriov', PF), leave('pci_disable_sriov', PF)];
const open = (bdf: string, rest = '') => enter('vfio_pci_core_enable', bdf, rest);

test('VFs are told by the call on their PF, and have the DSM of its device', async () => {
  const { devices } = await read(
    log(enter('connect_store', PF), leave('connect_store', PF, ' ret=5'), ...enable, enter('pcie_flr', '0000:02:00.1')),
  );
  expect(devices.map(({ bdf, pf, dsm }) => [bdf, pf, dsm])).toEqual([
    [PF, null, PF],
    [VF, PF, PF],
    ['0000:02:00.1', null, PF],
  ]);
});

test('what appears after a call whose return was not recorded is nobody known', async () => {
  const { devices } = await read(log(...enable.slice(0, 2)));
  expect(devices.map(({ bdf, pf }) => [bdf, pf])).toEqual([
    [PF, null],
    [VF, null],
  ]);
});

test('VFs that went with SR-IOV leave address and pointers to others', async () => {
  const { at, devices } = await read(
    log(
      ...enable,
      enter('pci_set_master', VF, ` dev=${OLD}`),
      ...disable,
      `f: (pcie_flr+0x0/0x100) dev=${OLD}`,
      open(VF),
    ),
  );
  expect(at(4).device).toBe(VF);
  // The memory may be anybody's by now.
  expect(at(7).device).not.toBe(VF);
  expect(at(8)).toMatchObject({ kind: 'vfio.open', device: VF });
  expect(at(8).deviceId).not.toBe(at(4).deviceId);
  expect(devices.filter(({ bdf }) => bdf === VF).length).toBe(2);
});

test('so do those whose PF was removed, without a word of SR-IOV', async () => {
  const remove = [enter('pci_stop_and_remove_bus_device', PF), leave('pci_stop_and_remove_bus_device', PF)];
  const { at } = await read(
    log(
      ...enable,
      enter('pci_set_master', VF, ` dev=${OLD}`),
      ...remove,
      `f: (pcie_flr+0x0/0x100) dev=${OLD}`,
      open(VF),
    ),
  );
  expect(at(7).device).not.toBe(VF);
  expect(at(8)).toMatchObject({ kind: 'vfio.open', device: VF });
  expect(at(8).deviceId).not.toBe(at(4).deviceId);
});

test('so do functions below a bridge that is removed, as far as it announced its buses', async () => {
  const PORT = '0000:00:05.0';
  const remove = [enter('pci_stop_and_remove_bus_device', PORT), leave('pci_stop_and_remove_bus_device', PORT)];
  const { at } = await read(
    log(
      `console: pci ${PORT}: PCI bridge to [bus 02]`,
      enter('pci_set_master', PF, ` dev=${OLD}`),
      enter('pci_set_master', '0000:03:00.0', ' dev=0xffff888003daa000'),
      ...remove,
      `f: (pcie_flr+0x0/0x100) dev=${OLD}`,
      'f: (pcie_flr+0x0/0x100) dev=0xffff888003daa000',
      open(PF),
      open('0000:03:00.0'),
    ),
  );
  expect(at(6).device).not.toBe(PF);
  expect(at(7).device).toBe('0000:03:00.0');
  expect(at(8).deviceId).not.toBe(at(2).deviceId);
  expect(at(9).deviceId).toBe(at(3).deviceId);
});

test('what is said of a function that was removed is still about that one', async () => {
  const { at } = await read(
    log(
      open(VF),
      enter('pci_stop_and_remove_bus_device', VF),
      leave('pci_stop_and_remove_bus_device', VF),
      `remove_device_from_group: IOMMU: groupID=12 device=${VF}`,
      open(VF),
    ),
  );
  expect(at(4).deviceId).toBe(at(1).deviceId);
  expect(at(5).deviceId).not.toBe(at(1).deviceId);
});
