import { expect, test } from 'vitest';
import type { KernelRecord } from '../../src/formats/record.ts';
import { collect } from './collect.ts';

// A chat, an HTML page or Markdown without a fence leaves one blank of several: the indent, which tells how deep a call is, is gone.
const squeezed = (line: string) => line.replace(/ +/g, ' ');
const GRAPH = [
  '  51.000200 |   0)    drv-422     |               |  pci_tsm_bind(pdev=0xffff888003c9b000) {',
  '  51.000210 |   0)    drv-422     |               |    tsm_bind_helper() {',
  '  51.000211 |   0)    drv-422     | + 10.100 us   |      pci_clear_master(dev=0xffff888003c9b000);',
  '  51.000212 |   0)    drv-422     | + 11.100 us   |    } /* tsm_bind_helper ret=0x0 */',
  '  51.000220 |   0)    drv-422     | ! 201.349 us  |  } /* pci_tsm_bind ret=0xfffffffb */',
  '  52.000001 |   0)    drv-422     |               |  vfio_pci_core_disable(vdev=0xffff888003bf5800) {',
  '  52.000021 |   0)    drv-422     | ! 301.349 us  |  }',
];
const WANTED = { symbol: (name: string) => /^(?:pci|vfio)_/.test(name), event: () => false, message: () => false };

/** What nesting tells: whose end a brace is, and what stands inside what. */
const nesting = (records: readonly KernelRecord[]) =>
  records.map((record) =>
    record.type === 'graph'
      ? [record.line, record.edge, record.symbol, record.ret, record.entryLine, record.enclosingLine, record.depth]
      : [record.line],
  );

test('braces tell how deep a call is, and that is said', () => {
  const whole = collect('ftrace', GRAPH, WANTED);
  const pasted = collect('ftrace', GRAPH.map(squeezed), WANTED);
  expect(nesting(pasted.records)).toEqual(nesting(whole.records));
  expect(nesting(whole.records)).toContainEqual([5, 'exit', 'pci_tsm_bind', '0xfffffffb', 1, null, 0]);
  expect(whole.health).toEqual([]);
  expect(pasted.health).toMatchObject([{ code: 'lines-repaired', line: 1, count: 7 }]);
});

test('a brace whose name is that of no call that is open: lines between are missing', () => {
  const lines = GRAPH.map(squeezed);
  // The entry of the helper is lost, so its brace would end the bind.
  const { records, health } = collect('ftrace', lines.toSpliced(1, 1), WANTED);
  expect(health.find(({ code }) => code === 'lines-elided')).toMatchObject({ line: 3 });
  expect(nesting(records)).toContainEqual([4, 'exit', 'pci_tsm_bind', '0xfffffffb', 1, null, 0]);
});
