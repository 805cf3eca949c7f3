import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { Arguments } from '../src/commands/arguments.ts';
import { sideOf } from '../src/commands/side.ts';
import { readSideData } from '../src/input/side-data.ts';
import { tar } from './input/tar-files.ts';
import { analyzeFiles, brief } from './support/analyze.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LSPCI = readFileSync(join(import.meta.dirname, '../fixtures/side/lspci-vvv.txt'));
// The VF is bound, its PF is reset: that one reaches the other only lspci tells.
const TRACE = `# tracer: nop
#
         drv-300     [000] ...1.    10.000003: b: (pci_tsm_bind+0x0/0x100) bdf="0000:02:10.0" kvm=0x1000 tdi_id=0x200
         drv-300     [000] ...1.    10.100003: br: (caller+0x5/0x10 <- pci_tsm_bind) bdf="0000:02:10.0" ret=0
         drv-300     [000] ...1.    10.200003: f: (pcie_flr+0x0/0x100) bdf="0000:02:00.0"
`;
const REPORT: Readonly<Record<string, Buffer | string>> = {
  'sys/kernel/debug/tracing/trace': TRACE,
  'sos_commands/kernel/uname_-a':
    'Linux host 7.3.4+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1 x86_64 GNU/Linux\n',
  'sos_commands/pci/lspci_-nnvv': LSPCI,
  'sos_commands/pci/notes': LSPCI,
  'var/log/lspci.txt': LSPCI,
};

function archive(name: string, report: Readonly<Record<string, Buffer | string>>): string {
  const files = Object.entries(report).map(([path, content]) => ({ name: `sosreport-${name}/${path}`, content }));
  const path = join(folder, `${name}.tar.gz`);
  writeFileSync(path, gzipSync(tar(files)));
  return path;
}

function unpacked(name: string): string {
  for (const [path, text] of Object.entries(REPORT)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

const FOUND = ['probable flr-while-locked 0000:02:10.0 :5'];

test('an archived sos report tells of the machine that its logs are of', async () => {
  const { findings, health } = await analyzeFiles([archive('a', REPORT)]);
  expect(findings.map(brief)).toEqual(FOUND);
  expect(findings[0]?.assumptions).toContain(
    'side: sosreport-a/sos_commands/pci/lspci_-nnvv:161: 0000:02:10.0 is a VF of 0000:02:00.0, also when the step was done',
  );
  const told = health.filter(({ code }) => code === 'side-data').map(({ message }) => message);
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(
    /a\.tar\.gz: sosreport-a\/sos_commands\/kernel\/uname_-a: the kernel was 7\.3\.4\+deb13-amd64$/,
  );
});

test('of two reports neither tells of the machine of the other', async () => {
  const other = archive('c', { 'sys/kernel/debug/tracing/trace': TRACE });
  const { findings, health } = await analyzeFiles([archive('b', REPORT), other]);
  expect(findings).toEqual([]);
  expect(health.map(({ code }) => code)).not.toContain('side-data');
});

test('an unpacked report is read for --side, or where it is the input', async () => {
  const report = unpacked('sosreport-d');
  const side = readSideData(report);
  expect(side.files).toEqual(['sos_commands/kernel/uname_-a', 'sos_commands/pci/lspci_-nnvv']);
  expect((await analyzeFiles([report], { side })).findings.map(brief)).toEqual(FOUND);
  expect(sideOf(new Arguments({ input: [report] }))?.files).toEqual(side.files);
  expect(sideOf(new Arguments({ input: [report, 'other.txt'] }))).toBeNull();
  expect(sideOf(new Arguments({ input: [join(report, 'sos_commands/kernel/uname_-a')] }))).toBeNull();
  expect(sideOf(new Arguments({ input: ['other.txt'], side: report }))?.files).toEqual(side.files);
});
