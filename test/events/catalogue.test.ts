import { describe, expect, test } from 'vitest';
import { EVENT_KINDS } from '../../src/events/event.ts';
import { INTEREST, MESSAGES, mayCall, PLATFORM_MARKS, SYMBOLS, TRACE_EVENTS } from '../../src/events/index.ts';
import { splitPrefix } from '../../src/events/messages.ts';
import { normalise } from '../../src/events/normalise.ts';
import { printk, traceEvent } from './records.ts';

const SYMBOL_NAMES = new Set(SYMBOLS.map((row) => row.symbol));

describe('symbols', () => {
  test('stand in the catalogue once', () => {
    expect(SYMBOL_NAMES.size).toBe(SYMBOLS.length);
  });

  test.each(SYMBOLS.map((row) => [row.symbol, row] as const))(
    '%s is asked for and says where it was read',
    (name, row) => {
      expect(name).toMatch(/^\w+$/);
      expect(INTEREST.symbol(name)).toBe(true);
      expect(EVENT_KINDS).toHaveProperty([row.kind]);
      expect(row.versions).not.toBe('');
      expect(row.source).not.toBe('');
    },
  );

  test('name as callers only what the catalogue knows: nothing else ever stands on a call stack', () => {
    const unknown = SYMBOLS.flatMap((row) =>
      (row.within ?? []).filter((caller) => !SYMBOL_NAMES.has(caller)).map((caller) => `${row.symbol} in ${caller}`),
    );
    expect(unknown).toEqual([]);
  });

  test('call nobody in a circle', () => {
    expect(SYMBOLS.filter((row) => mayCall(row.symbol, row.symbol)).map((row) => row.symbol)).toEqual([]);
  });

  test('nest as the kernel does, directly and through others', () => {
    expect(mayCall('pci_try_reset_function', 'pcie_flr')).toBe(true);
    expect(mayCall('vfio_pci_core_disable', 'pcie_flr')).toBe(true);
    expect(mayCall('vfio_device_fops_release', 'pci_clear_master')).toBe(true);
    expect(mayCall('pcie_flr', 'vfio_pci_core_disable')).toBe(false);
    expect(mayCall('vfio_pci_core_enable', 'vfio_pci_core_ioctl')).toBe(false);
    expect(mayCall('vfio_pci_core_enable', 'pci_tsm_bind')).toBe(false);
  });
});

describe('trace events', () => {
  test.each(TRACE_EVENTS.map((row) => [`${row.name} ${row.kind}`, row] as const))(
    '%s: its example is it',
    (_what, row) => {
      const { name } = row;
      expect(INTEREST.event(name)).toBe(true);
      // `name: body`, or for system calls `name(arguments)`, which the formats hand over as name and `(arguments)`.
      const body = row.example.slice(name.length).replace(/^: /, '');
      const matching = TRACE_EVENTS.filter((other) => other.name === name && other.pattern.test(body.trim()));
      expect(matching).toEqual([row]);
      const meaning = normalise(traceEvent(name, body));
      expect(meaning).toMatchObject({
        type: 'event',
        event: { kind: row.kind, phase: 'point', symbol: row.named ?? name },
      });
      const device = row.pattern.exec(body.trim())?.groups?.['bdf'];
      const clues = meaning?.type === 'event' ? meaning.event.clues : [];
      expect(clues).toEqual(device === undefined ? [] : [{ type: 'bdf', bdf: device }]);
    },
  );

  test('of one name occur in the same functions', () => {
    const within = new Map<string, unknown>();
    for (const row of TRACE_EVENTS) expect(within.get(row.name) ?? row.within).toEqual(row.within);
  });

  test.each([
    ['map', 'IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x1f15000 size=4096', { size: '4096' }],
    [
      'aer_event',
      '0000:02:00.0 CXL Bus Error: severity=Uncorrected, non-fatal, Completion Timeout, TLP Header=x',
      {
        severity: 'Uncorrected, non-fatal',
      },
    ],
    ['sched_process_exit', 'comm=a b pid=12 prio=120', { pid: '12' }],
    ['sched_process_exit', 'comm=pid=1 prio=1 pid=12 prio=120 group_dead=true', { pid: '12', group_dead: 'true' }],
    ['io_page_fault', 'IOMMU:[vfio-pci] 0000:05:00.0 iova=0x0000000091482640 flags=0x0000', {}],
  ])('%s: the arguments of %s', (name, body, args) => {
    expect(normalise(traceEvent(name, body))).toMatchObject({ event: { args } });
  });
});

describe('messages', () => {
  const rows = MESSAGES.map((row, index) => [`${index} ${row.example}`, row] as const);

  test.each(rows)('%s is asked for and matched by its own row alone', (_what, row) => {
    expect(INTEREST.message(row.example)).toBe(true);
    const { body } = splitPrefix(row.example);
    expect(body).toContain(row.contains);
    expect(MESSAGES.filter((other) => body.includes(other.contains) && other.pattern.test(body))).toEqual([row]);
    expect(row.pattern.source).toMatch(/^\^/);
  });

  test.each(rows)('%s means its kind, for the device it names', (_what, row) => {
    const meaning = normalise(printk(row.example));
    if (row.kind === null) {
      expect(meaning).toBeNull();
      return;
    }
    const { body, prefix } = splitPrefix(row.example);
    const device = row.reporter ? undefined : (row.pattern.exec(body)?.groups?.['bdf'] ?? prefix?.bdf);
    const clues = device === undefined ? [] : [{ type: 'bdf', bdf: device.length > 7 ? device : `0000:${device}` }];
    expect(meaning).toMatchObject({
      type: 'event',
      event: { kind: row.kind, phase: row.phase ?? 'point', outcome: row.outcome ?? 'ok', symbol: null, clues },
    });
    if (row.reporter && prefix) expect(meaning).toMatchObject({ event: { args: { reporter: prefix.bdf } } });
  });

  // Kernel text and what it says; the wording of other releases than the examples'.
  test.each([
    ['vfio-pci 0000:02:00.0: reset via af_flr', 'pci.flr', '0000:02:00.0', {}],
    ['vfio-pci 0000:02:00.0: reset via cxl_bus', 'pci.bus_reset', '0000:02:00.0', {}],
    ['vfio-pci 0000:02:00.0: reset via device_specific', 'pci.reset', '0000:02:00.0', { method: 'device_specific' }],
    [
      'pcieport 0000:00:05.0: AER: Multiple Correctable error message received from 0000:02:00.0',
      'aer.source',
      '0000:00:05.0',
      { source: '0000:02:00.0' },
    ],
    [
      'pcieport 0000:00:05.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:02:00.0 (no details found',
      'aer.source',
      '0000:00:05.0',
      { source: '0000:02:00.0' },
    ],
    [
      'pcieport 0000:00:05.0: AER: Corrected error received: 0000:02:00.0',
      'aer.source',
      '0000:00:05.0',
      { source: '0000:02:00.0' },
    ],
    [
      'nvme 0000:03:00.0: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)',
      'aer.error',
      '0000:03:00.0',
      { severity: 'Corrected' },
    ],
    [
      'cxl_pci 0000:03:00.0: AER: CXL Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)',
      'aer.error',
      '0000:03:00.0',
      { severity: 'Uncorrectable (Fatal)' },
    ],
    [
      'pcieport 0000:00:05.0: DPC: containment event, status:0x1f01: unmasked uncorrectable error detected',
      'pci.bus_reset',
      '0000:00:05.0',
      { below: '1' },
    ],
    ['pcieport 0000:00:06.0: pciehp: Slot(0-6): Link Down', 'pci.link_down', '0000:00:06.0', {}],
    [
      'DMAR: [DMA Write] Request device [00:02.0] PASID ffffffff fault addr 0 [fault reason 02] Present bit in context entry is clear',
      'iommu.fault',
      '0000:00:02.0',
      { access: 'Write', iova: '0' },
    ],
    [
      'DMAR: [DMA Read PASID 0x1] Request device [3a:00.1] fault addr 0x1000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear',
      'iommu.fault',
      '0000:3a:00.1',
      { access: 'Read', iova: '0x1000' },
    ],
    [
      'AMD-Vi: Event logged [IO_PAGE_FAULT device=03:00.0 domain=0x000e address=0x0 flags=0x0000]',
      'iommu.fault',
      '0000:03:00.0',
      { type: 'IO_PAGE_FAULT' },
    ],
    [
      'AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:03:00.0 domain=0x000e address=0x0 flags=0x0000]',
      'iommu.fault',
      '0000:03:00.0',
      { type: 'IO_PAGE_FAULT' },
    ],
    [
      'vfio-pci 0000:38:00.3: vfio_pci: Relaying device request to user (#10)',
      'vfio.request',
      '0000:38:00.3',
      { count: '10' },
    ],
    ['pci 10000:01:00.0: [8086:ffff] type 00 class 0x120000 PCIe Endpoint', 'pci.add', '10000:01:00.0', {}],
    ['pci 0000:00:1c.0: PCI bridge to [bus 0a-1f]', 'pci.bridge', '0000:00:1c.0', { first: '0a', last: '1f' }],
    ['vfio-pci 0000:02:00.0: save config 0x04: 0x00100103', 'pci.command', '0000:02:00.0', { value: '0x00100103' }],
    ['VFIO-PCI 0000:0A:1F.7: resetting', 'pci.reset', '0000:0a:1f.7', {}],
  ])('%s', (text, kind, bdf, args) => {
    const meaning = normalise(printk(text));
    expect(meaning).toMatchObject({ type: 'event', event: { kind, args, clues: [{ type: 'bdf', bdf }] } });
    expect(meaning?.type === 'event' && meaning.event.clues).toHaveLength(1);
  });

  test.each([
    'vfio-pci 0000:02:00.0: save config 0x0c: 0x00000010',
    'vfio-pci 0000:02:00.0: restore config 0x3c: 0x00000100 -> 0x0000010b',
    'vfio-pci 0000:02:00.0: saving config space at offset 0x40 (reading 0x0)',
    'vfio-pci 0000:02:00.0: restoring config space at offset 0x4c (was 0x0, writing 0x1)',
    'vfio-pci 0000:02:00.0: not ready 1023ms after FLR; waiting',
    'vfio-pci 0000:02:00.0: vfio_cap_init: hiding cap 0x9@0x40',
    'vfio_ecap_init: 0000:5f:00.0 hiding ecap 0x19@0x2a0',
    'vfio-pci 0000:02:00.0: vfio_ecap_init: PCI config conflict @0x100, was ecap 0x1 now ecap 0',
    'pci 0000:02:00.0: PCI/TSM: Device Security Manager detected ()',
    'vfio-pci 0000:02:00.0:    [20] UnsupReq               (First)',
  ])('%s is known and means nothing', (text) => {
    expect(normalise(printk(text))).toBeNull();
  });
});

describe('platform marks', () => {
  test.each(PLATFORM_MARKS.map((mark) => [mark.symbolPrefix ?? String(mark.message), mark] as const))(
    '%s is a whole prefix with a source',
    (_what, mark) => {
      if (mark.symbolPrefix !== undefined) {
        expect(mark.symbolPrefix).toMatch(/^[a-z_]+_$/);
        expect(INTEREST.symbol(`${mark.symbolPrefix}something`)).toBe(true);
      }
      expect(mark.source).not.toBe('');
    },
  );
});
