import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyzeFiles, headlines } from './support/analyze.ts';
import { row } from './support/two-sources.ts';

// Constructed: function tracer lines with the caller, which names the architecture where it is a system call.
const trace = (...functions: string[]) =>
  ['# tracer: function', '#', ...functions.map((text, n) => row(10_000_000 + n * 1000, 444, text)), ''].join('\n');

const TDX = trace('tdh_spdm_connect <-tdx_link_connect', 'vfio_pci_core_enable <-vfio_df_open');
const AMD = trace('sev_tio_tdi_bind <-sev_tsm_bind', 'vfio_pci_core_enable <-vfio_df_open');
const LOG = '[    1.000000] vfio-pci 0000:02:00.0: resetting\n[    1.200000] vfio-pci 0000:02:00.0: reset done\n';
const ARM = trace('vfio_pci_core_ioctl <-__arm64_sys_ioctl', 'vfio_pci_core_enable <-vfio_df_open');
const X86 = trace('vfio_pci_core_ioctl <-__x64_sys_ioctl', 'vfio_pci_core_enable <-vfio_df_open');

// Of two files as well as of one: what is written behind one another is of one machine, as a mail with a log and a trace is.
async function platformsOf(...texts: string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-platform-'));
  try {
    const paths = texts.map((_, index) => join(folder, `${index}.txt`));
    for (const [index, path] of paths.entries()) writeFileSync(path, texts[index] ?? '');
    const { platform, sources } = await analyzeFiles(paths);
    return [platform, ...sources.map((source) => source.platform)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what an input proves of its machine says nothing of the machines of others', async () => {
  expect(await platformsOf(TDX)).toEqual(['tdx', 'tdx']);
  expect(await platformsOf(X86, TDX)).toEqual(['tdx', 'generic', 'tdx']);
  expect(await platformsOf(ARM, TDX)).toEqual(['tdx', 'generic', 'tdx']);
  expect(await platformsOf(TDX, AMD)).toEqual(['generic', 'tdx', 'sev-tio']);
});

test('parts of one file are of one machine, unless they are of two architectures', async () => {
  expect(await platformsOf(`${LOG}\n${TDX}`)).toEqual(['tdx', 'tdx', 'tdx']);
  expect(await platformsOf(`${ARM}\n${TDX}`)).toEqual(['generic', 'generic', 'generic']);
});

test('no rule of the platform of one machine is asked of another', async () => {
  // A log of an Arm machine that does not say so: there the BAR mappings may go first.
  const zap = [
    'bind: (pci_tsm_bind+0x0/0x2a0) bdf="0000:02:00.0"',
    'bindret: (tsm_bind+0x10f/0x220 <- pci_tsm_bind) ret=0x0',
    'zap: (vfio_pci_zap_bars+0x0/0x90) bdf="0000:02:00.0"',
  ].map((text, n) => row(10_000_000 + n * 1000, 444, text));
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-platform-'));
  try {
    const one = join(folder, 'one.txt');
    const other = join(folder, 'other.txt');
    writeFileSync(one, `${zap.join('\n')}\n`);
    writeFileSync(other, TDX);
    expect(headlines(await analyzeFiles([one], { platform: 'tdx' }))).toEqual([
      'probable bar-zap-while-bound 0000:02:00.0 :3',
    ]);
    expect(headlines(await analyzeFiles([one, other]))).toEqual([]);
    expect(headlines(await analyzeFiles([other, one]))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
