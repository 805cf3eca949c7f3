import { expect, test } from 'vitest';
import { analyzeLog } from '../support/in-memory.ts';

const record = (line: number, text: string) => `   qemu-10     [000] .....   100.000${line}00: ${text}`;
const LOG = [
  'e: (vfio_pci_core_enable+0x0/0x200 [vfio_pci_core]) bdf="0000:e1:00.0"',
  'f: (pcie_flr+0x0/0x200) bdf="0000:e1:00.0"',
  'b: (pci_tsm_bind+0x0/0x200) bdf="0000:e1:00.0" kvm=0xff1100011c2a8000 tdi_id=0x200',
  'q: (tdx_tdi_request+0x0/0x200) bdf="0000:e1:00.0" req=1',
  'qr: (caller+0x50/0x200 <- tdx_tdi_request) bdf="0000:e1:00.0" ret=0',
  'br: (caller+0x50/0x200 <- pci_tsm_bind) bdf="0000:e1:00.0" ret=-5',
  'd: (vfio_pci_core_disable+0x0/0x200 [vfio_pci_core]) bdf="0000:e1:00.0"',
];

test('of a failed bind no earlier step is told that threw out of the state what its own LOCK put there', async () => {
  const { findings } = await analyzeLog(`${LOG.map((text, at) => record(at + 1, text)).join('\n')}\n`, {});
  const [finding] = findings.filter(({ rule }) => rule === 'failed-bind-not-cleaned');
  expect(finding?.summary).toBe(
    'a bind failed after it had locked the TDI, and the function was given up without a STOP',
  );
});
