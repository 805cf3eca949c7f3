import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from '../support/analyze.ts';
import { type ReadPart, readText as read } from './read-parts.ts';

// Written by hand after journalctl: `hostnamectl hostname node-b` on a machine that goes on running, and what only looks so.

const RESET = 'vfio-pci 0000:02:00.0: resetting';
const BIND = 'tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200';
const BOUND = 'tsm_bind_ret: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=0';
const FLR = 'pcie_flr: (pcie_flr+0x0/0x100) bdf="0000:02:00.0"';
const DONE = 'pcie_flr_ret: (pci_dev_specific_reset+0x0/0x100 <- pcie_flr) bdf="0000:02:00.0" ret=0';

type Line = (host: string, second: number, message: string, uptime?: number | null) => string;

const clock = (second: number) =>
  `10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`;
/** What the kernel puts before its message, where it does. */
const stamp = (uptime: number | null) => (uptime === null ? '' : `[${uptime.toFixed(6).padStart(12)}] `);

const FORMS: Readonly<Record<string, { readonly kernel: Line; readonly other: Line }>> = {
  'RFC 3164': {
    kernel: (host, second, text, uptime = second + 100) =>
      `Nov 22 ${clock(second)} ${host} kernel: ${stamp(uptime)}${text}\n`,
    other: (host, second, text) => `Nov 22 ${clock(second)} ${host} systemd-hostnamed[412]: ${text}\n`,
  },
  'short-iso-precise': {
    kernel: (host, second, text, uptime = second + 100) =>
      `2026-11-22T${clock(second)}.250000+00:00 ${host} kernel: ${stamp(uptime)}${text}\n`,
    other: (host, second, text) => `2026-11-22T${clock(second)}.250000+00:00 ${host} systemd-hostnamed[412]: ${text}\n`,
  },
  'short-monotonic': {
    kernel: (host, second, text, uptime = second + 100) =>
      `[${(uptime ?? 0).toFixed(6).padStart(12)}] ${host} kernel: ${text}\n`,
    other: (host, second, text) =>
      `[${(second + 100).toFixed(6).padStart(12)}] ${host} systemd-hostnamed[412]: ${text}\n`,
  },
};

const codes = (parts: readonly ReadPart[]) =>
  parts.map(({ health }) => health.map(({ code, line }) => `${code} ${line}`));
const lines = (parts: readonly ReadPart[]) => parts.map(({ records }) => records.map(({ line }) => line));

describe.each(Object.entries(FORMS))('%s: a machine that is renamed while it runs', (_, { kernel, other }) => {
  test.each([
    ['as systemd says it since 248, under the old name', 'node-a', 'Hostname set to <node-b> (static)'],
    ['under the new one', 'node-b', 'Hostname set to <node-b> (transient)'],
    ['with its domain', 'node-a', 'Hostname set to <node-b.example> (static)'],
    ['as systemd said it before', 'node-a', "Changed static host name to 'node-b'"],
  ])('is one, %s', async (_how, host, said) => {
    const text =
      kernel('node-a', 0, RESET) +
      kernel('node-a', 1, RESET) +
      other(host, 2, said) +
      kernel('node-b', 9, RESET) +
      kernel('node-b', 10, RESET);
    const parts = await read(text);
    expect(lines(parts)).toEqual([[1, 2, 4, 5]]);
    expect(codes(parts)).toEqual([['machine-renamed 4']]);
    expect(parts[0]?.health[0]?.message).toBe(
      'node-a is called node-b from here on: a line before says so, and its clock goes on',
    );
  });

  test('and back again', async () => {
    const text =
      kernel('node-a', 0, RESET) +
      other('node-a', 2, 'Hostname set to <node-b> (static)') +
      kernel('node-b', 3, RESET) +
      other('node-b', 4, 'Hostname set to <node-a> (static)') +
      kernel('node-a', 5, RESET);
    expect(codes(await read(text))).toEqual([['machine-renamed 3', 'machine-renamed 5']]);
  });

  test('what it does wrong on both sides of that is found', async () => {
    const before =
      kernel('node-a', 0, BIND) + kernel('node-a', 1, BOUND) + other('node-a', 2, 'Hostname set to <node-b>');
    const after = kernel('node-b', 3, FLR) + kernel('node-b', 4, DONE);
    expect(headlines(await analyzeText(before + after))).toEqual(['probable flr-while-locked 0000:02:00.0 :4']);
  });

  test.each<[string, (said: string) => string]>([
    ['nothing says so', () => kernel('node-b', 9, RESET)],
    ['another name was given', () => other('node-a', 2, 'Hostname set to <node-c>') + kernel('node-b', 9, RESET)],
    ['the clock of its kernel is another one', (said) => said + kernel('node-b', 9, RESET, 50)],
  ])('are two where %s, and that is said', async (_why, rest) => {
    const parts = await read(kernel('node-a', 0, RESET) + rest(other('node-a', 2, 'Hostname set to <node-b>')));
    expect(parts.length).toBe(2);
    expect(
      codes(parts)
        .flat()
        .map((code) => code.split(' ')[0]),
    ).toEqual(['several-machines']);
    expect(parts[0]?.health[0]?.message).toContain('if it is one that was renamed, give it one name');
  });
});

const { kernel, other } = FORMS['RFC 3164'] ?? { kernel: () => '', other: () => '' };
const SAID = other('node-a', 2, 'Hostname set to <node-b>');

test('a kernel without stamps proves nothing: its time is that of the daemon, which all machines share', async () => {
  const parts = await read(kernel('node-a', 0, RESET, null) + SAID + kernel('node-b', 9, RESET, null));
  expect(lines(parts)).toEqual([[1], [3]]);
});

test('a clock that is ahead by more than the time that passed is that of another machine', async () => {
  const parts = await read(kernel('node-a', 0, RESET) + SAID + kernel('node-b', 9, RESET, 120));
  expect(lines(parts)).toEqual([[1], [3]]);
});

test("what another program says of a name is nobody's word", async () => {
  const said = SAID.replace('systemd-hostnamed', 'sshd');
  expect(lines(await read(kernel('node-a', 0, RESET) + said + kernel('node-b', 9, RESET)))).toEqual([[1], [3]]);
});

test('where the old name comes again the two are two from there on', async () => {
  const text = kernel('node-a', 0, RESET) + SAID + kernel('node-b', 9, RESET) + kernel('node-a', 10, RESET);
  const parts = await read(text);
  expect(lines(parts)).toEqual([[1, 3], [4]]);
  expect(codes(parts)).toEqual([['machine-renamed 3', 'several-machines 4'], []]);
});

test('among the lines of another machine it is the one whose clock goes on', async () => {
  const c = (second: number) => kernel('node-c', second, RESET, second + 7000);
  const text =
    kernel('node-a', 0, RESET) + c(1) + SAID + c(3) + kernel('node-b', 9, RESET) + c(10) + kernel('node-b', 11, RESET);
  const parts = await read(text);
  expect(lines(parts)).toEqual([
    [1, 5, 7],
    [2, 4, 6],
  ]);
  expect(codes(parts)).toEqual([['several-machines 2', 'machine-renamed 5'], []]);
  expect(parts.map(({ totals }) => totals.machine)).toEqual(['node-b', 'node-c']);
});

test.each([
  ['in one line', undefined],
  ['json-pretty', '\t'],
])('an entry of the journal names its boot, which has one name or another: %s', async (_, indent) => {
  const entry = (host: string, n: number) =>
    `${JSON.stringify({ __REALTIME_TIMESTAMP: `${n}`, _BOOT_ID: 'a'.repeat(32), _MACHINE_ID: 'b'.repeat(32), _HOSTNAME: host, _TRANSPORT: 'kernel', MESSAGE: RESET }, null, indent).replaceAll('": "', indent === undefined ? '":"' : '" : "')}\n`;
  const parts = await read(entry('node-a', 1) + entry('node-a', 2) + entry('node-b', 3));
  expect(parts.length).toBe(1);
  expect(codes(parts)).toEqual([[]]);
  expect(parts[0]?.records.length).toBe(3);
});
