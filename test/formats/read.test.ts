import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import type { HealthItem } from '../../src/base/health.ts';
import { type ReadOptions, type ReadTotals, readSource } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { MAX_LINE } from '../../src/input/lines.ts';
import { openSource } from '../../src/input/source.ts';
import { EVERYTHING } from './collect.ts';

interface Result {
  readonly totals: ReadTotals;
  readonly records: readonly KernelRecord[];
  readonly health: readonly HealthItem[];
}

async function read(content: string | Buffer, options: Partial<ReadOptions> = {}): Promise<Result> {
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) =>
    bytes.subarray(i * 65_536, (i + 1) * 65_536),
  );
  const source = await openSource('-', Readable.from(pieces, { objectMode: false }));
  if (source.kind !== 'log') throw new Error('a timeline');
  const records: KernelRecord[] = [];
  const health: HealthItem[] = [];
  const totals = await readSource(source, {
    inputFormat: null,
    interest: EVERYTHING,
    emit: (record) => records.push(record),
    health: (item) => health.push(item),
    maxBytes: 1e9,
    ...options,
  });
  expect(totals.records + totals.continuation + totals.skipped + totals.unparsed).toBe(totals.lines);
  return { totals, records, health };
}

const ROW = '             drv-278     [001] .....    85.758079: pcie_flr <-__pci_reset_function_locked\n';
const LINE = '[   13.377318] vfio-pci 0000:02:00.0: resetting\n';
const codes = ({ health }: Result) => health.map((item) => [item.code, item.line, item.count]);

describe('readSource', () => {
  test('says where NUL bytes may have made one line of two records', async () => {
    const result = await read(`${LINE}[    1.0000\0\0\0\0[    2.000000] x: y\n${LINE}`);
    expect(codes(result)).toContainEqual(['nul-bytes', 2, 1]);
  });

  test('finds the form behind a long preamble, whose lines count as unparsed', async () => {
    const result = await read(`${'firmware says\n'.repeat(1000)}${LINE.repeat(500)}`);
    expect(result.totals).toMatchObject({ format: 'dmesg', lines: 1500, records: 500, unparsed: 1000 });
    expect(codes(result)).toEqual([['mostly-unparsed', 1, 1000]]);
    expect(result.records[0]?.line).toBe(1001);
  });

  test('a named form overrides what is detected', async () => {
    expect((await read(ROW + LINE, { inputFormat: 'dmesg' })).totals).toMatchObject({
      format: 'dmesg',
      records: 1,
      unparsed: 1,
    });
    expect((await read(ROW + LINE, { inputFormat: 'ftrace' })).totals).toMatchObject({
      format: 'ftrace',
      records: 1,
      unparsed: 1,
    });
  });

  test('what holds no record is refused in one line', async () => {
    const refused = async (content: string | Buffer, message: RegExp, options: Partial<ReadOptions> = {}) => {
      await expect(read(content, options)).rejects.toThrow(InputError);
      await expect(read(content, options)).rejects.toThrow(message);
    };
    await refused('hello\nworld\n', /^stdin: holds no kernel log line/);
    await refused('# tracer: nop\n#\n', /^stdin: holds no kernel log line/);
    const numbers = '291 1 112856497293 type: 621\n00000127 00000000 0000001c725595a2 type: 621\n\n';
    await refused(
      `# tracer: nop\n${numbers.repeat(9)}`,
      /^stdin: holds no kernel log line: 18 of .* mean nothing without/,
    );
    await refused('CPU: 0\nentries: 56\noverrun: 0\n', /^stdin: holds no kernel log line: only the statistics/);
    await refused('trace-cmd version 3.3.1 (x)\nusage:\n', /^stdin: holds no kernel log line: only the help of/);
    await refused(
      '{\n  "contents": "[    0.000000] Linux\\r\\n",\n  "start": "0"\n}\n',
      /JSON: .*jq -r \.contents FILE/,
    );
    await refused('{\n    "Output": "[    0.000000] Linux\\r\\n"\n}\n', /jq -r \.Output FILE/);
    const several = '  host.dat:              drv-278   [001]    85.767238: sys_exit:             NR 3 = 0\n';
    await refused(several + several.replace(' host', 'guest'), /trace-cmd report of several files, .*report each/);
    await refused('# tracer: nop\n#\n', /: only the header of a trace: /);
    const mail = 'Content-Transfer-Encoding: base64\n\nWyAgIDE1LjIzMDc0Ml0gWyAgIFQ2M10gaWdi\n';
    await refused(mail, /: it is a mail whose text is in base64: .*: sed '1,\/\^\\r\*\$\/d' FILE \| base64 -di \| /);
    await refused(`Content-Type: multipart/mixed; boundary=x\n${mail}`, /base64: take it out with: munpack -t FILE /);
    await refused(`${'QUJD'.repeat(19)}\n`.repeat(3), /: it is base64: take it out with: base64 -d FILE /);
    await refused('begin 644 log.gz\nM\n', /: it is uuencoded: /);
    await refused('{"log":"[    1.000000] pci\\n","stream":"stdout"}\n', /: jq -rj \.log FILE \| tdi-trace analyze -$/);
    await refused('# tracer: nop\\n#\\n  drv-1\\n\n', /: sed 's\/\\\\n\/\\n\/g' FILE \| tdi-trace analyze -$/);
    await refused(
      'a=1 b [   13.377318] pci 0000:02:00.0: x\na=2 c [   13.377319] pci 0000:02:00.0: y\nz\n',
      /: lines 1 to 2 look like dmesg behind a prefix of 6 characters: take it off with: cut -c7- FILE \| /,
    );
    await refused(
      [1, 23].map((id) => `service=a1b2c3d4e5f6 id=${id} ${ROW}`).join(''),
      /: lines 1 to 2 look like ftrace behind prefixes that differ: take them off with: grep -oE /,
    );
    await refused('\n\n\n', /^stdin: holds no kernel log line/);
    await refused(LINE, /^stdin: holds no line of the form ftrace: /, { inputFormat: 'ftrace' });
    await refused(gzipSync(''), /^stdin: is empty/);
    await refused(LINE, /^unknown input format x: one of .*dmesg, dmesg-json, /, { inputFormat: 'x' });
  });

  test('a line of 10 MB is cut and the rest is read', async () => {
    const result = await read(`${LINE}[   14.000000] ${'x'.repeat(10 << 20)}\n${LINE}`);
    expect(codes(result)).toEqual([
      ['time-backwards', 3, 1],
      ['lines-truncated', 2, 1],
    ]);
    expect(result.records.map((record) => [record.line, record.truncated, record.text.length])).toEqual([
      [1, false, LINE.length - 1],
      [2, true, MAX_LINE],
      [3, false, LINE.length - 1],
    ]);
  });

  test('a message of very many lines is cut, its lines are counted', async () => {
    const result = await read(`${LINE}${`    ${'y'.repeat(1000)}\n`.repeat(1000)}${LINE}`);
    expect(result.totals).toMatchObject({ records: 2, continuation: 1000 });
    expect(result.records[0]).toMatchObject({ line: 1, endLine: 1001, truncated: true });
    expect(result.records[0]?.text.length).toBeLessThan(70_000);
  });

  test('CRLF makes no difference, CR alone ends no line', async () => {
    const unix = await read(ROW.repeat(3));
    expect((await read(ROW.repeat(3).replaceAll('\n', '\r\n'))).records).toEqual(unix.records);
    const cr = await read(`${LINE.trim()}\r${LINE.trim()}\r`);
    expect(cr.totals).toMatchObject({ lines: 1, records: 1 });
    expect(codes(cr)).toEqual([['no-final-newline', 1, 1]]);
  });

  test('compression makes no difference but to its name', async () => {
    const text = ROW.repeat(5000);
    const plain = await read(text);
    const zipped = await read(gzipSync(text));
    expect(zipped.records).toEqual(plain.records);
    expect(zipped.totals).toEqual({ ...plain.totals, compression: 'gzip' });
  });

  test('the limit cuts the last line, which says so', async () => {
    const result = await read(LINE.repeat(10), { maxBytes: LINE.length + 20 });
    expect(codes(result)).toEqual([['source-capped', null, 1]]);
    expect(result.records.map((record) => record.truncated)).toEqual([false, true]);
  });

  test('losses are summed up', async () => {
    const { totals } = await read(
      `# entries-in-buffer/entries-written: 10/15   #P:2\nCPU:1 [LOST 7 EVENTS]\n${ROW}CPU:1 [LOST EVENTS]\n`,
    );
    expect(totals.lost).toBe(13);
  });

  test('marks beyond a thousand are folded into one where no record between them is wanted', async () => {
    const interest = { symbol: () => false, event: () => false, message: () => false };
    const { totals, health } = await read(`CPU:1 [LOST 7 EVENTS]\n${ROW}`.repeat(1500), { interest });
    expect(totals.lost).toBe(1500 * 7);
    expect(health).toHaveLength(1001);
    expect(health.at(-1)).toMatchObject({ code: 'events-lost', line: 2001, count: 500 * 7 });
  });

  test('what somebody wrote behind a blank line is no rest of a message that was broken for its width', async () => {
    // As long as a mail program leaves a line, so that the next word would not have fitted.
    const line = '2026-11-22T06:22:38,393955+00:00 [  T342] vfio-pci 0000:02:00.0: reset done\n';
    const { totals, records } = await read(`${line}\nand this is the next one:\n`);
    expect(totals).toMatchObject({ records: 1, continuation: 0, skipped: 1, unparsed: 1 });
    expect(records).toMatchObject([{ message: 'vfio-pci 0000:02:00.0: reset done', endLine: 1 }]);
  });

  test('a sentence directly below a message as long as a line is no rest of it', async () => {
    // 76 columns: the next word has no room.
    const line = '[   13.377318] vfio-pci 0000:02:00.0: vfio_bar_restore: reset recovery - res\n';
    for (const sentence of [
      'This happens every time.\n',
      'Looking at this trace I would say that nobody unbinds it\n',
    ]) {
      const { totals, records } = await read(`${line}${sentence}`);
      expect(totals).toMatchObject({ records: 1, continuation: 0, unparsed: 1 });
      expect(records).toMatchObject([{ endLine: 1 }]);
    }
    for (const rest of ['toring BARs\n', 'AER: Root Port link (0)\n', 'Root Port gone.\n']) {
      const { totals, records } = await read(`${line}${rest}`);
      expect([rest, totals.continuation, totals.unparsed]).toEqual(
        rest.startsWith('Root') ? [rest, 0, 1] : [rest, 1, 0],
      );
      expect(records[0]?.endLine).toBe(rest.startsWith('Root') ? 1 : 2);
    }
  });

  test('words directly below a line are no rest of it where a longer line beside it shows that no mail program broke it', async () => {
    // 76 columns, so that the next word has no room in a mail.
    const line = '[   13.377318] vfio-pci 0000:02:00.0: vfio_bar_restore: reset recovery - res\n';
    const longer = '[   13.492693] vfio-pci 0000:02:00.0: timed out waiting for pending transactio\n';
    const kinds = async (text: string) => {
      const { totals } = await read(text);
      return [totals.records, totals.continuation, totals.unparsed];
    };
    expect(await kinds(`${line}which fails\n`)).toEqual([1, 1, 0]);
    expect(await kinds(`${line}a b c\n`)).toEqual([1, 0, 1]);
    // `which` would have ended in column 82: no line of the paragraph is so long.
    expect(await kinds(`${line}which fails\n${longer}`)).toEqual([2, 1, 0]);
    const wide = longer.replace('transactio', 'transaction; performing');
    expect(await kinds(`${line}which fails\n${wide}`)).toEqual([2, 0, 1]);
    expect(await kinds(`${wide}${line}which fails\n`)).toEqual([2, 0, 1]);
    // What is quoted may have been broken where the answer was not.
    expect(await kinds(`> ${line}> which fails\n${wide}`)).toEqual([2, 1, 0]);
    expect(await kinds(`> ${line}> which fails\n> ${wide}`)).toEqual([2, 0, 1]);
  });

  test('what a mail program broke is put together when the form is given, too', async () => {
    const head = '             drv-278     [001] ...1.    85.767238: pcie_flr:';
    const rows = `${head}\n(pcie_flr+0x0/0x160) bdf="0000:02:00.0"\n`.repeat(4);
    const found = await read(rows);
    expect(found.totals).toMatchObject({ records: 4, continuation: 4 });
    expect((await read(rows, { inputFormat: 'ftrace' })).totals).toEqual(found.totals);
    expect((await read(rows, { inputFormat: 'ftrace' })).records).toEqual(found.records);
  });

  test('a trace that is to be read as bare messages is a warning', async () => {
    const { health } = await read(ROW.repeat(3), { inputFormat: 'dmesg-bare' });
    expect(health).toContainEqual(
      expect.objectContaining({
        code: 'form-doubtful',
        line: 1,
        message: expect.stringMatching(/^read as dmesg-bare, as asked, .* like ftrace:/),
      }),
    );
    const bare = 'vfio-pci 0000:02:00.0: resetting\nvfio-pci 0000:02:00.0: reset done\n';
    expect(codes(await read(bare, { inputFormat: 'dmesg-bare' }))).toEqual([['no-time', null, 2]]);
  });

  test('what is indented behind a blank line or behind prose is no further line of a message', async () => {
    const patch = 'Signed-off-by: A\n Documentation/x.rst | 14 ++++\n 1 file changed\n';
    for (const between of ['\n', '']) {
      const { totals, records } = await read(`${LINE}${between}${patch}`);
      expect(totals).toMatchObject({ records: 1, continuation: 0, unparsed: 3 });
      expect(records).toMatchObject([{ message: 'vfio-pci 0000:02:00.0: resetting', endLine: 1 }]);
    }
    const stack = await read(`${LINE} pci_tsm_bind+0x1/0x2\n`);
    expect(stack.totals).toMatchObject({ records: 1, continuation: 1 });
  });

  test('an abort ends the read with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = read(ROW.repeat(100_000), {
      signal: controller.signal,
      emit: (record) => {
        if (record.line === 2000) controller.abort(reason);
      },
    });
    await expect(reading).rejects.toBe(reason);
  });

  test('progress tells what was stored', async () => {
    const seen: number[] = [];
    await read(ROW.repeat(10_000), { onProgress: ({ bytes, totalBytes }) => seen.push(bytes, totalBytes ?? -1) });
    expect(seen.at(-2)).toBe(ROW.length * 10_000);
    expect(seen.at(-1)).toBe(-1);
  });

  test('records share no memory with the chunk they came from', async () => {
    // A kept slice would keep its whole chunk alive: 300 records then hold all of the 21 MB.
    const noise = ROW.replace('pcie_flr', 'kfree').repeat(800);
    const kept: unknown[] = [];
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const used = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    await read((noise + ROW).repeat(300), {
      interest: { ...EVERYTHING, symbol: (name) => name === 'pcie_flr' },
      emit: (record) => kept.push(record),
    });
    expect(kept).toHaveLength(300);
    expect(used() - before).toBeLessThan(2 << 20);
  });
});
