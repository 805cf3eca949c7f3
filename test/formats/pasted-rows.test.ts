import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from '../support/analyze.ts';
import { collect } from './collect.ts';

// What a terminal, a mail program, an editor or a web page made of the rows of a trace. The records have to be those of the rows
// as they were; only their text stays as it stands in the source.
const PROBES = [
  '             drv-300     [000] ...1.    10.003009: vfio_enable: (vfio_pci_core_enable+0x0/0x100) bdf="0000:02:00.0"',
  '             drv-300     [000] ...1.    11.005015: tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000',
  '             drv-300     [000] ...1.    11.006018: tsm_bind_ret: (tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=0',
  '             drv-300     [000] ...1.    11.006500: tsm_unbind: (pci_tsm_unbind+0x0/0x100) bdf="0000:02:00.0"',
  '             drv-300     [000] ...1.    11.006600: tsm_unbind_ret: (tsm_op_ioctl+0x90/0x100 <- pci_tsm_unbind) bdf="0000:02:00.0"',
  '             drv-300     [000] ...1.    11.007021: vfio_disable: (vfio_pci_core_disable+0x0/0x400) bdf="0000:02:00.0"',
];
const FUNCTIONS = [
  '             drv-300     [000] .....    10.003009: vfio_pci_core_enable <-vfio_pci_open_device',
  '             drv-300     [000] .....    11.005015: pci_tsm_bind <-iommufd_vdevice_tsm_op_ioctl',
  '             drv-300     [000] .....    11.006500: pci_tsm_unbind <-iommufd_vdevice_tsm_op_ioctl',
  '             drv-300     [000] .....    11.007021: vfio_pci_core_disable <-vfio_pci_core_close_device',
];
const GRAPH = [
  '  51.000200 |   0)    drv-422     |               |  pci_tsm_bind(pdev=0xffff888003c9b000) { /* <-tsm_op_ioctl+0x50/0x100 */',
  '  51.000210 |   0)    drv-422     | + 10.100 us   |    mutex_lock(lock=0xffffffffb0587f80); /* <-pci_tsm_bind+0x20/0x100 */',
  '  51.000220 |   0)    drv-422     | ! 201.349 us  |  } /* pci_tsm_bind ret=0x0 */',
  '  51.000300 |   0)    drv-422     |               |  pci_tsm_unbind(pdev=0xffff888003c9b000) { /* <-tsm_op_ioctl+0x90/0x100 */',
  '  51.000320 |   0)    drv-422     | ! 201.349 us  |  } /* pci_tsm_unbind ret=0x0 */',
];
const bytes = (text: string) => Buffer.from(text).toString('latin1');

const PASTED: Readonly<Record<string, (row: string) => string>> = {
  'grep --color': (row) => row.replaceAll('unbind', '\x1b[01;31m\x1b[Kunbind\x1b[m\x1b[K'),
  'a reset of colours at the end': (row) => `${row}\x1b[0m`,
  'carriage returns': (row) => `${row}\r`,
  '^M': (row) => `${row}^M`,
  'a tab at the end': (row) => `${row}\t`,
  'blanks at the end': (row) => row.padEnd(200),
  'bold Markdown': (row) => row.replaceAll('pci_tsm_unbind', '**pci_tsm_unbind**'),
  'escaped Markdown': (row) => row.replace(/(?<=pci)_(?=tsm)/g, '\\_'),
  'source of HTML': (row) => row.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  'tags of HTML': (row) => row.replaceAll('pci_tsm_unbind', '<span class="hl">pci_tsm_unbind</span>'),
  'an arrow of Word': (row) => bytes(row.replaceAll('<-', '\u2190')),
  'a dash of Word': (row) => bytes(row.replaceAll('<-', '<\u2013')),
  'quotation marks of Word': (row) => bytes(row.replace(/"([^"]*)"/, '\u201c$1\u201d')),
  'no-break spaces of Outlook': (row) => bytes(row.replaceAll('  ', ' \u00a0')),
  'zero-width spaces': (row) => bytes(row.replaceAll('_', '_\u200b')),
};

const FORMS = { probes: PROBES, function: FUNCTIONS, function_graph: GRAPH };

describe.each(Object.entries(PASTED))('%s', (_name, paste) => {
  test.each(Object.entries(FORMS))('%s', (_form, rows) => {
    const lines = rows.map(paste);
    const wanted = {
      symbol: (name: string) => /^(?:pci_tsm|vfio)/.test(name),
      event: () => false,
      message: () => false,
    };
    const whole = collect('ftrace', rows, wanted);
    const pasted = collect('ftrace', lines, wanted);
    expect(pasted.kinds).toEqual(whole.kinds);
    expect(pasted.health.filter(({ code }) => code !== 'lines-repaired')).toEqual([]);
    for (const [index, record] of pasted.records.entries()) {
      expect(record.text).toBe(Buffer.from(lines[record.line - 1] ?? '', 'latin1').toString());
      const { text: _, ...facts } = record;
      const { text: __, ...expected } = whole.records[index] ?? {};
      const body = 'body' in facts && typeof facts.body === 'string' ? { body: facts.body.trimEnd() } : {};
      expect({ ...facts, ...body }).toEqual(expected);
    }
    expect(pasted.records).toHaveLength(whole.records.length);
  });
});

test('what was changed is told, colours and blanks of another kind are not', () => {
  const told = (paste: (row: string) => string) =>
    collect('ftrace', PROBES.map(paste)).health.map(({ code, count }) => [code, count]);
  expect(told(PASTED['bold Markdown'] ?? String)).toEqual([['lines-repaired', 2]]);
  expect(told(PASTED['an arrow of Word'] ?? String)).toEqual([['lines-repaired', 2]]);
  expect(told(PASTED['grep --color'] ?? String)).toEqual([]);
});

test('a row of which no name can be read is missing, and no other function', async () => {
  for (const rows of [FUNCTIONS, PROBES]) {
    const damaged = rows.map((row) => row.replaceAll('pci_tsm_unbind', 'pci?tsm\x01\xff_unbind'));
    const { health } = collect('ftrace', damaged);
    const elided = health.filter(({ code }) => code === 'lines-elided').map(({ line }) => line);
    expect(elided).toEqual(rows === FUNCTIONS ? [3] : [4]);
  }
  const graph = GRAPH.map((row) => row.replaceAll('pci_tsm_unbind(', 'pci_tsm\xff_unbind('));
  expect(collect('ftrace', graph).health).toMatchObject([{ code: 'lines-elided', line: 4 }]);
  // The unbind may be what is missing.
  const hidden = PROBES.map((row) => row.replaceAll('pci_tsm_unbind', 'pci_tsm\xff_unbind')).join('\n');
  expect(headlines(await analyzeText(`${hidden}\n`))).toEqual(['possible unbind-before-disable 0000:02:00.0 :6']);
});

test('a task may be called anything, and is called so', () => {
  const row = '    \x1b[31m**a**&lt;-23      [001] .....     1.000013: pcie_flr <-x';
  expect(collect('ftrace', [row]).records[0]).toMatchObject({ task: '\x1b[31m**a**&lt;', pid: 23, symbol: 'pcie_flr' });
});
