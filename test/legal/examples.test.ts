import { expect, test } from 'vitest';
import type { JudgeOptions } from '../../src/analysis.ts';
import { TREATED_MAX } from '../../src/legal/search.ts';
import { Lookup } from '../../src/report/format.ts';
import { legalOrder } from '../../src/report/legal-order.ts';
import { analyzeFiles, analyzeText } from '../support/analyze.ts';

// Histories of a handful of lines, and what a reader of them would say. Constructed, but for the capture at the end.
const BDF = '0000:02:00.0';

/** `+f args` enters a function, `-f args` returns from it; a number in front is the task. */
function log(steps: readonly string[]): string {
  return steps
    .map((step, index) => {
      const [, task = '300', sign, symbol, rest = ''] = /^(\d+ )?([+-])(\S+)(.*)$/.exec(step) ?? [];
      const what = sign === '+' ? `p: (${symbol}+0x0/0x100)` : `r: (caller+0x50/0x100 <- ${symbol})`;
      return `         drv-${task.trim()}     [000] ...1.    10.${String(1000 + index).padStart(6, '0')}: ${what} bdf="${BDF}"${rest}`;
    })
    .join('\n');
}

/** What the report says in the line `order:` of the first headline. */
async function said(steps: readonly string[], judge: Partial<JudgeOptions> = {}): Promise<string | null> {
  const analysis = await analyzeText(log(steps), judge);
  const [headline] = analysis.findings.filter(({ headline: isOne }) => isOne);
  return headline === undefined ? 'nothing is wrong' : legalOrder(headline, new Lookup(analysis));
}

const CONNECT = ['+connect_store', '-connect_store ret=5'];
const BIND = [...CONNECT, '+pci_tsm_bind kvm=0x1000 tdi_id=0x200', '-pci_tsm_bind ret=0'];
const START = ['+pci_tsm_guest_req scope=1', '-pci_tsm_guest_req ret=0'];
const INFO = ['+pci_tsm_guest_req scope=0', '-pci_tsm_guest_req ret=0'];
const UNBIND = ['+pci_tsm_unbind', '-pci_tsm_unbind'];
const RESET = ['+pcie_flr', '-pcie_flr ret=0'];
const CLOSE = [
  '+vfio_pci_core_close_device',
  '+vfio_pci_core_disable',
  '-vfio_pci_core_disable',
  '-vfio_pci_core_close_device',
];

test('TDX: the BARs are zapped after the unbind; on Arm nobody says so', async () => {
  const zap = ['+vfio_pci_zap_and_down_write_memory_lock'];
  expect(await said([...BIND, ...START, ...zap, ...UNBIND], { platform: 'tdx' })).toBe(
    'legal with pci_tsm_unbind (line 8) before vfio_pci_zap_and_down_write_memory_lock (line 7)',
  );
  expect(await said([...BIND, ...START, ...zap, ...UNBIND], { platform: 'cca' })).toBe('nothing is wrong');
});

test('TDX: inside the unbind the STOP comes before the unmap', async () => {
  const steps = [
    ...BIND,
    '+pci_tsm_unbind',
    '+tdh_mmio_unmap',
    '-tdh_mmio_unmap ret=0xc0000f1000000000',
    '+tdx_tdi_request req=4',
    '-tdx_tdi_request ret=0',
    '+tdh_mmio_unmap',
    '-tdh_mmio_unmap ret=0',
    '-pci_tsm_unbind',
  ];
  expect(await said(steps, { platform: 'tdx' })).toBe(
    'legal with tdx_tdi_request (line 8) before tdh_mmio_unmap (line 6)',
  );
});

test('Arm: the unmap comes before the unlock, which a later unlock proves', async () => {
  const refused = ['+rmi_vdev_unlock', '-rmi_vdev_unlock ret=0xfd80000010'];
  const unmap = ['+rmi_rtt_dev_unmap', '-rmi_rtt_dev_unmap ret=0x0'];
  const granted = ['+rmi_vdev_unlock', '-rmi_vdev_unlock ret=0x0'];
  const cca = { platform: 'cca' } as const;
  const twice = [...BIND, '+pci_tsm_unbind', ...refused, ...unmap, ...unmap, ...granted, '-pci_tsm_unbind'];
  expect(await said(twice, cca)).toBe('legal with rmi_vdev_unlock (line 6) after rmi_rtt_dev_unmap (line 10)');
  const once = [...BIND, '+pci_tsm_unbind', ...refused, ...unmap, ...granted, '-pci_tsm_unbind'];
  expect(await said(once, cca)).toBe('legal with rmi_rtt_dev_unmap (line 8) before rmi_vdev_unlock (line 6)');
  // Whether that unmap was all that was mapped nobody says.
  const unproved = [...BIND, '+pci_tsm_unbind', ...refused, ...unmap, '-pci_tsm_unbind'];
  expect(await said(unproved, cca)).toBe(
    'legal with RMI_RTT_DEV_UNMAP of what is still mapped added before rmi_vdev_unlock (line 6)',
  );
});

test('AMD: the firmware unbinds before it reclaims', async () => {
  const steps = [
    ...CONNECT,
    '+pci_tsm_bind kvm=0x1000 tdi_id=0x200',
    '+sev_tio_tdi_bind force_run=0 asid=0x5',
    '-sev_tio_tdi_bind ret=0',
    '-pci_tsm_bind ret=0',
    '+pci_tsm_unbind',
    '+sev_tio_tdi_reclaim',
    '-sev_tio_tdi_reclaim',
    '+sev_tio_tdi_unbind force=0',
    '-sev_tio_tdi_unbind ret=0',
    '-pci_tsm_unbind',
  ];
  expect(await said(steps, { platform: 'sev-tio' })).toBe(
    'legal with sev_tio_tdi_unbind (line 10) before sev_tio_tdi_reclaim (line 8)',
  );
});

test('what a guest asks for keeps its binding: the close waits, the unbind does not come first', async () => {
  expect(await said([...BIND, ...START, ...CLOSE, ...INFO, ...UNBIND])).toBe(
    'legal with vfio_pci_core_close_device (line 7) after pci_tsm_unbind (line 13)',
  );
});

test('a reset on the way to the first use is done before the bind', async () => {
  expect(await said([...BIND, ...RESET, ...START, ...INFO, ...UNBIND])).toBe(
    'legal with pci_tsm_bind (line 3) after pcie_flr (line 5)',
  );
  // To ask for its report is no use of it: the reset belongs to the end.
  expect(await said([...BIND, ...RESET, ...INFO, ...UNBIND])).toBe(
    'legal with pcie_flr (line 5) after pci_tsm_unbind (line 9)',
  );
  // Cleared before the bind, Bus Master would stay cleared.
  const bits = (value: string) => `+vfio_basic_config_write pos=0x4 count=2 off=0x4 val=${value}`;
  expect(await said([bits('0x107'), ...BIND, bits('0x103'), ...START, ...INFO, ...UNBIND])).toBe(
    'legal with vfio_basic_config_write (line 6) after pci_tsm_unbind (line 11)',
  );
});

test('a function that is used on has to be stopped first', async () => {
  expect(await said([...BIND, ...START, ...RESET, ...INFO])).toBe(
    'legal with STOP_INTERFACE_REQUEST added before pcie_flr (line 7)',
  );
});

test('the unbind of a later bind is none of this one', async () => {
  expect(await said([...BIND, ...CLOSE, '+vfio_pci_core_enable', '-vfio_pci_core_enable ret=0'])).toBe(
    'legal with pci_tsm_unbind added before vfio_pci_core_close_device (line 5)',
  );
  const anew = ['+vfio_pci_core_enable', '-vfio_pci_core_enable ret=0', ...BIND.slice(2), ...UNBIND];
  expect(await said([...BIND, ...CLOSE, ...anew])).toBe(
    'legal with pci_tsm_unbind added before vfio_pci_core_close_device (line 5)',
  );
});

test('what vfio does for its user stays before the close', async () => {
  const bits = (value: string) => `+vfio_basic_config_write pos=0x4 count=2 off=0x4 val=${value}`;
  // The unbind cannot come before the request, nor the write after the close.
  expect(await said([bits('0x107'), ...BIND, ...START, bits('0x103'), ...INFO, ...CLOSE, ...UNBIND])).toBe(
    'legal with STOP_INTERFACE_REQUEST added before vfio_basic_config_write (line 8)',
  );
});

test('a disconnect that unbinds is no better place for the unbind', async () => {
  const disconnect = ['+disconnect_store', '-disconnect_store ret=5'];
  expect(await said([...BIND, ...START, ...CLOSE, ...disconnect])).toBe(
    'legal with pci_tsm_unbind added before vfio_pci_core_close_device (line 7)',
  );
});

test('what another task had begun is waited for', async () => {
  const steps = [
    ...BIND,
    '301 +pci_tsm_unbind',
    '+vfio_pci_core_disable',
    '301 -pci_tsm_unbind',
    '-vfio_pci_core_disable',
  ];
  expect(await said(steps)).toBe('legal with vfio_pci_core_disable (line 6) after pci_tsm_unbind (line 5)');
});

test('what only repeats an unbind is left out; what the device refuses against all records is not explained', async () => {
  expect(await said([...BIND, ...UNBIND, ...UNBIND])).toBe('legal without pci_tsm_unbind (line 7)');
  const refused = [...BIND, '+pci_tsm_guest_req scope=1', '+tdi_run', '-tdi_run ret=-14', '-pci_tsm_guest_req ret=-14'];
  expect(await said(refused)).toBe(
    'a legal one cannot be told: by what was recorded the step came in the right state, and was refused all the same',
  );
});

test('what hardware does has no better place', async () => {
  const analysis = await analyzeText(
    [
      log(BIND),
      '         drv-300     [000] d..1.    10.010000: console: pcieport 0000:00:05.0: AER: broadcast error_detected message',
      '         drv-300     [000] d..1.    10.010001: console: pci 0000:00:05.0: PCI bridge to [bus 02]',
      '         drv-300     [000] d..1.    10.010002: console: pcieport 0000:00:05.0: pciehp: Slot(2): Link Down',
    ].join('\n'),
  );
  const [headline] = analysis.findings.filter((finding) => finding.headline);
  expect(headline && `${headline.rule}: ${legalOrder(headline, new Lookup(analysis))}`).toBe(
    'surprise-removal-while-bound: no change of order makes it legal: hardware did it, and no order of what software did avoids that',
  );
});

test('times that contradict the lines leave no order to change', async () => {
  const lines = log([...BIND, ...CLOSE, ...UNBIND]).split('\n');
  const [first, ...rest] = lines.slice(4);
  const analysis = await analyzeText([...lines.slice(0, 4), ...rest, first].join('\n'));
  for (const { legal_order: order } of analysis.findings) expect(order?.kind ?? 'unknown').toBe('unknown');
});

test('a capture: the report, its followers, and the findings of a device that was not asked for', async () => {
  const path = 'fixtures/captures/close-before-unbind/trace.probes.txt';
  const analysis = await analyzeFiles([path]);
  const orders = analysis.findings.map(({ legal_order: order }) => order);
  expect(orders[0]).toEqual({
    kind: 'move',
    what: { name: 'vfio_pci_core_close_device', device: BDF, source: 's1', line: 106 },
    place: 'after',
    other: { name: 'pci_tsm_unbind', device: BDF, source: 's1', line: 132 },
    // iommufd_device_unbind, the power change, the guest's request, and the unbind itself.
    distance: 4,
    also: null,
    reason: null,
  });
  for (const order of orders) expect(order).toEqual(orders[0]);
  expect(analysis.findings.length).toBeGreaterThan(1);
});

/** The order proposed, and whether that order has nothing wrong. */
async function saidAndDone(
  wrong: readonly string[],
  right: readonly string[],
  judge: Partial<JudgeOptions> = {},
): Promise<{ order: string | null; after: string | null }> {
  return { order: await said(wrong, judge), after: await said(right, judge) };
}

const RIGHT = 'nothing is wrong';

test('a guest accepts before its driver comes; what refused it came too early', async () => {
  const [lock, accept] = [
    ['+pci_tsm_lock', '-pci_tsm_lock ret=0'],
    ['+pci_tsm_accept', '-pci_tsm_accept ret=0'],
  ];
  const probe = ['+pci_device_probe', '-pci_device_probe ret=0'];
  const busy = ['+pci_tsm_accept', '-pci_tsm_accept ret=-16'];
  expect(await saidAndDone([...lock, ...probe, ...busy], [...lock, ...accept, ...probe])).toEqual({
    order: 'legal with pci_tsm_accept (line 5) before pci_device_probe (line 3)',
    after: RIGHT,
  });
  expect(await said([...lock, ...probe])).toBe('legal with pci_tsm_accept added before pci_device_probe (line 3)');
  const locked = ['+pci_tsm_lock', '-pci_tsm_lock ret=-16'];
  const remove = ['+pci_device_remove', '-pci_device_remove'];
  expect(await said(locked)).toBe('legal with pci_device_remove added before pci_tsm_lock (line 1)');
  expect(await said([...locked, ...remove])).toBe('legal with pci_device_remove (line 3) before pci_tsm_lock (line 1)');
});

test('AMD: a guest opens its DMA after the accept', async () => {
  const lock = ['+sev_guest_lock', '-sev_guest_lock ret=0xffff888004000000'];
  const dma = ['+sev_guest_enable_dma', '-sev_guest_enable_dma ret=0'];
  const accept = ['+sev_guest_accept', '-sev_guest_accept ret=0'];
  const sev = { platform: 'sev-tio' } as const;
  expect(await saidAndDone([...lock, ...dma, ...accept], [...lock, ...accept, ...dma], sev)).toEqual({
    order: 'legal with sev_guest_accept (line 5) before sev_guest_enable_dma (line 3)',
    after: RIGHT,
  });
});

test('a stream is enabled before the bind, at the endpoint before the root port', async () => {
  const enable = ['+pci_ide_stream_enable ide=0xffff888004009000', '-pci_ide_stream_enable ret=0'];
  const disable = ['+pci_ide_stream_disable ide=0xffff888004009000', '-pci_ide_stream_disable'];
  const refused = ['+pci_tsm_bind kvm=0x1000 tdi_id=0x200', '-pci_tsm_bind ret=-5'];
  // To disable it later is no better: the TDI would be locked over it.
  expect(
    await saidAndDone([...CONNECT, ...enable, ...disable, ...refused], [...CONNECT, ...enable, ...BIND.slice(2)]),
  ).toEqual({
    order: 'legal with pci_ide_stream_enable added before pci_tsm_bind (line 7)',
    after: RIGHT,
  });
  const [port, endpoint] = [enable.map((step) => step), enable];
  const connect = ['+connect_store', ...port, ...endpoint, '-connect_store ret=5'];
  const lines = log(connect).split('\n');
  const ofPort = lines.map((line, index) => (index === 1 || index === 2 ? line.replace(BDF, '0000:00:01.0') : line));
  const analysis = await analyzeText(ofPort.join('\n'));
  const [headline] = analysis.findings;
  expect(headline && `${headline.rule}: ${legalOrder(headline, new Lookup(analysis))}`).toBe(
    'root-port-stream-first: legal with pci_ide_stream_enable (line 4) before pci_ide_stream_enable (line 2, 0000:00:01.0)',
  );
});

test('AMD: the fence is cleared before the function is bound again', async () => {
  const call = (name: string, ret: string, args = '') => [`+${name}${args}`, `-${name}${ret}`];
  const first = [
    ...CONNECT,
    '+pci_tsm_bind kvm=0x1000 tdi_id=0x200',
    ...call('sev_tio_tdi_bind', ' ret=0', ' force_run=0 asid=0x5'),
    '-pci_tsm_bind ret=0',
    '+pci_tsm_guest_req scope=1',
    ...call('sev_tio_tdi_bind', ' ret=0', ' force_run=1 asid=0x5'),
    '-pci_tsm_guest_req ret=0',
    '+pci_tsm_unbind',
    ...call('sev_tio_tdi_unbind', ' ret=0', ' force=0'),
    ...call('sev_tio_tdi_reclaim', ''),
    ...call('sev_tio_asid_fence_status', ' fenced=1 ret=0', ' asid=0x5'),
  ];
  const clear = call('sev_tio_asid_fence_clear', ' ret=0', ' gctx_paddr=0x107e00000');
  const again = BIND.slice(2);
  expect(
    await saidAndDone(
      [...first, '-pci_tsm_unbind', ...again, ...clear],
      [...first, ...clear, '-pci_tsm_unbind', ...again],
    ),
  ).toEqual({
    order: 'legal with sev_tio_asid_fence_clear (line 21) before pci_tsm_bind (line 19)',
    after: RIGHT,
  });
});

test('AMD: what the next unbind reads and clears is none of this one', async () => {
  const call = (name: string, ret: string, args = '') => [`+${name}${args}`, `-${name}${ret}`];
  const start = [
    '+pci_tsm_bind kvm=0x1000 tdi_id=0x200',
    ...call('sev_tio_tdi_bind', ' ret=0', ' force_run=0 asid=0x5'),
    '-pci_tsm_bind ret=0',
    '+pci_tsm_guest_req scope=1',
    ...call('sev_tio_tdi_bind', ' ret=0', ' force_run=1 asid=0x5'),
    '-pci_tsm_guest_req ret=0',
    '+pci_tsm_unbind',
    ...call('sev_tio_tdi_unbind', ' ret=0', ' force=0'),
  ];
  const reading = (fenced: number) => call('sev_tio_asid_fence_status', ` fenced=${fenced} ret=0`, ' asid=0x5');
  const clear = (ret: number) => call('sev_tio_asid_fence_clear', ` ret=${ret}`, ' gctx_paddr=0x107e00000');
  const first = [...CONNECT, ...start, ...reading(1)];
  const added = 'legal with TIO_ASID_FENCE_CLEAR that succeeds added before pci_tsm_bind (line 19)';
  // The second session has a fence of its own.
  const refused = [...first, ...clear(-5), '-pci_tsm_unbind', ...start];
  expect(await said([...refused, ...reading(0), '-pci_tsm_unbind'])).toBe(added);
  expect(await said([...refused, ...reading(1), ...clear(0), '-pci_tsm_unbind'])).toBe(added);
  expect(await said([...first, ...clear(0), '-pci_tsm_unbind', ...start, ...reading(0), '-pci_tsm_unbind'])).toBe(
    RIGHT,
  );
});

test('TDX: what the module says is lacking comes before the unmap, inside the unbind', async () => {
  const steps = [
    ...BIND,
    '+pci_tsm_unbind',
    '+tdh_mmio_unmap',
    '-tdh_mmio_unmap ret=0xc0000b0600000000',
    '-pci_tsm_unbind',
  ];
  expect(await said(steps, { platform: 'tdx' })).toBe(
    'legal with TDH.MMIO.BLOCK of the range added before tdh_mmio_unmap (line 6)',
  );
  const [block, again] = [
    ['+tdh_mmio_block', '-tdh_mmio_block ret=0'],
    ['+tdh_mmio_unmap', '-tdh_mmio_unmap ret=0'],
  ];
  expect(await said([...steps.slice(0, -1), ...block, ...again, '-pci_tsm_unbind'], { platform: 'tdx' })).toBe(
    'legal with tdh_mmio_block (line 8) before tdh_mmio_unmap (line 6)',
  );
});

test('where one change makes something else wrong, a second one goes with it', async () => {
  const refused = ['+pci_tsm_bind kvm=0x1000 tdi_id=0x200', '-pci_tsm_bind ret=-22'];
  // Once the bind succeeds, the close wants an unbind.
  expect(await said([...refused, ...CLOSE])).toBe(
    'legal with connect_store added before pci_tsm_bind (line 1), and pci_tsm_unbind added before vfio_pci_core_close_device (line 3)',
  );
  const analysis = await analyzeText(log([...refused, ...CLOSE]));
  expect(analysis.findings[0]?.legal_order?.also).toEqual({
    kind: 'insert',
    what: { name: 'pci_tsm_unbind', device: BDF, source: null, line: null },
    place: 'before',
    other: { name: 'vfio_pci_core_close_device', device: BDF, source: 's1', line: 3 },
  });
});

test('a TSM leaves: the function is unbound and disconnected before, and asked for nothing after', async () => {
  const leave = [
    '+tsm_unregister',
    '+pci_tsm_unregister',
    '+__pci_tsm_disconnect',
    '+__pci_tsm_unbind',
    '-__pci_tsm_disconnect',
    '-tsm_unregister',
  ];
  const refused = ['+pci_tsm_guest_req scope=1', '-pci_tsm_guest_req ret=-6'];
  const steps = [...BIND, ...START, ...leave.map((step) => `400 ${step}`), ...refused, ...CLOSE];
  // Of a TSM no function is named.
  const text = log(steps).replaceAll(/(tsm_unregister.*) bdf="\S+"/g, '$1');
  const analysis = await analyzeText(text);
  const orders = analysis.findings.map((finding) => `${finding.rule}: ${legalOrder(finding, new Lookup(analysis))}`);
  expect(orders).toEqual([
    'tsm-unregister-while-connected: legal with pci_tsm_unbind and disconnect_store added before tsm_unregister (line 7)',
    'guest-request-while-unbound: legal with pci_tsm_guest_req (line 13) before tsm_unregister (line 7)',
  ]);
  // The unbind comes first, then the disconnect: that order, written out, is accused of nothing.
  const gone = ['+disconnect_store', '-disconnect_store ret=5', ...leave.slice(0, 2), ...leave.slice(-1)];
  const right = log([...BIND, ...START, ...UNBIND, ...gone, ...CLOSE]);
  expect((await analyzeText(right.replaceAll(/(tsm_unregister.*) bdf="\S+"/g, '$1'))).findings).toEqual([]);
});

test('a request that wants the binding has no use for a LOCK', async () => {
  const request = ['+pci_tsm_guest_req scope=1', '-pci_tsm_guest_req ret=-6'];
  const disconnect = ['+disconnect_store', '-disconnect_store ret=5'];
  // A LOCK is part of a bind, and none can be made any more.
  expect(await said([...CONNECT, ...disconnect, ...request])).toMatch(/^no change of order makes it legal: /);
  expect(await said([...BIND, ...UNBIND, ...disconnect, ...request])).toBe(
    'legal with pci_tsm_unbind (line 5) after pci_tsm_guest_req (line 9), and disconnect_store (line 7) after pci_tsm_unbind (line 5)',
  );
});

test('a capture: what the removal of a function does by itself is not moved; an unbind of it is added', async () => {
  const analysis = await analyzeFiles(['fixtures/captures/vf-removed-while-bound/trace.probes.txt']);
  const orders = analysis.findings
    .filter(({ headline }) => headline)
    .map((finding) => legalOrder(finding, new Lookup(analysis)));
  // Nobody asks for an unbind before pci_stop_and_remove_bus_device() has the core do it (line 290).
  expect(orders).toEqual([
    'legal with pci_tsm_unbind added before vfio_basic_config_write (line 239)',
    'legal with pci_tsm_unbind added before VFIO_DEVICE_RESET (line 243)',
    'legal with pci_tsm_unbind added before vfio_pci_core_close_device (line 268)',
    'legal with pci_tsm_unbind added before pci_stop_and_remove_bus_device (line 285)',
  ]);
});

test('what vfio unbinds within its own operation it can unbind before that', async () => {
  const bits = (value: string) => `+vfio_basic_config_write pos=0x4 count=2 off=0x4 val=${value}`;
  const within = [bits('0x103'), ...UNBIND, '-vfio_basic_config_write ret=2'];
  expect(await said([bits('0x107'), ...BIND, ...START, ...within])).toBe(
    'legal with pci_tsm_unbind (line 9) before vfio_basic_config_write (line 8)',
  );
});

test('SR-IOV is disabled: every VF is unbound before, and the unbind within its removal vetoes that for none', async () => {
  const [one, two] = ['0000:02:00.1', '0000:02:00.2'];
  const of = (bdf: string, steps: readonly string[]) => log(steps).replaceAll(BDF, bdf).split('\n');
  const joins = (bdf: string, group: number) =>
    of(bdf, ['+x']).map((line) => line.replace(/p: .*/, `add_device_to_group: IOMMU: groupID=${group} device=${bdf}`));
  // Neither the return of the removal is recorded nor that of the unbind, as in what the README probes.
  const removal = ['+pci_stop_and_remove_bus_device', '+pci_tsm_unbind', '+__pci_tsm_unbind'];
  const lines = [
    ...of(BDF, ['+pci_enable_sriov']),
    ...joins(one, 41),
    ...joins(two, 42),
    ...of(BDF, ['-pci_enable_sriov ret=0']),
    ...[one, two].flatMap((vf) => of(vf, [...BIND.slice(2), ...START])),
    ...of(BDF, ['+pci_disable_sriov']),
    ...[one, two].flatMap((vf) => of(vf, removal)),
    ...of(BDF, ['-pci_disable_sriov']),
  ].map((line, index) => line.replace(/10\.\d{6}/, `10.${String(1000 + index).padStart(6, '0')}`));
  const analysis = await analyzeText(lines.join('\n'));
  const orders = analysis.findings.map((finding) => {
    const { rule, device } = finding;
    return `${rule} of ${device}: ${legalOrder(finding, new Lookup(analysis))}`;
  });
  // Line 13 disables, lines 14 and 17 remove.
  const order = `legal with pci_tsm_unbind added before pci_disable_sriov (line 13, ${BDF})`;
  expect(orders).toEqual([
    `sriov-change-while-locked of ${one}: ${order}`,
    `sriov-change-while-locked of ${two}: ${order}`,
    `surprise-removal-while-bound of ${one}: ${order}`,
    `surprise-removal-while-bound of ${two}: ${order}`,
  ]);
});

test('what iommufd does as part of taking a vDEVICE away is not moved by itself', async () => {
  const destroy = ['+iommufd_vdevice_destroy', '+pci_tsm_unbind', '-pci_tsm_unbind', '-iommufd_vdevice_destroy'];
  expect(await said([...BIND, ...CLOSE, ...destroy])).toBe(
    'legal with pci_tsm_unbind added before vfio_pci_core_close_device (line 5)',
  );
  // Seen to be inside, it is in order.
  expect(await said([...BIND, ...destroy])).toBe('nothing is wrong');
  // Where its return was not probed, what its task does next is inside; what comes after something else is not.
  expect(await said([...BIND, ...destroy.slice(0, 3)])).toBe(
    'legal with pci_tsm_unbind added before iommufd_vdevice_destroy (line 5)',
  );
  // Nor what the core does in that unbind.
  expect(await said([...BIND, ...destroy.slice(0, 2), '+__pci_tsm_unbind'])).toBe(
    'legal with pci_tsm_unbind added before iommufd_vdevice_destroy (line 5)',
  );
  expect(await said([...BIND, '+iommufd_vdevice_destroy', '+vfio_pci_core_mmap', ...UNBIND])).toMatch(
    /^legal with pci_tsm_unbind \(line 7\) before iommufd_vdevice_destroy \(line 5\)/,
  );
});

test('no order is claimed over lost records, nor beside those that another CPU lost', async () => {
  const steps = ['+pci_set_master', ...BIND, ...RESET, ...UNBIND, '+pci_set_master'];
  const lines = log(steps).split('\n');
  // Those of the first and the last line are the only records of CPU 1.
  const [before, ...rest] = lines.map((line, index) =>
    index === 0 || index === lines.length - 1 ? line.replace('[000]', '[001]') : line,
  );
  const [bound, reset, unbind, after] = [rest.slice(0, 4), rest.slice(4, 6), rest.slice(6, 8), rest.slice(8)];
  const order = async (...parts: readonly (string | readonly string[] | undefined)[]) => {
    const analysis = await analyzeText(parts.flat().join('\n'));
    const [headline] = analysis.findings.filter((finding) => finding.headline);
    return headline && legalOrder(headline, new Lookup(analysis));
  };
  expect(await order(bound, reset, 'CPU:0 [LOST 100 EVENTS]', unbind)).toBe(
    'a legal one cannot be told: records were lost between pcie_flr (line 5) and pci_tsm_unbind (line 8)',
  );
  // The mark stands behind all of them, and so does the first record after the hole: what CPU 1 did was before or after any.
  expect(await order(before, bound, reset, unbind, 'CPU:1 [LOST 100 EVENTS]', after)).toBe(
    'a legal one cannot be told: records were lost between pcie_flr (line 6) and pci_tsm_unbind (line 8)',
  );
  // What CPU 1 lost, it lost before the bind.
  const [bindEntry, ...bindRest] = bound;
  expect(
    await order(before, 'CPU:1 [LOST 100 EVENTS]', bindEntry?.replace('[000]', '[001]'), bindRest, reset, unbind),
  ).toBe('legal with pci_tsm_unbind (line 9) before pcie_flr (line 7)');
  expect(await order(bound, 'CPU:0 [LOST 100 EVENTS]', reset, unbind)).toBe(
    'legal with pci_tsm_unbind (line 8) before pcie_flr (line 6)',
  );
});

test('of very many headlines the surest are treated, and the rest is counted', async () => {
  const sessions = Array.from({ length: TREATED_MAX + 3 }, () => [...BIND.slice(2), ...CLOSE, ...UNBIND]).flat();
  const { findings, health } = await analyzeText(log([...CONNECT, ...sessions]));
  const headlines = findings.filter(({ headline }) => headline);
  expect(headlines).toHaveLength(TREATED_MAX + 3);
  expect(headlines.filter(({ legal_order: order }) => order === null)).toHaveLength(3);
  expect(health.find(({ code }) => code === 'legal-orders-capped')?.count).toBe(3);
});
