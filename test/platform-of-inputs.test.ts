import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyzeFiles } from './support/analyze.ts';
import { row } from './support/two-sources.ts';

// Constructed: function tracer lines with the caller, which names the architecture where it is a system call.
const trace = (...functions: string[]) =>
  ['# tracer: function', '#', ...functions.map((text, n) => row(10_000_000 + n * 1000, 444, text)), ''].join('\n');

const TDX = trace('tdh_spdm_connect <-tdx_link_connect', 'vfio_pci_core_enable <-vfio_df_open');
const ARM = trace('vfio_pci_core_ioctl <-__arm64_sys_ioctl', 'vfio_pci_core_enable <-vfio_df_open');
const X86 = trace('vfio_pci_core_ioctl <-__x64_sys_ioctl', 'vfio_pci_core_enable <-vfio_df_open');

async function platformOf(...texts: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-platform-'));
  try {
    const paths = texts.map((_, index) => join(folder, `${index}.txt`));
    for (const [index, path] of paths.entries()) writeFileSync(path, texts[index] ?? '');
    return (await analyzeFiles(paths)).platform;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an input that proves the platform proves it for the others', async () => {
  expect(await platformOf(TDX)).toBe('tdx');
  expect(await platformOf(X86, TDX)).toBe('tdx');
});

test('no input proves the platform of a machine of another architecture', async () => {
  expect(await platformOf(ARM, TDX)).toBe('generic');
  expect(await platformOf(TDX, ARM)).toBe('generic');
});
