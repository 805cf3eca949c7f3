import { describe, expect, test } from 'vitest';
import { type ReadPart, readText as read, shape } from './read-parts.ts';

const codes = ({ health }: ReadPart) => health.map(({ code, line, count }) => [code, line, count]);
const lines = (part: ReadPart | undefined) => part?.records.map(({ line }) => line);
const times = (from: number, count: number, line: (time: string, n: number) => string) =>
  Array.from({ length: count }, (_, n) => line((from + n / 1000).toFixed(6), n)).join('');

const dmesg = (from: number, count: number) =>
  times(from, count, (time) => `[${time.padStart(12)}] vfio-pci 0000:02:00.0: resetting\n`);
const ftrace = (from: number, count: number) =>
  times(from, count, (t) => `             drv-278     [001] ..... ${t.padStart(12)}: pcie_flr <-pci_reset_function\n`);
const HEADER = '# tracer: function\n#\n';
const qemu = (count: number) => 'vfio_pci_write_config  (0000:81:00.1, @0x4, 0x140, len=0x2)\n'.repeat(count);

describe('the form of a file changes', () => {
  test('a mail: prose, a log that is quoted, prose, a trace, a signature', async () => {
    const quoted = dmesg(46, 6).replace(/^/gm, '> ').slice(0, -2);
    const parts = await read(
      `Hi,\n\nhere it is:\n\n${quoted}\nand the trace:\n${HEADER}${ftrace(55, 5)}-- \nRegards\n`,
    );
    expect(shape(parts)).toEqual(['1-12 dmesg', '13-21 ftrace']);
    expect(lines(parts[0])).toEqual([5, 6, 7, 8, 9, 10]);
    expect(lines(parts[1])).toEqual([15, 16, 17, 18, 19]);
    expect(parts.map(({ totals }) => totals.clock)).toEqual(['printk', 'ftrace']);
  });

  test('a mail quotes both, the trace from a mail before', async () => {
    const quote = (text: string, mark: string) => text.replace(/^/gm, mark).slice(0, -mark.length);
    const log = quote(dmesg(46, 6), '> ');
    const shapes = async (mark: string, trace: string) =>
      shape(await read(`Hi,\n\n${log}> and the trace\n${quote(trace, mark)}\nRegards\n`));
    expect(await shapes('> ', HEADER + ftrace(55, 5))).toEqual(['1-9 dmesg', '10-18 ftrace']);
    expect(await shapes('> > ', HEADER + ftrace(55, 5))).toEqual(['1-9 dmesg', '10-18 ftrace']);
    expect(await shapes('>> ', ftrace(55, 5))).toEqual(['1-9 dmesg', '10-16 ftrace']);
  });

  test('without any header or blank line, four lines tell', async () => {
    const parts = await read(dmesg(46, 9) + ftrace(55, 4) + qemu(4));
    expect(shape(parts)).toEqual(['1-9 dmesg', '10-13 ftrace', '14-17 qemu']);
    // What was taken for a further line of the message before is taken back.
    expect(parts[0]?.records.at(-1)?.endLine).toBe(9);
    expect(lines(parts[1])).toEqual([10, 11, 12, 13]);
  });

  test('what the log before would go on with is taken back in the text too', async () => {
    const parts = await read(`${dmesg(46, 2)}  of the same message\n${ftrace(55, 6)}`);
    expect(shape(parts)).toEqual(['1-3 dmesg', '4-9 ftrace']);
    expect(parts[0]?.records.at(-1)?.text).toBe(
      '[   46.001000] vfio-pci 0000:02:00.0: resetting\n  of the same message',
    );
  });

  test('three lines at the end are a part, and one is none', async () => {
    expect(shape(await read(dmesg(46, 9) + ftrace(55, 3)))).toEqual(['1-9 dmesg', '10-12 ftrace']);
    expect(shape(await read(dmesg(46, 9) + ftrace(55, 1)))).toEqual(['1-10 dmesg']);
  });

  test('a few odd lines are no part, the lines behind them belong to the part before', async () => {
    const parts = await read(dmesg(46, 9) + qemu(3) + dmesg(47, 9));
    expect(shape(parts)).toEqual(['1-21 dmesg']);
    expect(parts[0]?.totals).toMatchObject({ records: 18, unparsed: 3 });
  });

  test('the first lines are mostly what comes second', async () => {
    expect(shape(await read(dmesg(46, 30) + ftrace(55, 300)))).toEqual(['1-30 dmesg', '31-330 ftrace']);
    expect(shape(await read(dmesg(46, 3) + ftrace(55, 300)))).toEqual(['1-3 dmesg', '4-303 ftrace']);
  });

  test('a thousand lines of firmware come first', async () => {
    const parts = await read(`${'UEFI: loading 0x1000\n'.repeat(1000)}${dmesg(0, 20)}${ftrace(55, 20)}`);
    expect(shape(parts)).toEqual(['1-1020 dmesg', '1021-1040 ftrace']);
    expect(parts[0]?.totals.unparsed).toBe(1000);
  });

  test('a form that is named is the only one', async () => {
    expect(shape(await read(dmesg(46, 9) + ftrace(55, 9), 'dmesg'))).toEqual(['1-18 dmesg']);
  });
});

describe('the same form again', () => {
  test('each trace with a header is one: the buffer of a tracer begins anew', async () => {
    const parts = await read(HEADER + ftrace(55, 5) + HEADER + ftrace(55, 5) + HEADER + ftrace(90, 5));
    expect(shape(parts)).toEqual(['1-7 ftrace', '8-14 ftrace', '15-21 ftrace']);
    expect(parts.flatMap(codes)).toEqual([]);
  });

  test('a trace without entries is none, and that is said', async () => {
    const parts = await read(HEADER + ftrace(55, 5) + HEADER + HEADER + ftrace(90, 5) + HEADER);
    expect(shape(parts)).toEqual(['1-9 ftrace', '10-18 ftrace']);
    expect(parts.map(codes)).toEqual([[['part-unusable', 8, 1]], [['part-unusable', 17, 1]]]);
  });

  test('a log whose clock falls behind a gap is another excerpt', async () => {
    const parts = await read(`host:\n${dmesg(5000, 9)}\nguest:\n${dmesg(3, 9)}`);
    expect(shape(parts)).toEqual(['1-12 dmesg', '13-21 dmesg']);
    expect(parts.flatMap(codes).filter(([code]) => code === 'time-backwards')).toEqual([]);
  });

  test('one that goes on behind a gap is the same, and one that falls without a gap is told of', async () => {
    expect(shape(await read(`${dmesg(50, 9)}\n[...]\n\n${dmesg(60, 9)}`))).toEqual(['1-21 dmesg']);
    const fallen = await read(dmesg(5000, 9) + dmesg(3, 9));
    expect(shape(fallen)).toEqual(['1-18 dmesg']);
    expect(fallen.flatMap(codes)).toEqual([['time-backwards', 10, 1]]);
  });

  test('a boot is told of in the same part', async () => {
    const boot = '[    0.000000] Linux version 6.19.0 (x@y) #1\n';
    const parts = await read(`${dmesg(5000, 9)}\nUEFI\n${boot}${dmesg(3, 9)}`);
    expect(shape(parts)).toEqual(['1-21 dmesg']);
    expect(codes(parts[0] as ReadPart)).toContainEqual(['reboot', 12, 1]);
  });

  test('what somebody wrote between the rows of a trace is where lines may have been left out', async () => {
    const elided = (parts: readonly ReadPart[]) => parts.flatMap(codes).filter(([code]) => code === 'lines-elided');
    const mail = `Hi all,\n${ftrace(55, 3)}\nOn the other host it is like this:\n${ftrace(60, 3)}\nThanks,\nJane\n`;
    expect(elided(await read(mail))).toEqual([['lines-elided', 6, 1]]);
    // The end of a log in a mail is no gap in it.
    expect(elided(await read(`${dmesg(46, 6)}-- \nAnn\n`))).toEqual([]);
    expect(elided(await read(`${ftrace(46, 6)}--\n${ftrace(47, 6)}`))).toEqual([['lines-elided', 7, 1]]);
    const fenced = (text: string) => `\`\`\`\n${text}\`\`\`\n`;
    expect(elided(await read(`${fenced(ftrace(55, 3))}and\n${fenced(ftrace(60, 3))}`))).toEqual([
      ['lines-elided', 6, 1],
    ]);
    expect(elided(await read(`${ftrace(55, 3)}## Without the patch\n${ftrace(60, 3)}`))).toEqual([
      ['lines-elided', 4, 1],
    ]);
    const columns =
      '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n#\n# CPU  DURATION      FUNCTION CALLS\n';
    expect(elided(await read(`${ftrace(55, 3)}${columns}##### CPU 1 buffer started ####\n${ftrace(60, 3)}`))).toEqual(
      [],
    );
    const broken = `             drv-278     [001] .....    58.000000: add_interrupt_randomn=\ness: Tick\n`;
    expect(elided(await read(`${ftrace(55, 3)}${broken}${ftrace(60, 3)}`))).toEqual([]);
    // Consoles mix into a log what they like.
    expect(elided(await read(`${dmesg(55, 3)}Welcome to the machine\n${dmesg(60, 3)}`))).toEqual([]);
    expect(elided(await read(`${ftrace(55, 3)}  <garbage>+0x12/0x34 [mod]\n${ftrace(60, 3)}`))).toEqual([]);
  });

  test('no line overtakes those that wait to be told', async () => {
    const parts = await read(`${dmesg(90, 2)}host:\n${ftrace(85, 1)}and later\n${ftrace(62, 3)}that is all\nof it\n`);
    expect(shape(parts)).toEqual(['1-3 dmesg', '4-5 ftrace', '6-10 ftrace']);
    expect(parts.map(({ totals }) => totals.lines)).toEqual([3, 2, 5]);
  });

  test('two programs at one terminal: each line goes to its own, once both are known', async () => {
    const mixed = Array.from({ length: 50 }, (_, n) => dmesg(50 + n, 1) + qemu(1)).join('');
    const parts = await read(dmesg(46, 6) + qemu(6) + mixed);
    expect(shape(parts)).toEqual(['1-111 dmesg', '7-112 qemu']);
    expect(parts.map(({ totals }) => totals.records)).toEqual([56, 56]);
    expect(parts.map(({ totals }) => totals.unparsed)).toEqual([0, 0]);
  });

  test('parts of a crash log that stand newest first are read each by itself, in falling order as one', async () => {
    const part = (n: number, from: number) => `Panic#1 Part${n}\n${dmesg(from, 4)}`;
    const rising = await read(part(1, 103) + part(2, 102) + part(3, 101));
    expect(shape(rising)).toEqual(['1-5 pstore', '6-10 pstore', '11-15 pstore']);
    expect(rising.map(codes)).toEqual([[], [['crash-parts', 6, 1]], [['crash-parts', 11, 1]]]);
    const falling = await read(part(3, 101) + part(2, 102) + part(1, 103));
    expect(shape(falling)).toEqual(['1-15 pstore']);
    expect(falling.flatMap(codes)).toEqual([]);
    const other = await read(`${part(1, 103)}Oops#2 Part1\n${dmesg(110, 4)}`);
    expect(shape(other)).toEqual(['1-5 pstore', '6-10 pstore']);
  });
});

describe('a trace buffer dumped into a log', () => {
  const row = (us: number) => `     drv-278     0d..1. ${us}us : pcie_flr <-pci_reset_function`;
  const put = (head: (n: number) => string, texts: readonly string[]) =>
    texts.map((text, n) => `${head(n)}${text}\n`).join('');
  const RULE = '---------------------------------';
  const messages = [
    'sysrq: Dump ftrace buffer',
    'Dumping ftrace buffer:',
    RULE,
    'CPU:1 [LOST 3 EVENTS]',
    row(4711),
    'vfio-pci 0000:02:00.0: resetting',
    row(4712),
    RULE,
    'vfio-pci 0000:02:00.0: reset done',
  ];
  const heads: readonly (readonly [string, (n: number) => string])[] = [
    ['dmesg', (n) => `[   88.12345${n}] `],
    ['dmesg', (n) => `<4>[   88.12345${n}][   T12] `],
    ['syslog', (n) => `Nov 22 05:53:14 host kernel: [   88.12345${n}] `],
    ['syslog', () => 'Nov 22 05:53:14 host kernel: '],
    ['journal-monotonic', (n) => `[   88.12345${n}] host kernel: `],
    ['kmsg', (n) => `4,50${n},8812345${n},-;`],
  ];
  for (const [form, head] of heads) {
    test(`${form}, such as ${head(0)}`, async () => {
      const parts = await read(put(head, messages));
      expect(shape(parts)).toEqual([`1-9 ${form}`, '4-7 ftrace-dump']);
      expect(lines(parts[0])).toEqual([1, 2, 3, 6, 8, 9]);
      expect(parts[1]?.records.map(({ line, type, time }) => [line, type, time])).toEqual([
        [5, 'function', 4711000n],
        [7, 'function', 4712000n],
      ]);
      expect(parts[1]?.totals).toMatchObject({ lines: 3, lost: 3, clock: 'ftrace-relative' });
      expect(parts.flatMap(codes)).toEqual([['events-lost', 4, 3]]);
    });
  }

  test('each dump is one; an empty one is none', async () => {
    const head = (n: number) => `[   88.12345${n}] `;
    const empty = put(head, ['Dumping ftrace buffer:', '   (ftrace buffer empty)']);
    const parts = await read(empty + put(head, messages) + put(head, messages));
    expect(shape(parts)).toEqual(['1-20 dmesg', '6-9 ftrace-dump', '15-18 ftrace-dump']);
  });

  test('one that was cut ends with what is no row', async () => {
    const head = (n: number) => `[   88.12345${n}] `;
    const parts = await read(put(head, messages.slice(0, 5)) + dmesg(90, 20));
    expect(shape(parts)).toEqual(['1-25 dmesg', '4-5 ftrace-dump']);
    expect(parts[0]?.totals.records).toBe(23);
  });
});

describe('what cannot be read', () => {
  const numbers = '291 1 112856497293 type: 621\n';

  test('entries printed as numbers inside a log: where and why', async () => {
    const parts = await read(`${dmesg(46, 9)}# tracer: nop\n#\n${numbers.repeat(30)}${dmesg(47, 9)}`);
    expect(shape(parts)).toEqual(['1-50 dmesg']);
    expect(parts[0]?.totals.records).toBe(18);
    expect(codes(parts[0] as ReadPart)).toEqual([
      ['part-unusable', 10, 1],
      ['mostly-unparsed', 10, 32],
    ]);
    const bare = await read(dmesg(46, 9) + numbers.repeat(30) + dmesg(47, 9));
    expect(codes(bare[0] as ReadPart)).toEqual([
      ['part-unusable', 10, 1],
      ['mostly-unparsed', 10, 30],
    ]);
  });

  test('lines that again and again look like another form and are none: it is not looked for for ever', async () => {
    const vain = `# tracer: nop\n${'nothing that anybody wants to read\n'.repeat(5)}`;
    const parts = await read(HEADER + ftrace(55, 3) + vain.repeat(400) + HEADER + ftrace(56, 3));
    expect(shape(parts)).toEqual(['1-2410 ftrace']);
    expect(parts[0]?.totals.records).toBe(6);
    expect(codes(parts[0] as ReadPart)).toContainEqual(['parts-capped', 6 + 300 * 6, 1]);
  });

  test('more parts than are told apart are counted, and that is said', async () => {
    const parts = await read((HEADER + ftrace(55, 3)).repeat(500));
    expect(parts.length).toBe(64);
    expect(parts.at(-1)?.totals.lines).toBe(5 * 437);
    expect(codes(parts.at(-1) as ReadPart)).toContainEqual(['parts-capped', 321, 1]);
    expect(parts.reduce((sum, { totals }) => sum + totals.records, 0)).toBe(1500);
  });
});
