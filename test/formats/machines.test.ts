import { describe, expect, test } from 'vitest';
import { type ReadPart, readText as read, shape } from './read-parts.ts';

// Written by hand, each after the form of rsyslog or systemd that is named; two machines whose devices have one address.

const codes = ({ health }: ReadPart) => health.map(({ code, line }) => `${code} ${line}`).sort();
const lines = (part: ReadPart | undefined) => part?.records.map(({ line }) => line);
const machines = (parts: readonly ReadPart[]) => parts.map(({ totals }) => totals.machine);

const RESET = 'vfio-pci 0000:02:00.0: resetting';
/** `HOST SECONDS [STAMP]`, one a line. */
const short = (...rows: string[]) =>
  rows
    .map((row) => {
      const [host, second, stamp] = row.split(' ');
      const time = stamp === undefined ? '' : `[${`${stamp}.000000`.padStart(12)}] `;
      return `Nov 22 10:00:${second} ${host} kernel: ${time}${RESET}\n`;
    })
    .join('');

describe('messages of several machines in one file', () => {
  test('of RFC 3164, with stamps of the kernel: each machine has its own clock', async () => {
    const parts = await read(short('a 00 1000', 'b 01 50', 'a 02 1002', 'a 03 1003', 'b 04 53'));
    expect(shape(parts)).toEqual(['1-4 syslog', '2-5 syslog']);
    expect(parts.map(lines)).toEqual([
      [1, 3, 4],
      [2, 5],
    ]);
    expect(machines(parts)).toEqual(['a', 'b']);
    expect(parts.map(({ totals }) => totals.lastTime)).toEqual([1003_000_000_000n, 53_000_000_000n]);
    // Neither clock falls.
    expect(parts.map(codes)).toEqual([['several-machines 2'], []]);
    expect(parts[1]?.totals.begins).toContain('lines of b stand');
  });

  test('without stamps of the kernel', async () => {
    const parts = await read(short('a 00', 'b 01', 'a 02', 'a 03', 'b 04'));
    expect(parts.map(lines)).toEqual([
      [1, 3, 4],
      [2, 5],
    ]);
    expect(parts.map(({ totals }) => totals.clock)).toEqual(['wall-no-year', 'wall-no-year']);
  });

  test('of RFC 5424, and where the form is given', async () => {
    const text = ['a', 'b', 'a', 'b']
      .map((host, n) => `<6>1 2026-11-22T10:00:0${n}.000100+00:00 ${host} kernel - - - ${RESET}\n`)
      .join('');
    for (const form of [null, 'syslog']) {
      const parts = await read(text, form);
      expect(parts.map(lines)).toEqual([
        [1, 3],
        [2, 4],
      ]);
    }
  });

  test('of journalctl -o short-monotonic', async () => {
    const row = (host: string, n: number) => `[   13.37731${n}] ${host} kernel: ${RESET}\n`;
    const parts = await read(row('a', 1) + row('b', 2) + row('a', 3) + row('b', 4));
    expect(shape(parts)).toEqual(['1-3 journal-monotonic', '2-4 journal-monotonic']);
    expect(parts.map(lines)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  test('what other programs say goes to the machine that it is of, and begins none', async () => {
    const text = [
      'Nov 22 10:00:00 a kernel: vfio-pci 0000:02:00.0: resetting',
      'Nov 22 10:00:01 b sshd[7]: hello',
      'Nov 22 10:00:02 b kernel: vfio-pci 0000:02:00.0: resetting',
      'Nov 22 10:00:03 a sshd[7]: hello',
      'Nov 22 10:00:04 b systemd-journald[9]: Missed 3 kernel messages',
      'Nov 22 10:00:05 c sshd[7]: hello',
      '',
    ].join('\n');
    const parts = await read(text);
    expect(parts.map(({ totals }) => [totals.lines, totals.records, totals.skipped, totals.lost])).toEqual([
      [3, 1, 2, 0],
      [3, 1, 2, 3],
    ]);
    expect(parts[1]?.health.map(({ code, line }) => `${code} ${line}`)).toEqual(['messages-dropped 5']);
  });

  test('lines that somebody left out may be of any of them', async () => {
    const parts = await read(`${short('a 00 1000', 'b 01 50', 'a 02 1002')}...\n${short('b 04 53')}`);
    expect(parts.map(codes)).toEqual([['lines-elided 4', 'several-machines 2'], ['lines-elided 4']]);
  });

  test('a further line belongs to the message before it, whose ever that is', async () => {
    const parts = await read(`${short('a 00 1000', 'b 01 50')}  of b\n${short('a 02 1002')}  of a\n`);
    expect(parts.map(({ records }) => records.map(({ line, endLine }) => [line, endLine]))).toEqual([
      [
        [1, 1],
        [4, 5],
      ],
      [[2, 3]],
    ]);
  });

  test('of more machines than are told apart the rest is left out, and said so', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => `h${n} 00 ${n}`);
    const parts = await read(short(...rows, ...rows));
    expect(parts).toHaveLength(32);
    expect(parts.at(-1)?.totals.machine).toBe('h31');
    expect(parts.every(({ totals }) => totals.records === 2)).toBe(true);
    const capped = parts.flatMap(({ health }) => health.filter(({ code }) => code === 'machines-capped'));
    expect(capped.map(({ line }) => line)).toEqual([33]);
    // Sixteen lines of eight machines: counted, not used.
    expect(parts.reduce((sum, { totals }) => sum + totals.skipped, 0)).toBe(16);
  });
});

describe('one machine', () => {
  test('has no name at first', async () => {
    const parts = await read(short('localhost 00 1', 'localhost 01 2', 'a 02 3', 'localhost 03 4', 'a 04 5'));
    expect(shape(parts)).toEqual(['1-5 syslog']);
    expect(machines(parts)).toEqual([null]);
    expect(parts.map(codes)).toEqual([[]]);
  });

  test('has a name with and without its domain, but two domains are two machines', async () => {
    expect(shape(await read(short('a 00 1', 'a.example 01 2', 'A 02 3')))).toEqual(['1-3 syslog']);
    const two = await read(short('a.one 00 1', 'a.two 01 2', 'a.one 02 3'));
    expect(two.map(lines)).toEqual([[1, 3], [2]]);
    // Of which of the two the short name is cannot be told.
    const open = await read(short('a.one 00 1', 'a.two 01 2', 'a 02 3', 'a.one 03 4'));
    expect(open.map(lines)).toEqual([[1, 4], [2], [3]]);
  });

  test('has another name from a boot on', async () => {
    const boot = 'Nov 22 10:00:01 b kernel: [    0.000000] Linux version 7.1.0 (builder@host)\n';
    const parts = await read(short('a 00 9') + boot + short('b 02 1'));
    expect(shape(parts)).toEqual(['1-3 syslog']);
    expect(parts.map(codes)).toEqual([['reboot 2']]);
    // Where the old name comes again the two are two.
    const two = await read(short('a 00 9') + boot + short('a 02 10', 'b 03 1'));
    expect(two.map(lines)).toEqual([[1, 2, 4], [3]]);
  });

  test('that changes its name while it runs cannot be told from two: each is read by itself', async () => {
    const parts = await read(short('a 00 1', 'a 01 2', 'b 02 3', 'b 03 4'));
    expect(parts.map(lines)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(parts[0]?.health[0]?.message).toContain('behind those of a stand messages of b, and no boot begins');
  });
});

describe('boots of the journal, which are of one machine each', () => {
  const A = 'a'.repeat(32);
  const B = 'b'.repeat(32);
  const cursor = (boot: string, n: number) => `s=${'6'.repeat(32)};i=${n};b=${boot};m=1;t=${n};x=7`;
  const forms: Record<string, (boot: string, n: number) => string> = {
    'journal-json': (boot, n) =>
      `${JSON.stringify({ __CURSOR: cursor(boot, n), __REALTIME_TIMESTAMP: `${n}`, _BOOT_ID: boot, _TRANSPORT: 'kernel', MESSAGE: RESET })}\n`,
    // Its members stand in any order, since systemd 236 in that of a hash table: the boot may come last.
    'json-pretty': (boot, n) =>
      `{\n\t"MESSAGE" : "${RESET}",\n\t"_TRANSPORT" : "kernel",\n\t"__REALTIME_TIMESTAMP" : "${n}",\n\t"_BOOT_ID" : "${boot}"\n}\n`,
    'journal-export': (boot, n) =>
      `__CURSOR=${cursor(boot, n)}\n__REALTIME_TIMESTAMP=${n}\n_BOOT_ID=${boot}\n_TRANSPORT=kernel\nMESSAGE=${RESET}\n\n`,
    'journal-verbose': (boot, n) =>
      `Sun 2026-11-22 10:00:0${n}.000100 UTC [${cursor(boot, n)}]\n    _BOOT_ID=${boot}\n    _TRANSPORT=kernel\n    MESSAGE=${RESET}\n`,
  };
  for (const [form, entry] of Object.entries(forms)) {
    const log = (...boots: string[]) => boots.map((boot, index) => entry(boot, index + 1)).join('');
    const height = log(A).split('\n').length - 1;
    const entries = (part: ReadPart | undefined) => part?.records.map(({ line }) => (line - 1) / height + 1);

    test(`${form}: one behind the other is a boot of the machine`, async () => {
      const parts = await read(log(A, A, B, B));
      expect(parts.map(entries)).toEqual([[1, 2, 3, 4]]);
      expect(parts.map(codes)).toEqual([[`reboot ${2 * height + 1}`]]);
    });

    test(`${form}: one that comes again is told apart from there on`, async () => {
      const parts = await read(log(A, B, A, B, A, A));
      expect(parts.map(entries)).toEqual([
        [1, 2, 4],
        [3, 5, 6],
      ]);
      expect(parts.map(codes)).toEqual([[`reboot ${height + 1}`, `several-machines ${2 * height + 1}`], []]);
      expect(parts[1]?.totals.machine).toBe('boot aaaaaaaa');
    });
  }

  describe('json-pretty', () => {
    const M = 'c'.repeat(32);
    const N = 'd'.repeat(32);
    const entry = (boot: string, fields: Record<string, string> = {}) =>
      JSON.stringify(
        { MESSAGE: RESET, _TRANSPORT: 'kernel', __REALTIME_TIMESTAMP: '1', ...fields, _BOOT_ID: boot },
        null,
        '\t',
      ).replaceAll('": "', '" : "');
    const text = (...entries: string[]) => `${entries.join('\n')}\n`;
    const counts = ({ totals }: ReadPart) => [totals.records, totals.continuation, totals.skipped, totals.unparsed];

    test('the boot of another machine is told apart at once, another boot of the same one is none', async () => {
      const on = (boot: string, machine: string) => entry(boot, { _MACHINE_ID: machine });
      const two = await read(text(on(A, M), on(B, N), on(B, N)));
      // Entries of seven lines.
      expect(two.map(lines)).toEqual([[1], [8, 15]]);
      expect(two.map(counts)).toEqual([
        [1, 6, 0, 0],
        [2, 12, 0, 0],
      ]);
      expect(two.map(codes)).toEqual([['several-machines 8'], []]);
      expect(two.map(({ totals }) => [totals.firstLine, totals.lastLine])).toEqual([
        [1, 7],
        [8, 21],
      ]);
      const one = await read(text(on(A, M), on(B, M)));
      expect(one.map(codes)).toEqual([['reboot 8']]);
    });

    test('what other programs say is counted where it stands, and begins no machine', async () => {
      const said = entry(B, { _TRANSPORT: 'stdout' });
      const parts = await read(text(entry(A), said, entry(A), entry(B), said, entry(A)));
      expect(parts.map(counts)).toEqual([
        [5, 25, 0, 0],
        [1, 5, 0, 0],
      ]);
      expect(parts.map(codes)).toEqual([['reboot 19', 'several-machines 31'], []]);
    });

    test('an entry whose end is missing, an empty one, words in between: no line is lost', async () => {
      const cut = entry(B).slice(0, -2);
      const parts = await read(text(entry(A), entry(B), entry(A), cut, entry(A), '{\n}', 'words', entry(B), '{'));
      expect(parts.length).toBe(2);
      expect(parts.flatMap(({ records }) => records).length).toBe(6);
    });

    test('a message that quotes an entry tells of no machine', async () => {
      const quoting = entry(A, { MESSAGE: `"_BOOT_ID" : "${B}"\n}` });
      const parts = await read(text(entry(A), quoting, entry(A)));
      expect(parts.map(codes)).toEqual([[]]);
      expect(parts[0]?.records.map(({ line }) => line)).toEqual([1, 7, 13]);
    });

    test('of more machines than are told apart the rest is left out, all lines of it', async () => {
      const boot = (n: number) => n.toString(16).padStart(32, '0');
      const on = (n: number) => entry(boot(n), { _MACHINE_ID: boot(n) });
      const rows = Array.from({ length: 40 }, (_, n) => on(n));
      const parts = await read(text(...rows, ...rows));
      expect(parts).toHaveLength(32);
      expect(parts.every(({ totals }) => totals.records === 2)).toBe(true);
      // Sixteen entries of seven lines.
      expect(parts.reduce((sum, { totals }) => sum + totals.skipped, 0)).toBe(112);
    });
  });

  test('what a message quotes of an entry is none', async () => {
    const entry = forms['journal-export'] ?? (() => '');
    const value = `quoted:\n__CURSOR=${cursor(A, 9)}\n`;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(value.length));
    const quoting = `__CURSOR=${cursor(B, 2)}\n_BOOT_ID=${B}\n_TRANSPORT=kernel\nMESSAGE\n${length.toString('latin1')}${value}\n\n`;
    const parts = await read(entry(A, 1) + quoting + entry(B, 3));
    expect(parts.map(lines)).toEqual([[1, 7, 15]]);
    expect(parts[0]?.records[1]).toMatchObject({ message: value, endLine: 13 });
  });
});
