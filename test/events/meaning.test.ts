import { describe, expect, test } from 'vitest';
import { type CodeSpace, decode, decodeText } from '../../src/events/codes.ts';
import type { KernelEvent } from '../../src/events/event.ts';
import { firmwareResult } from '../../src/events/firmware-result.ts';
import { normalise } from '../../src/events/normalise.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { read } from '../identity/read.ts';
import { call, printk, probe, returnProbe, traceEvent } from './records.ts';

const BDF = '0000:02:00.0';

function eventOf(meaning: ReturnType<typeof normalise>): KernelEvent {
  if (meaning?.type !== 'event') throw new Error('no event');
  return meaning.event;
}

describe('numbers mean what their printer says', () => {
  // RMI and TDISP number the states of a TDI differently; so do two postings of one series.
  test.each<[CodeSpace, string, string | undefined]>([
    ['state.tdisp', '1', 'locked'],
    ['state.rmm-vdev', '1', 'unlocked'],
    ['state.rmm-vdev', '2', 'locked'],
    ['state.tsm-rfc', '3', 'run'],
    ['state.rhi-da', '2', 'run'],
    ['state.rhi-da', '3', undefined],
    ['state.rmm-pdev', '4', 'stopped or IDE resetting'],
    ['psp-command', '0xe4', 'TIO_TDI_DIGEST_REPORT or TIO_ROLL_KEY'],
    ['psp-status', '0x8000003c', 'INVALID_TDI_STATE'],
    ['seamcall', '0x80', 'TDH.IOMMU.SETREG or TDH.IOMMU.SETUP'],
    ['seamcall', '0x84', 'TDH.IDE.STREAM.CREATE'],
    ['tdx-status', '0xc0000f1000000001', 'TDX_DEVIF_TDISP_INVALID_STATE'],
    ['tdx-status', '8000020000000000', 'TDX_OPERAND_BUSY'],
    ['tdx-status', '0xc0000fff00000000', undefined],
    ['rmi-status', '0x110', 'RMI_ERROR_GRANULE'],
    ['rhi', '0xc5000054', 'RHI_DA_VDEV_SET_TDI_STATE'],
    ['ioctl.vfio-device', '0x3b71', 'VFIO_DEVICE_PCI_HOT_RESET'],
    ['ioctl.iommufd', '0x3b71', 'VFIO_IOMMU_MAP_DMA'],
    ['ioctl', '3b71', 'VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA'],
    ['ioctl.iommufd', '0x3b94', 'IOMMU_HW_QUEUE_ALLOC or IOMMU_VDEVICE_TSM_GUEST_REQUEST'],
  ])('%s %s: %s', (space, text, name) => {
    expect(decodeText(space, text)?.name).toBe(name);
  });

  test('and do to a TDI what all generations say', () => {
    expect(decode('psp-command', 0xddn)?.means).toBe('tdisp.stop');
    expect(decode('psp-command', 0xe4n)?.means).toBeNull();
    expect(decode('seamcall', 0xa0n)?.means).toBe('mmio.unmap');
    expect(decode('rhi', 0xc5000052n)?.means).toBeNull();
  });
});

describe('answers of firmware', () => {
  test.each([
    ['tdx', '0x0', 'ok', {}],
    ['tdx', '0xc0000f1000000000', 'failed', { status_name: 'TDX_DEVIF_TDISP_INVALID_STATE' }],
    ['tdx', '0xc0000f5700000000', 'unknown', { status_name: 'TDX_SPDM_REQUEST' }],
    ['tdx', '0xc0000fff00000000', 'failed', { status: '0xc0000fff00000000' }],
    ['tdx', '0x00000b0a00000000', 'ok', { status_name: 'TDX_PAGE_ALREADY_ACCEPTED' }],
    ['rmi', '16', 'failed', { status_name: 'RMI_ERROR_GRANULE' }],
    ['rmi', '0', 'ok', {}],
    ['sev-tio', '0', 'ok', {}],
    ['sev-tio', '-22', 'failed', {}],
    ['sev-tio', '2', 'unknown', { wants_exchange: '2' }],
    ['rmi', '(fault)', 'unknown', {}],
  ] as const)('%s returned %s: %s', (kind, ret, outcome, status) => {
    expect(firmwareResult(kind, ret)).toMatchObject({ outcome, status });
  });

  test('stand in the event of the call that got them', () => {
    expect(eventOf(normalise(returnProbe('tdh_mmio_unmap', { ret: '0xc0000f1000000000' })))).toMatchObject({
      kind: 'mmio.unmap',
      outcome: 'failed',
      args: { command_name: 'TDH.MMIO.UNMAP', status_name: 'TDX_DEVIF_TDISP_INVALID_STATE' },
    });
  });
});

describe('the kind by an argument', () => {
  test.each([
    ['sev_tio_tdi_bind', { force_run: '0' }, 'tdisp.lock'],
    ['sev_tio_tdi_bind', { force_run: '0x1' }, 'tdisp.start'],
    ['sev_tio_tdi_bind', {}, 'tdisp.request'],
    ['tdx_tdi_request', { req: '1' }, 'tdisp.lock'],
    ['tdx_tdi_request', { req: '4' }, 'tdisp.stop'],
    ['tdx_tdi_request', { req: '9' }, 'tdisp.request'],
    ['rhi_da_vdev_set_tdi_state', { target_state: '2' }, 'guest.accept'],
  ])('%s %o: %s', (symbol, fields, kind) => {
    expect(eventOf(normalise(probe(symbol, fields))).kind).toBe(kind);
  });
});

describe('what names a device through others', () => {
  test.each([
    [
      'pci_tsm_bind',
      { bdf: BDF, kvm: '0xffffc90000123000', vbdf: '0x20' },
      [
        { type: 'vm', value: '0xffffc90000123000' },
        { type: 'guest-bdf', value: '0x20' },
      ],
    ],
    ['iommufd_device_unbind', { bdf: BDF, id: '1' }, [{ type: 'iommufd-device', value: '1' }]],
    // The argument itself is where the id will be put.
    ['iommufd_device_bind', { id: '0xffffc90000747d2c' }, []],
    [
      'iommufd_vdevice_destroy',
      { obj: '0xffff888003c26000' },
      [{ type: 'iommufd-pointer', value: '0xffff888003c26000' }],
    ],
    [
      'iommufd_fops_ioctl',
      { cmd: '0x3b95', pl: '{0x10,0x2,0x0,0x3,0x0,0x0,0x0,0x0}' },
      [{ type: 'iommufd-vdevice', value: '3' }],
    ],
    ['vfio_pci_core_ioctl', { cmd: '0x3b76', pl: '{0x10,0x0,0x16,0x0}' }, [{ type: 'iommufd-fd', value: '22' }]],
    ['sev_tio_dev_create', { device_id: '0x200' }, [{ type: 'requester-id', value: '0x200' }]],
  ])('%s %o', (symbol, fields, handles) => {
    expect(eventOf(normalise(probe(symbol, fields))).handles).toEqual(handles);
  });

  test('stands in the arguments, too, where it is not yet', () => {
    expect(eventOf(normalise(probe('kvm_destroy_vm', { kvm: '0xffffc90000123000' }))).args).toEqual({
      what: 'VM',
      vm: '0xffffc90000123000',
    });
    expect(
      eventOf(normalise(probe('iommufd_fops_ioctl', { cmd: '0x3b91', pl: '{0x18,0x4,0x1,0x0,0x20,0x1}' }))).args,
    ).toMatchObject({ cmd_name: 'IOMMU_VDEVICE_ALLOC', viommu_id: '4', dev_id: '1', virt_id: String(0x1_0000_0020) });
  });

  test('a payload that a probe could not fetch says nothing', () => {
    const { args, handles } = eventOf(normalise(probe('iommufd_fops_ioctl', { cmd: '0x3b95', pl: '{(fault)}' })));
    expect(args).toEqual({ cmd: '0x3b95', cmd_name: 'IOMMU_VDEVICE_TSM_OP', payload: '{(fault)}' });
    expect(handles).toEqual([]);
  });

  test('clearing bus mastering through VFIO_DEVICE_FEATURE', () => {
    const fields = { bdf: BDF, cmd: '0x3b75', pl: '{0xc,0x2000a,0x0}' };
    expect(eventOf(normalise(probe('vfio_pci_core_ioctl', fields))).args).toMatchObject({
      feature: 'BUS_MASTER',
      sets: '1',
      data_name: 'CLEAR',
    });
  });

  test('a system call names a file whose kind it does not tell', () => {
    expect(eventOf(normalise(traceEvent('sys_ioctl', '(fd: 1c, cmd: 3b6f, arg: 0)')))).toMatchObject({
      kind: 'syscall.ioctl',
      args: { cmd_name: 'VFIO_DEVICE_RESET' },
      handles: [{ type: 'any-fd', value: '1c' }],
    });
    expect(normalise(traceEvent('sys_ioctl', '(fd: 1c, cmd: 5401, arg: 0)'))).toBeNull();
  });
});

test('a fault that leaves its segment open says so', () => {
  const text =
    'DMAR: [DMA Write NO_PASID] Request device [02:00.0] fault addr 0x1000 [fault reason 0x05] PTE Write access is not set';
  expect(eventOf(normalise(printk(text))).clues).toEqual([{ type: 'bdf', bdf: BDF, assumed: 'segment' }]);
  expect(eventOf(normalise(printk(text.replace('02:00', '0000:02:00')))).clues).toEqual([{ type: 'bdf', bdf: BDF }]);
});

test('who reports is not whom it is about', () => {
  expect(eventOf(normalise(printk('ccp 0000:42:00.5: sev command 0xdc failed (0x8000003c)')))).toMatchObject({
    kind: 'firmware.refused',
    outcome: 'failed',
    clues: [],
    args: { reporter: '0000:42:00.5', command_name: 'TIO_TDI_BIND', status_name: 'INVALID_TDI_STATE' },
  });
});

const trace = (lines: readonly string[]): string =>
  ['# tracer: nop', ...lines.map((line, at) => ` qemu-742 [001] ..... 100.00000${at}: ${line}`)].join('\n');

test("the driver's and the firmware's steps belong to the device of the operation around them", async () => {
  const log = await read(
    trace([
      `bind: (pci_tsm_bind+0x4/0x100) bdf="${BDF}"`,
      'op: (tdi_bind+0x4/0x100) pdev=0xffff888003c26000',
      'psp: (sev_tio_tdi_bind+0x4/0x100) force_run=0',
      'psp_ret: (tdi_bind+0x60/0x100 <- sev_tio_tdi_bind) ret=0',
      'bind_ret: (tsm_op+0x60/0x100 <- pci_tsm_bind) ret=0',
    ]),
  );
  expect(log.at(4)).toMatchObject({ kind: 'tdisp.lock', device: BDF, inside: 3 });
  expect(log.at(3)).toMatchObject({ kind: 'tsm.bind_core', device: BDF, inside: 2 });
});

test('what is called from everywhere ends no call', async () => {
  const log = await read(
    trace([
      `reset: (__pci_reset_function_locked+0x4/0x100) bdf="${BDF}"`,
      `cfg: (pci_write_config_word+0x4/0x100) bdf="${BDF}" where=4 val=0x400`,
      `flr: (pcie_flr+0x4/0x100) bdf="${BDF}"`,
    ]),
  );
  expect(log.at(3)).toMatchObject({ kind: 'pci.config_write', device: BDF });
  expect(log.at(4)).toMatchObject({ kind: 'pci.flr', inside: 2 });
});

test('what happens to plain devices makes none worth a verdict', async () => {
  const lines = [
    'pci 0000:09:00.0: DOE: [160] ABORT timed out',
    'pcieport 0000:09:00.0: pciehp: Slot(3): Link Up',
    'nvme 0000:09:00.0: Unable to change power state from D3cold to D0, device inaccessible',
    'nvme 0000:09:00.0: not ready 65535ms after bus reset; giving up',
    'nvme 0000:09:00.0: MSI interrupts are not secure, they cannot be isolated by the platform. Check',
    'pci 0000:09:00.0: PCI/IDE: not a PCIe device',
    'AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:09:00.0 address=0x100106000]',
  ];
  const log = await read(lines.map((line, at) => `[  100.00000${at}] ${line}\n`).join(''));
  expect(log.events).toHaveLength(lines.length);
  expect(log.events.every(({ device }) => device === '0000:09:00.0')).toBe(true);
  expect([log.findings, log.unrecognised, log.coverage]).toEqual([[], [], 0]);
});

test('an unbind says where it was called from, as far as its record does', () => {
  const from = (record: KernelRecord) => eventOf(normalise(record)).args['called_from'];
  expect(from({ ...returnProbe('pci_tsm_unbind', { bdf: BDF }), caller: 'tsm_unbind' })).toBe('tsm_unbind');
  expect(from({ ...returnProbe('pci_tsm_unbind'), caller: 'tsm_unbind' })).toBe('tsm_unbind');
  expect(from({ ...returnProbe('pci_tsm_unbind'), caller: null })).toBeUndefined();
  expect(from({ ...call('pci_tsm_unbind'), parent: 'iommufd_vdevice_destroy' })).toBe('iommufd_vdevice_destroy');
  expect(from(probe('pci_tsm_unbind', { bdf: BDF }))).toBeUndefined();
  // Of what else returns the calls around it tell.
  expect(from({ ...returnProbe('pci_tsm_bind', { ret: '0' }), caller: 'tsm_bind' })).toBeUndefined();
});
