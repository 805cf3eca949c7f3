import { expect, test } from 'vitest';
import type { Sink } from '../../src/commands/context.ts';
import { entryAsText } from '../../src/commands/history-format.ts';
import { sideEntries } from '../../src/commands/history-side.ts';
import { tellSide } from '../../src/commands/side-report.ts';
import { SideCollector } from '../../src/input/side/collector.ts';

const SINK = { width: 100, color: false } as Sink;

function side(files: Readonly<Record<string, string>>) {
  const collector = new SideCollector();
  for (const [name, text] of Object.entries(files)) collector.file(name, Buffer.from(text, 'latin1'));
  return collector.finish('kept/');
}

const FILES = {
  'lspci.txt': '00:05.0 PCI bridge: A\n\tBus: primary=00, secondary=02, subordinate=02, sec-latency=0\n',
  'vfio.txt': '/sys/bus/pci/devices/0000:02:00.0/vfio-dev/vfio0\n/sys/kernel/iommu_groups/7/devices/0000:02:00.0\n',
  kallsyms: '0000000000000000 T _text\n0000000000000000 T _stext\n',
};

test('formats --side: each file, what it tells and where, and what was not read', () => {
  expect(tellSide(side(FILES), SINK, false)).toBe(`kept/lspci.txt: 1 bridge
  line 2: 0000:00:05.0 is the bridge to bus 02
kept/vfio.txt: IOMMU group 7 has 0000:02:00.0; vfio0 is 0000:02:00.0
  line 1: vfio0 is 0000:02:00.0
  line 2: IOMMU group 7 has 0000:02:00.0
not read: kallsyms: the kernel hid its addresses (kptr_restrict): read /proc/kallsyms as root
`);
  expect(tellSide(side(FILES), SINK, true).split('\n').slice(0, 2)).toEqual([
    '{"path":"kept/lspci.txt","line":2,"tells":"0000:00:05.0 is the bridge to bus 02"}',
    '{"path":"kept/vfio.txt","line":1,"tells":"vfio0 is 0000:02:00.0"}',
  ]);
  expect(tellSide(side({}), SINK, false)).toBe(
    'kept: nothing in it tells of PCI functions, vfio devices or the kernel\n',
  );
});

test('what a hostile file says is escaped', () => {
  const told = tellSide(side({ 'a\u001b[31m': FILES['lspci.txt'] }), SINK, false);
  expect(told).not.toContain('\u001b');
});

test('timeline: what was stored of a function stands where it is met first', () => {
  const [entry, ...others] = sideEntries(side(FILES)).get('0000:02:00.0' as never) ?? [];
  expect(others).toHaveLength(1);
  if (entry === undefined) throw new Error('nothing');
  expect(entry).toEqual({
    type: 'side',
    source: 'kept/vfio.txt',
    line: 1,
    time: null,
    bdf: '0000:02:00.0',
    text: 'vfio0 is 0000:02:00.0',
  });
  expect(entryAsText(SINK)(entry)).toBe('kept/vfio.txt:1:            -  0000:02:00.0  stored: vfio0 is 0000:02:00.0\n');
});
