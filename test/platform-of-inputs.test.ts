import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import { sosRoots } from '../src/input/sos-root.ts';
import { renderText } from '../src/report/text.ts';
import { tar } from './input/tar-files.ts';
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

const probes = (...texts: string[]) => `${texts.map((text, n) => row(10_000_000 + n * 1000, 444, text)).join('\n')}\n`;
const CONNECT = [
  'connect: (connect_store+0x0/0x100) bdf="0000:02:00.0"',
  'connected: (caller+0x1/0x2 <- connect_store) bdf="0000:02:00.0" ret=5',
];
const BIND = [
  'bind: (pci_tsm_bind+0x0/0x2a0) bdf="0000:02:00.0"',
  'bindret: (tsm_bind+0x10f/0x220 <- pci_tsm_bind) ret=0x0',
];
const zap = (...before: string[]) => probes(...before, ...BIND, 'zap: (vfio_pci_zap_bars+0x0/0x90) bdf="0000:02:00.0"');
const write = (value: string) =>
  `write: (vfio_basic_config_write+0x0/0x100) bdf="0000:02:00.0" pos=0x4 count=2 off=0x4 val=${value}`;
const CLEAR = probes(...CONNECT, ...BIND, write('0x6'), write('0x2'));
// What stands before a zap and names an architecture.
const SYSTEM_CALL = (name: string) => `vfio_pci_core_ioctl <-${name}`;

const DMESG = `[    3.000000] ccp 0000:41:00.5: SEV-TIO status: EN=1 INIT_DONE=1 SPDM_REQ=0
[    3.100000] pci 0000:02:00.0: [8086:10c9] type 00 class 0x020000 PCIe Endpoint
`;
const CCA = probes(
  'tsm: (cca_tsm_connect+0x0/0x100) bdf="0000:02:00.0"',
  'tsmret: (caller+0x1/0x2 <- cca_tsm_connect) bdf="0000:02:00.0" ret=0',
);

const judged = (...texts: string[]) => judgedFor('auto', ...texts);

async function judgedFor(platform: JudgeOptions['platform'], ...texts: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-platform-'));
  try {
    const paths = texts.map((_, index) => join(folder, `${index}.txt`));
    for (const [index, path] of paths.entries()) writeFileSync(path, texts[index] ?? '');
    return await analyzeFiles(paths, { platform });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what holds on the platform that another input proves is possible, and rests on its being one machine', async () => {
  // An Arm machine that does not say so lets the BAR mappings go first: nobody is accused of it beside a log of another machine.
  expect(headlines(await judgedFor('tdx', zap(), TDX))).toEqual(['probable bar-zap-while-bound 0000:02:00.0 :3']);
  for (const inputs of [
    [zap(), TDX],
    [TDX, zap()],
    [DMESG, zap(...CONNECT)],
  ]) {
    const { findings } = await judged(...inputs);
    expect(findings.map(({ verdict, severity, rule }) => [verdict, severity, rule])).toEqual([
      ['possible', 'warning', 'bar-zap-while-bound'],
    ]);
    const name = inputs.includes(TDX) ? 'tdx' : 'sev-tio';
    expect(findings[0]?.assumptions).toContain(
      `this input is of the same machine as the one that proves the platform to be ${name}`,
    );
    expect(findings[0]?.to_confirm.filter((one) => one.includes('--platform'))).toEqual([
      `if the inputs are of one machine, say so: --platform ${name}`,
    ]);
  }
});

test('what holds on the platform that another input proves is not asked of another architecture', async () => {
  expect(headlines(await judged(zap(SYSTEM_CALL('__arm64_sys_ioctl')), TDX))).toEqual([]);
  expect(headlines(await judged(zap(SYSTEM_CALL('__arm64_sys_ioctl')), DMESG))).toEqual([]);
  // On x86 both platforms that it may be have the rule: no other input is needed for it.
  expect(headlines(await judged(zap(SYSTEM_CALL('__x64_sys_ioctl')), CCA))).toEqual([
    'probable bar-zap-while-bound 0000:02:00.0 :4',
  ]);
  // What two inputs prove to be two machines holds only as far as it holds on both.
  expect(headlines(await judged(zap(), TDX, CCA))).toEqual([]);
  expect(headlines(await judged(zap(), TDX, DMESG))).toEqual(['possible bar-zap-while-bound 0000:02:00.0 :3']);
});

test('an input that tells of no platform is judged no more strictly than the CCA machine that another one is of', async () => {
  expect(headlines(await judged(CLEAR))).toEqual(['probable bme-clear-while-locked 0000:02:00.0 :6']);
  expect(headlines(await judged(CCA, CLEAR))).toEqual(['possible bme-clear-while-locked 0000:02:00.0 :6']);
  expect(headlines(await judged(CLEAR, TDX, CCA))).toEqual(['possible bme-clear-while-locked 0000:02:00.0 :6']);
  // Nor are parts of one file, of two architectures.
  expect(headlines(await judged(`${CCA}${X86}${CLEAR}`))).toEqual(['possible bme-clear-while-locked 0000:02:00.0 :12']);
  const onX86 = `${X86}${CLEAR}`;
  expect(headlines(await judged(CCA, onX86))).toEqual(['probable bme-clear-while-locked 0000:02:00.0 :10']);
});

test('the report says on its first screen which platform would make it firm', async () => {
  const page = async (...texts: string[]) =>
    renderText(await judged(...texts), {
      width: 400,
      color: false,
      floor: 'probable',
      verbose: false,
      quiet: false,
      settledBy: () => [],
      scope: { absent: null, window: null, recorded: new Set() },
    });
  const told = /not told by 1 other input \(--platform sev-tio, if that is of the same machine\)/;
  expect((await page(DMESG, zap(...CONNECT))).split('\n').slice(0, 12).join('\n')).toMatch(told);
  // Of a source that has nothing but the proof, too: it is not the one that is judged.
  const proof = '[    3.000000] ccp 0000:41:00.5: SEV-TIO status: EN=1 INIT_DONE=1 SPDM_REQ=0\n';
  expect(await page(proof, zap(...CONNECT))).toMatch(told);
  expect(await page(TDX, DMESG, zap())).not.toContain('--platform tdx, if');
});

/** Judges a directory or an archive of these files. */
async function judgedIn(files: Readonly<Record<string, string>>, packed: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-platform-'));
  try {
    const box = join(folder, packed ? 'box.tar' : 'box');
    if (packed) writeFileSync(box, tar(Object.entries(files).map(([name, content]) => ({ name, content }))));
    for (const [name, content] of packed ? [] : Object.entries(files)) {
      mkdirSync(dirname(join(box, name)), { recursive: true });
      writeFileSync(join(box, name), content);
    }
    const { findings, sources } = await analyzeFiles([box]);
    return [sources.map(({ platform }) => platform), findings.map(({ verdict, rule }) => `${verdict} ${rule}`)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const DMESG_OF_SOS = 'sos_commands/kernel/dmesg';
const TRACE_OF_SOS = 'sys/kernel/debug/tracing/trace';
const TOLD = [['sev-tio', 'sev-tio'], ['probable bar-zap-while-bound']];
const UNTOLD = (...platforms: string[]) => [platforms, ['possible bar-zap-while-bound']];

describe.each([
  ['directory', false],
  ['archive', true],
])('what lies in one %s', (_, packed) => {
  test('and is one sos report is of one machine', async () => {
    for (const top of ['sosreport-host-2026-11-22-abcdefg/', './', 'unpacked/']) {
      const report = { [`${top}${DMESG_OF_SOS}`]: DMESG, [`${top}${TRACE_OF_SOS}`]: zap(...CONNECT) };
      expect([top, await judgedIn(report, packed)]).toEqual([top, TOLD]);
    }
    // Of a folder whose name says it no other file has to.
    const log = { 'sosreport-a/var/log/messages': DMESG, [`sosreport-a/${TRACE_OF_SOS}`]: zap(...CONNECT) };
    const [platforms, verdicts] = await judgedIn(log, packed);
    expect([[...(platforms ?? [])].sort(), verdicts]).toEqual(TOLD);
  });

  test('and is anything else may be of several', async () => {
    expect(await judgedIn({ 'a/dmesg.txt': DMESG, 'b/trace.txt': zap(...CONNECT) }, packed)).toEqual(
      UNTOLD('sev-tio', 'generic'),
    );
    // Two reports; what a log server keeps of others; a report beside another log.
    for (const files of [
      { [`sosreport-a/${DMESG_OF_SOS}`]: DMESG, [`sosreport-b/${TRACE_OF_SOS}`]: zap(...CONNECT) },
      { [`all/a/${DMESG_OF_SOS}`]: DMESG, [`all/b/sos_commands/kernel/dmesg`]: zap(...CONNECT) },
      { [`sosreport-a/${DMESG_OF_SOS}`]: DMESG, 'sosreport-a/var/log/remote/messages': zap(...CONNECT) },
    ])
      expect(await judgedIn(files, packed)).toEqual(UNTOLD('sev-tio', 'generic'));
  });

  test('and is a report that shows two platforms tells none', async () => {
    const report = { [`sosreport-a/${DMESG_OF_SOS}`]: DMESG, [`sosreport-a/${TRACE_OF_SOS}`]: TDX };
    expect(await judgedIn(report, packed)).toEqual([['generic', 'generic'], []]);
  });
});

test('reports are told apart by where they lie, and by nothing that a name only contains', () => {
  const of = (...paths: string[]) => sosRoots(paths);
  expect(of('/tmp/sosreport-x.tar.xz:sosreport-x/var/log/messages')).toEqual(['/tmp/sosreport-x.tar.xz:sosreport-x/']);
  expect(of('sosreport-x.tar.xz:trace.txt', 'sosreport-x.log', 'a/sosreport-x/notes.txt')).toEqual([null, null, null]);
  expect(of('b.tgz:sos_commands/kernel/dmesg', 'b.tgz:var/log/messages', 'c.tgz:var/log/messages')).toEqual([
    'b.tgz:',
    'b.tgz:',
    null,
  ]);
  // Where the user stands in the report, as its only part.
  expect(of('sos_commands/kernel/dmesg', '/elsewhere/var/log/messages')).toEqual([null, null]);
  // The inner one.
  expect(of('sosreport-all/sosreport-x/proc/kmsg', 'sosreport-all/proc/kmsg')).toEqual([
    'sosreport-all/sosreport-x/',
    'sosreport-all/',
  ]);
});
