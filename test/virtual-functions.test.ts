import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { analyzeText, brief } from './support/analyze.ts';

// Real captures of a VF that is bound, with a reset of a PF put into them that was not driven.
const ROOT = process.env['TDI_TRACE_CAPTURES'] ?? '../shared/captures';
const PRESENT = existsSync(ROOT);
if (!PRESENT) console.warn(`SKIPPED: no captures at ${ROOT}; set TDI_TRACE_CAPTURES to their folder`);

const VF = '0000:02:10.0';

function lines(path: string): string[] {
  const bytes = readFileSync(join(ROOT, path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').split('\n');
}

/** The capture with a leaf call `text` of another task on CPU 0 right behind the last line that has all of `words`. */
function withCall(log: readonly string[], words: readonly string[], text: string): string {
  const at = log.findLastIndex((line) => words.every((word) => line.includes(word)));
  const time = /^ *(\d+\.\d+) \|/.exec(log[at] ?? '')?.[1];
  if (time === undefined) throw new Error(`no line with ${words.join(' and ')}`);
  const call = ` ${time} |   0)    sh-999      |   5.528 us    |  ${text};`;
  return [...log.slice(0, at + 1), call, ...log.slice(at + 1)].join('\n');
}

describe.skipIf(!PRESENT)('a VF that was bound, as recorded', () => {
  const SETS = ['t09_vf_bind/c73-tsm/trace.fgfull.txt.gz', 't09_vf_bind/deb73-tsm/trace.fgfull.txt.gz'];

  test.each(SETS)('%s: an FLR of its PF is found on it', async (path) => {
    const log = lines(path);
    const pf = /pci_enable_sriov\(dev=(0x[0-9a-f]+)/.exec(log.join('\n'))?.[1];
    const bound = ['pci_tsm_guest_req', 'PCI_TSM_REQ_STATE_CHANGE'];
    const before = await analyzeText(log.join('\n'));
    const after = await analyzeText(withCall(log, bound, `pcie_flr(dev=${pf})`));
    const [first] = after.findings.filter(({ rule }) => rule === 'flr-while-locked');
    expect(first).toMatchObject({ device: VF, verdict: 'probable' });
    const violation = first?.evidence.find(({ role }) => role === 'violation');
    expect(violation?.text).toContain(`pcie_flr(dev=${pf})`);
    // What shows that it is a VF of that PF: it appeared inside the call.
    expect(first?.evidence.filter(({ role }) => role === 'context').map(({ event }) => event)).toContain('pci.add');
    expect(before.findings.map(brief)).not.toContain(first && brief(first));
    expect(after.findings.filter(({ device }) => device !== VF)).toEqual([]);
  });

  test.each(SETS)('%s: an FLR of another PF is not', async (path) => {
    const log = lines(path);
    const bound = ['pci_tsm_guest_req', 'PCI_TSM_REQ_STATE_CHANGE'];
    const before = await analyzeText(log.join('\n'));
    const after = await analyzeText(withCall(log, bound, 'pcie_flr(dev=0xffff888001230000)'));
    const essence = ({ findings }: typeof before) =>
      findings.map(({ rule, device, verdict }) => [rule, device, verdict]);
    expect(essence(after)).toEqual(essence(before));
  });

  test('probes: an FLR of the PF is of nobody as long as nothing says whose PF it is', async () => {
    const log = lines('t09_vf_bind/c73-tsm/trace.probes.txt');
    const at = log.findLastIndex((line) => line.includes('tsm_guest_req_ret'));
    const time = /(\d+\.\d+): /.exec(log[at] ?? '')?.[1];
    const flr = `sh-999     (    999) [000] ...1.    ${time}: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"`;
    const text = [...log.slice(0, at + 1), flr, ...log.slice(at + 1)].join('\n');
    const before = await analyzeText(log.join('\n'));
    expect((await analyzeText(text)).findings.length).toBe(before.findings.length);
  });

  test.each(['c73-cdev/trace.fgfull.txt.gz', 'deb73-legacy/trace.fgfull.txt.gz'])(
    'l_sriov_vf/%s: no TSM, nothing to find, also with the PF reset',
    async (path) => {
      const log = lines(`l_sriov_vf/${path}`);
      const pf = /pci_enable_sriov\(dev=(0x[0-9a-f]+)/.exec(log.join('\n'))?.[1];
      const text = withCall(log, ['pcie_flr'], `pcie_flr(dev=${pf})`);
      expect((await analyzeText(text)).findings).toEqual([]);
    },
  );
});
