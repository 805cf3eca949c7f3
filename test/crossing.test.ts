import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import { analyzeLog } from './support/in-memory.ts';

// pci_tsm_bind(), pci_tsm_unbind() and their like take the same locks and give them up before their returns are recorded: who waited may
// have had its turn by then. Rows of probes, `task function [arguments]`, a microsecond apart; `function!` is the return.

const DEVICE = 'bdf="0000:e1:00.0"';
const OPEN = ['qemu vfio_pci_core_enable', 'qemu vfio_pci_core_enable! ret=0'];
const BIND = 'qemu pci_tsm_bind kvm=0xff1100011c2a8000 tdi_id=0x200';
const CLOSE = [
  'main vfio_pci_core_disable',
  'main __pci_reset_function_locked',
  'main pcie_flr',
  'main __pci_reset_function_locked! ret=0',
  'main vfio_pci_core_disable!',
];
const UNBIND = [
  'main pci_tsm_unbind',
  'main __pci_tsm_unbind',
  'main __pci_tsm_unbind!',
  'main pci_tsm_unbind!',
] as const;
const TASKS: Readonly<Record<string, string>> = {
  qemu: 'qemu-700',
  main: 'main-701',
  vcpu: 'vcpu-702',
  bash: 'bash-500',
};

function traced(rows: readonly string[]): string {
  const lines = rows.map((row, i) => {
    const [, task = '', name = '', end, args] = /^(\w+) (\w+)(!?) ?(.*)$/.exec(row) ?? [];
    const at = end === '!' ? `${name}_ret: (caller+0x50/0x200 <- ${name})` : `${name}: (${name}+0x0/0x200)`;
    return `${TASKS[task]?.padStart(16)} [001] ..... ${(100 + i / 1e6).toFixed(6)}: ${at} ${DEVICE} ${args}`;
  });
  return `# tracer: nop\n#\n${lines.join('\n')}\n`;
}

async function said(rows: readonly string[], options: Partial<JudgeOptions> = {}): Promise<string[]> {
  const { findings } = await analyzeLog(traced(rows), options);
  return findings.filter(({ headline }) => headline).map(({ verdict, rule }) => `${verdict} ${rule}`);
}

const COMPLETE: Partial<JudgeOptions> = { complete: ['bind', 'guest-request', 'link'] };

describe('a bind whose return is recorded behind the unbind of another task', () => {
  const late = (...before: string[]) => [...OPEN, BIND, ...before, ...UNBIND, 'qemu pci_tsm_bind! ret=0', ...CLOSE];
  const request = ['vcpu pci_tsm_guest_req scope=1', 'vcpu pci_tsm_guest_req! ret=0'];

  test.each([[{}], [COMPLETE]])('may have done its work after it: %o', async (options) => {
    expect(await said(late(), options)).toEqual(['possible unbind-before-disable']);
  });

  test.each([[{}], [COMPLETE]])('had done it before, where the guest was answered before: %o', async (options) => {
    expect(await said(late(...request), options)).toEqual([]);
  });

  test('one that returned before the unbind, and nothing between', async () => {
    expect(await said([...OPEN, BIND, 'qemu pci_tsm_bind! ret=0', ...UNBIND, ...CLOSE], COMPLETE)).toEqual([]);
  });

  test('is still bound where no unbind came between', async () => {
    expect(await said([...OPEN, BIND, ...request, 'qemu pci_tsm_bind! ret=0', ...CLOSE], COMPLETE)).toEqual([
      'definite unbind-before-disable',
    ]);
  });

  test('lets the next bind succeed', async () => {
    const next = BIND.replace('11c2a8000', '155550000').replace('qemu', 'vcpu');
    const rows = [...OPEN, BIND, ...UNBIND, next, 'vcpu pci_tsm_bind! ret=0', 'qemu pci_tsm_bind! ret=0'];
    expect(await said([...rows, ...UNBIND, ...CLOSE], COMPLETE)).toEqual([]);
  });
});

describe('other calls that return late', () => {
  const bound = [...OPEN, BIND, 'qemu pci_tsm_bind! ret=0'];

  test('a request that was answered before the unbind', async () => {
    const rows = ['vcpu pci_tsm_guest_req scope=1', ...UNBIND, ...CLOSE, 'vcpu pci_tsm_guest_req! ret=0'];
    expect(await said([...bound, ...rows], COMPLETE)).toEqual([]);
  });

  test('an unbind that returns behind the next bind does not undo it', async () => {
    const next = BIND.replace('11c2a8000', '155550000').replace('qemu', 'vcpu');
    const rows = [...UNBIND.slice(0, 3), next, 'vcpu pci_tsm_bind! ret=0', 'main pci_tsm_unbind!'];
    const request = ['vcpu pci_tsm_guest_req scope=1', 'vcpu pci_tsm_guest_req! ret=0'];
    expect(await said([...bound, ...rows, ...request, ...UNBIND, ...CLOSE], COMPLETE)).toEqual([]);
    expect(await said([...bound, ...rows, ...request, ...CLOSE], COMPLETE)).toEqual(['definite unbind-before-disable']);
  });

  test('an unbind that overlaps a bind may have come first, and found nothing', async () => {
    const rows = [BIND, 'main pci_tsm_unbind', 'qemu pci_tsm_bind! ret=0', 'main pci_tsm_unbind!'];
    expect(await said([...OPEN, ...rows, ...CLOSE], COMPLETE)).toEqual(['possible unbind-before-disable']);
  });
});
