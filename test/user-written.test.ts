import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from './support/analyze.ts';

// What devkmsg_write() (kernel/printk/printk.c) lets anybody with CAP_SYSLOG put into the log has the facility `user`, or the one that
// was asked for; the kernel's own messages have the facility 0. So far as a form tells it, nothing is judged by such lines.
const STORY = [
  'tsmbind: (pci_tsm_bind+0x4/0x2a0) bdf="0000:02:00.0"',
  'tsmbindret: (iommufd_vdevice_tsm_op_ioctl+0x10f/0x220 [iommufd] <- pci_tsm_bind) ret=0x0',
  'vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)',
  'dis: (vfio_pci_core_disable+0x4/0x160 [vfio_pci_core]) bdf="0000:02:00.0"',
];
const NAMES = ['kern', 'user', '', 'daemon'];

type Form = (facility: number, n: number, text: string) => string;

/** One line a message, so that the violation is the last of them; `journal` prints several. */
const FORMS: Readonly<Record<string, Form>> = {
  kmsg: (facility, n, text) => `${facility * 8 + 6},${100 + n},${13000000 + n},-,caller=T278;${text}`,
  'dmesg -r': (facility, n, text) => `<${facility * 8 + 6}>[   13.00000${n}] [  T278] ${text}`,
  'dmesg -x': (facility, n, text) => `${NAMES[facility]?.padEnd(6)}:info  : [   13.00000${n}] [  T278] ${text}`,
  'journalctl -o json': (facility, n, text) =>
    JSON.stringify({
      _TRANSPORT: 'kernel',
      SYSLOG_FACILITY: String(facility),
      ...(facility === 0 && { SYSLOG_IDENTIFIER: 'kernel' }),
      PRIORITY: '6',
      _SOURCE_MONOTONIC_TIMESTAMP: String(13000000 + n),
      __REALTIME_TIMESTAMP: String(1795326794549803 + n),
      MESSAGE: text,
    }),
  'RFC 3164 with a priority': (facility, n, text) =>
    `<${facility * 8 + 6}>Nov 22 05:53:14 host kernel: [   13.00000${n}] [  T278] ${text}`,
  'RFC 5424': (facility, n, text) =>
    `<${facility * 8 + 6}>1 2026-11-22T05:53:14.54980${n}+00:00 host kernel - - - [   13.00000${n}] [  T278] ${text}`,
  'OpenWrt and the like': (facility, n, text) =>
    `2026-11-22T05:53:14.54980${n}+00:00 host ${NAMES[facility]}.info kernel: [   13.00000${n}] [  T278] ${text}`,
};

const told = (form: Form, facility: number) =>
  `${STORY.map((text, index) => form(facility, index + 1, text)).join('\n')}\n`;

describe.each(Object.entries(FORMS))('%s', (name, form) => {
  test("the kernel's word is judged", async () => {
    const { health, findings } = await analyzeText(told(form, 0));
    expect(findings.filter(({ headline }) => headline).map(({ rule }) => rule)).toEqual(['unbind-before-disable']);
    expect(health.map(({ code }) => code)).not.toContain('user-written');
  });

  // So that no klogd is at work that gives everything the facility `user`.
  const kernels = `${form(0, 0, 'random: crng init done')}\n`;
  test.each([1, 3])('what user space wrote (facility %d) is not, and that is said', async (facility) => {
    const { health, findings, devices, sources } = await analyzeText(kernels + told(form, facility));
    expect(findings).toEqual([]);
    expect(devices).toEqual([]);
    expect(sources[0]).toMatchObject({ lines: 5, records: 5, events: 0 });
    expect(health.find(({ code }) => code === 'user-written')).toMatchObject({ severity: 'note', line: 2, count: 4 });
  });

  test('nor where the first message of the kernel comes behind it', async () => {
    const { health, findings } = await analyzeText(told(form, 1) + kernels.replaceAll('000000', '000009'));
    expect(findings).toEqual([]);
    expect(health.find(({ code }) => code === 'user-written')).toMatchObject({ line: 1, count: 4 });
  });

  test('nor where all is of the facility user: nothing shows whose it is', async () => {
    const { health, findings, devices } = await analyzeText(told(form, 1));
    expect(findings).toEqual([]);
    expect(devices).toEqual([]);
    const said = health.filter(({ code }) => code === 'user-written');
    expect(said.some(({ line, count }) => line === 1 && count === 4)).toBe(true);
    // The klogd of busybox, built with glibc, says `user` of the kernel's messages; it is nothing but syslog(3).
    const mayBeKlogd = name.startsWith('RFC');
    expect(said.some(({ message }) => message.includes('klogd of busybox'))).toBe(mayBeKlogd);
  });

  test('where all is of the facility daemon it is not used', async () => {
    const { health, findings } = await analyzeText(told(form, 3));
    expect(findings).toEqual([]);
    expect(health.find(({ code }) => code === 'user-written')).toMatchObject({ line: 1, count: 4 });
  });
});

test("a message of the facility user that calls itself the kernel's and has no stamp is not used", async () => {
  const lines = STORY.map((text) => `<14>Nov 22 05:53:14 host kernel: ${text}\n`);
  const { health, findings } = await analyzeText(lines.join(''));
  expect(findings).toEqual([]);
  expect(health.find(({ code }) => code === 'user-written')).toMatchObject({ line: 1, count: 4 });
});

// As busybox's syslogd writes it into a file, or sends it to another host.
const BUSYBOX: Readonly<Record<string, (level: string, text: string) => string>> = {
  'a file': (level, text) => `Nov 22 05:53:14 guest user.${level} kernel: ${text}\n`,
  'from afar': (level, text) => `<${8 + ['notice', 'info'].indexOf(level) + 5}>Nov 22 05:53:14 guest kernel: ${text}\n`,
};

describe.each(Object.entries(BUSYBOX))("what the klogd of busybox handed on is the kernel's: %s", (_, say) => {
  const resets = ['resetting', 'reset done'].map((text, n) => `[   12.${n + 1}00000] vfio-pci 0000:02:00.0: ${text}`);
  const said = resets.map((text) => say('info', text)).join('');

  test.each([
    ['klogd itself says so', 'notice', 'klogd started: BusyBox v1.36.1 (Debian 1:1.36.1-6)', 2],
    ['the boot is in it', 'notice', '[    0.000000] Linux version 6.18.0 (a@b) (gcc) #1 SMP', 3],
    ['it begins before any user space', 'info', '[    0.000000] Memory limited to 512MB', 3],
    ['its first message has no stamp yet', 'info', 'Booting Linux on physical CPU 0x0000000000 [0x410fd083]', 3],
  ])('where %s', async (_why, level, text, records) => {
    const { sources, devices, health } = await analyzeText(say(level, text) + said);
    expect(sources[0]).toMatchObject({ lines: 3, records, events: 2 });
    expect(devices.length).toBe(1);
    expect(health.map(({ code }) => code)).not.toContain('user-written');
  });

  test('and not where nothing shows that klogd is at work', async () => {
    const { sources, devices, health } = await analyzeText(said);
    expect(sources[0]).toMatchObject({ lines: 2, records: 2, events: 0 });
    expect(devices).toEqual([]);
    const rows = health.filter(({ code }) => code === 'user-written');
    expect(rows.map(({ message }) => message).join()).toContain('nothing here shows whether the klogd of busybox');
  });

  test('nor what it handed on with another libc, which leaves the kernel its own facility', async () => {
    const kernels = say('info', '[    0.000000] Memory limited').replace('user.', 'kern.').replace('<14>', '<6>');
    const { sources, devices, health } = await analyzeText(kernels + said);
    expect(sources[0]).toMatchObject({ lines: 3, records: 3, events: 0 });
    expect(devices).toEqual([]);
    const rows = health.filter(({ code }) => code === 'user-written');
    expect(rows.map(({ message }) => message).join()).not.toContain('klogd');
  });
});

test("busybox's syslogd: words for the facility and the level, its own message, stamps of the kernel", async () => {
  const text = [
    'Nov 22 05:53:13 guest syslog.info syslogd started: BusyBox v1.36.1',
    'Nov 22 05:53:13 guest kern.notice kernel: klogd started: BusyBox v1.36.1 (2024-06-10 07:11:47 UTC)',
    'Nov 22 05:53:14 guest kern.warn kernel: [   12.100000] vfio-pci 0000:02:00.0: resetting',
    'Nov 22 05:53:14 guest daemon.info sshd[7]: Server listening on :: port 22.',
    'Nov 22 05:53:15 guest kern.info kernel: [   12.200000] vfio-pci 0000:02:00.0: reset done',
    '',
  ].join('\n');
  const { sources, devices, health } = await analyzeText(text);
  expect(sources[0]).toMatchObject({ format: 'syslog', clock: 'printk', lines: 5, records: 2, skipped: 3, events: 2 });
  expect(sources[0]?.first_time).toBe('12.100000');
  expect(devices.length).toBe(1);
  expect(health.map(({ code }) => code)).not.toContain('user-written');
});

test.each([
  ['kmsg', '14,105,13000005,-;'],
  ['dmesg -r', '<14>[   13.000005] '],
])("no mark of loss, boot or dump is taken from user space's word: %s", async (name, head) => {
  const form = FORMS[name];
  if (form === undefined) throw new Error(name);
  const says = [
    'Linux version 6.18.0 (a@b) (gcc) #1 SMP',
    '** 5 printk messages dropped **',
    'Dumping ftrace buffer:',
    '---------------------------------',
    '     drv-278     0d..1. 4711us : pcie_flr <-__pci_reset_function_locked',
    'vfio_pci_core_disable: 120 callbacks suppressed',
  ].map((text) => `${head}${text}\n`);
  // Sequence numbers go on as if they were right, since nothing is to be missing.
  const numbered = says.map((line, index) => line.replace(/^14,\d+/, `14,${105 + index}`)).join('');
  const { health, sources } = await analyzeText(told(form, 0) + numbered);
  expect(sources.length).toBe(1);
  expect(sources[0]?.records).toBe(10);
  expect(health.map(({ code }) => code)).not.toContain('reboot');
  for (const code of ['messages-dropped', 'messages-suppressed', 'dump-skipped'])
    expect(health.map((item) => item.code)).not.toContain(code);
});

test('a mark that a user wrote to /dev/kmsg and to trace_marker still relates the clocks', async () => {
  const kmsg = (n: number) => `12,${n},${13000000 + n},-;tdi-trace 7a9d2c1e-0b1f-4c3a-9f2e-1d2c3b4a5f6${n}\n`;
  const { findings, health } = await analyzeText(kmsg(1) + kmsg(2));
  expect(findings).toEqual([]);
  // It is a mark, and no claim of anything.
  expect(health.map(({ code }) => code)).not.toContain('user-written');
});

test('a log of both is judged by what the kernel said', async () => {
  const form = FORMS['kmsg'];
  if (form === undefined) throw new Error('kmsg');
  // The bind is user space's claim, so that nothing shows the function to be bound.
  const lines = STORY.map((text, index) => form(index < 2 ? 1 : 0, index + 1, text));
  const analysis = await analyzeText(`${lines.join('\n')}\n`);
  expect(headlines(analysis)).toEqual([]);
});
