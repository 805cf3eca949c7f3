import { describe, expect, test } from 'vitest';
import { Lookup } from '../../src/report/format.ts';
import { legalOrder } from '../../src/report/legal-order.ts';
import { analyzeText } from '../support/analyze.ts';

// What the firmware of AMD says of a TDI that is not bound, in a trace of the guest: drivers/virt/coco/sev-guest/tio.c,
// AMDESE/linux-kvm 16f379f5.
const NO_MMIO = 'console: pci 0000:00:04.0: MMIO validate failed with rc=-5, fwerr=0x0, status=2';
const NO_DMA = 'console: pci 0000:00:04.0: SDTE write failed with rc=0, fwerr=0x0, status=2';

const call = (symbol: string, result: string, ...inside: string[]) => [
  `p: (${symbol}+0x0/0x100) bdf="0000:00:04.0"`,
  ...inside,
  `r: (caller+0x50/0x100 <- ${symbol}) bdf="0000:00:04.0"${result}`,
];
const LOCK = call('pci_tsm_lock', ' ret=0');
const ACCEPT = call('pci_tsm_accept', ' ret=0');
const UNLOCK = call('pci_tsm_unlock', '');

/** What the report says in the line `order:` of the first headline of the rule. */
async function said(rule: string, rows: readonly string[]): Promise<string | null | undefined> {
  const text = rows.map(
    (row, i) => `         sh-300     [000] ...1.    10.${String(1000 + i).padStart(6, '0')}: ${row}`,
  );
  const analysis = await analyzeText(text.join('\n'), { platform: 'sev-tio' });
  const found = analysis.findings.find((finding) => finding.rule === rule);
  return found && legalOrder(found, new Lookup(analysis));
}

const OPEN =
  'a legal one cannot be told: the firmware says that the TDI was not bound, not whether a bind came too late or an unbind too early';

describe('what the firmware refuses a guest, since the TDI is not bound', () => {
  test('comes after its lock, where that stands behind it', async () => {
    const accept = call('sev_guest_accept', ' ret=-5', NO_MMIO);
    expect(await said('mmio-accept-before-bind', [...accept, ...LOCK])).toBe(
      'legal with pci_tsm_lock (line 4) before sev_guest_accept (line 1)',
    );
    // An unlock in between, or a lock that failed, is none.
    const refused = call('pci_tsm_lock', ' ret=-5');
    expect(await said('mmio-accept-before-bind', [...accept, ...refused])).toBe(OPEN);
  });

  test('comes before its unlock, where that stands in front', async () => {
    const open = call('sev_guest_enable_dma', ' ret=-5', NO_DMA);
    expect(await said('dma-enable-before-run', [...LOCK, ...ACCEPT, ...UNLOCK, ...open])).toBe(
      'legal with sev_guest_enable_dma (line 7) before pci_tsm_unlock (line 5)',
    );
  });

  test('has no order that is known where the guest holds its lock, or recorded none', async () => {
    const open = call('sev_guest_enable_dma', ' ret=-5', NO_DMA);
    expect(await said('dma-enable-before-run', [...LOCK, ...ACCEPT, ...open])).toBe(OPEN);
    expect(await said('dma-enable-before-run', open)).toBe(OPEN);
    // Without the call around it, the line may be of what the unlock takes back.
    expect(await said('mmio-accept-before-bind', [NO_MMIO, ...LOCK])).toBe(OPEN);
  });
});
