import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HintFinder, literal } from '../../src/events/hints.ts';
import type { LineParser } from '../../src/formats/format.ts';
import { detectFormat, FORMATS } from '../../src/formats/index.ts';
import type { Interest, KernelRecord } from '../../src/formats/record.ts';
import { LineSplitter } from '../../src/input/lines.ts';
import { collect, EVERYTHING, fileLines, NOTHING } from './collect.ts';
import { runs } from './fuzz.ts';

const ROOT = join(import.meta.dirname, '../../fixtures/formats');
const samples = FORMATS.flatMap(({ id }) =>
  readdirSync(join(ROOT, id))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => ({ id, name, lines: fileLines(join(ROOT, id, name)) })),
);
const pool = [...new Set(samples.flatMap(({ lines }) => lines))];

const sum = (kinds: Record<string, number>) => Object.values(kinds).reduce((a, b) => a + b, 0);

/** A line of a sample, whole, cut, joined with another one, or with some of its bytes changed. */
const line = fc.oneof(
  fc.constantFrom(...pool),
  fc.tuple(fc.constantFrom(...pool), fc.nat(200)).map(([text, at]) => text.slice(0, at)),
  fc.tuple(fc.constantFrom(...pool), fc.nat(200)).map(([text, at]) => text.slice(at)),
  fc
    .tuple(fc.constantFrom(...pool), fc.constantFrom(...pool), fc.nat(120))
    .map(([a, b, at]) => a.slice(0, at) + b.slice(at)),
  fc.tuple(fc.constantFrom(...pool), fc.nat(120), fc.nat(255)).map(([text, at, code]) => {
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  }),
  fc.array(fc.nat(255), { maxLength: 80, size: 'max' }).map((codes) => String.fromCharCode(...codes)),
);

const SOME: Interest = {
  symbol: (name) => name.startsWith('pci') || name.startsWith('vfio'),
  event: (name) => name.startsWith('attach') || name === 'sys_ioctl',
  message: (text) => text.includes('vfio'),
  hints: new HintFinder([literal('vfio')]).table,
};

describe('any lines', () => {
  for (const { id } of FORMATS) {
    test(`${id}: each is counted once, none is thrown at`, () => {
      fc.assert(
        fc.property(fc.array(line, { maxLength: 60, size: 'max' }), (lines) => {
          const all = collect(id, lines);
          expect(sum(all.kinds)).toBe(lines.length);
          expect(all.records.length).toBeLessThanOrEqual(all.kinds.record);
          // What nobody wants changes nothing about the counts and the health.
          const none = collect(id, lines, NOTHING);
          expect(none.kinds).toEqual(all.kinds);
          // But what is cleaned of what pasting put into it is what somebody wants.
          const told = (health: typeof all.health) => health.filter(({ code }) => code !== 'lines-repaired');
          expect(told(none.health)).toEqual(told(all.health));
          expect(none.records).toEqual([]);
        }),
        { numRuns: runs(400) },
      );
    });

    test(`${id}: what is wanted does not depend on what else is`, () => {
      fc.assert(
        fc.property(fc.array(line, { maxLength: 60, size: 'max' }), (lines) => {
          const strip = (record: KernelRecord) => ({ ...record, enclosingLine: undefined });
          const wanted = (record: KernelRecord) => {
            // A head that says it does not count, nor what only decoding makes of a message.
            if (record.type === 'printk') return record.text.includes('vfio') && record.message.includes('vfio');
            // An event in a log is looked at where the message is.
            if (record.type === 'event' && record.printed === true && !record.body.includes('vfio')) return false;
            if (record.type === 'event')
              return SOME.event(record.name) || (record.symbol !== null && SOME.symbol(record.symbol));
            return SOME.symbol(record.symbol);
          };
          const text = (record: KernelRecord) => JSON.stringify(strip(record), bigints);
          const every = collect(id, lines).records;
          const all = every.filter(wanted);
          const some = collect(id, lines, SOME).records;
          const seen = new Set(every.map(text));
          for (const record of some) expect(seen).toContain(text(record));
          const got = new Set(some.map(text));
          for (const record of all) expect(got).toContain(text(record));
          // What was in a message before it was decoded may be wanted, too; a call is wanted by its name alone.
          if (every.every(({ type }) => type !== 'printk')) expect(some.length).toBe(all.length);
          else expect(some.length).toBeGreaterThanOrEqual(all.length);
        }),
        { numRuns: runs(200) },
      );
    });
  }

  test('calls: an exit names an open enter of the same stack, symbol and depth, once', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 80, size: 'max' }), (lines) => {
        const open = new Map<number, KernelRecord>();
        for (const record of collect('ftrace', lines).records) {
          if (record.type !== 'graph') continue;
          if (record.edge === 'enter') open.set(record.line, record);
          if (record.edge !== 'exit') continue;
          expect(open.get(record.entryLine ?? 0)).toMatchObject({
            symbol: record.symbol,
            depth: record.depth,
            stack: record.stack,
          });
          open.delete(record.entryLine ?? 0);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  // That a pattern does not blow up here is told by patterns.test.ts; a time would tell of the machine.
  test('long hostile lines are lines', () => {
    const hostile = [
      '[',
      '(',
      '"',
      ' a=',
      '| ',
      '/* ',
      '<- ',
      '[0] ',
      '-1 [0] 1.',
      'x.cold',
      ' =>',
      '} ',
      '\\',
      '    ',
      '** ',
      '{',
    ];
    for (const { id } of FORMATS) {
      for (const piece of hostile) {
        const long = piece.repeat(Math.floor(65_536 / piece.length));
        const heads = [
          '',
          '[    1.000000] ',
          '             drv-1       [001] .....     1.000000: x: (',
          ' 0)               |  ',
          '"msg": "',
          ' 0)  |  /* x: ',
        ];
        const { kinds } = collect(
          id,
          heads.map((head) => head + long),
        );
        expect(sum(kinds), `${id} ${piece}`).toBe(heads.length);
      }
    }
  });
});

function bigints(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}

describe('the first look', () => {
  /** Lines that the first look took, so that the test cannot pass for want of them. */
  let taken = 0;

  /** All that a source tells, with or without the first look. */
  function run(id: string, text: string, interest: Interest, skims: boolean): unknown {
    const seen: unknown[] = [];
    const kinds: string[] = [];
    const format = FORMATS.find((known) => known.id === id);
    const parser: LineParser | undefined = format?.parser({
      emit: (record) => seen.push(record),
      health: (item) => seen.push(item),
      interest,
    });
    const splitter = new LineSplitter({
      line: (content, number, truncated) => void kinds.push(parser?.parse(content, number, truncated) ?? ''),
      skim: (chunk, start, number) => {
        const skimmed = skims ? (parser?.skim?.(chunk, start, number) ?? null) : null;
        if (skimmed === null) return null;
        taken += skimmed.lines;
        for (let i = 0; i < skimmed.lines; i++) kinds.push('record');
        return skimmed;
      },
    });
    splitter.push(Buffer.from(text, 'latin1'));
    splitter.end(false);
    parser?.end();
    return { seen, kinds, span: parser?.span(), clock: parser?.clock };
  }

  // Rows that differ in little, so that the first look takes many of them. The first choice of each part is the usual one.
  const usually = (usual: string, ...others: string[]) =>
    fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
  const row = fc
    .record({
      task: usually(
        '             drv-278    ',
        '  irq/26-aerdrv-42     ',
        'x',
        '       d-1 [001]-42     ',
        '             drv-278 ()',
      ),
      cpu: usually(' [001]', ' [000]', '[1]', ' [001', ' [0x1]', ' [001)', '  [01]'),
      flags: usually(' .....', ' d..2.', '', ' ....1..', ' ................', '  .....', ' 1....', ' .. ..', ' ... .'),
      gap: usually('    ', '   ', '     ', ' 1  ', '  0 '),
      time: usually(
        '85.758080:',
        '85.758081:',
        '85.757999:',
        '85.758082:',
        '86.000000:',
        '185.758080:',
        '123456789012:',
        '85.758080123:',
        '8x.758080:',
        '85.7580a0:',
        '85.75808',
        '85.758080;',
        '85,758080:',
      ),
      text: fc.constantFrom(
        ' kfree <-x',
        ' kfree <-x',
        ' kfree <-x',
        ' map: IOMMU: iova',
        ' map: IOMMU: iova',
        ' _raw_spin_lock <-y',
        ' kfree',
        ' kfree <x',
        ' kfree <-',
        ' pcie_flr <-x',
        ' kfree: x',
        ' map: (pcie_flr+0x0/0x10) a=1',
        ' map: __probe_ip=pcie_flr+0x0/0x1',
        ' map:',
        ' map: ',
        ' map <-x',
        ' kfree(a=1) <-x',
        ' sys_ioctl -> 0x0',
        ' sys_close(fd: 4)',
        ' attach_device_to_domain: IOMMU: device=0',
        ' kfreed <-x',
        ' kfre <-x',
        ' function: pcie_flr <-- x',
        ' ',
        '',
        '  kfree <-x',
      ),
    })
    .map(({ task, cpu, flags, gap, time, text }) => task + cpu + flags + gap + time + text);
  const message = fc
    .record({
      time: usually(
        '[    1.000000]',
        '[    1.000001]',
        '[    1.000010]',
        '[    1.00000a]',
        '[    1.0000;0]',
        '[    1.000011)',
        '[    0.000000]',
        '[   21.000001]',
        '[123456.000001]',
        '[123456.000002]',
        '[1234567.000003]',
        '[12345.678901]',
        '[ 1.00000]',
        '<4>[    1.000002]',
        'x',
      ),
      text: usually(
        ' a',
        ' bcd efghijklm nopqrs',
        ' vfio b',
        '',
        ' Linux version 1',
        ' x: 3 callbacks suppressed',
        ' messages',
        ' printk: dropped 12 messages',
        ' [123B blob data]',
        ' Dumping ftrace buffer:',
        ' ** replaying previous printk message **',
        ' (1)[278:drv]a',
        ' I[0:  swapper/0:    1] Dumping ftrace buffer:',
        ' {  8903} a',
        '  a',
        ' -a',
        ' ** 3 printk messages dropped **',
        ' [    T1] vfio',
        ' [   C0] z',
        '\xe9',
      ),
    })
    .map(({ time, text }) => time + text);
  const logged = fc
    .tuple(
      usually(
        'Nov 22 05:53:14 host kernel: ',
        'Nov 22 05:53:15 host kernel: ',
        'Nov 22 05:53:14 host kernel:',
        'Nov 22 05:54:60 host kernel: ',
        'Nov 22 05:61:14 host kernel: ',
        'Nov 22 06:53:14 host kernel: ',
        'Nov 22 05:53:14.549803 host kernel: ',
        'Nov 22 05:53:14.5498 host kernel: ',
        '2026-11-22T05:53:14.549803+00:00 host kernel: ',
        '2026-11-22T05:53:14.54980a+00:00 host kernel: ',
        'Nov 22 05:53:14 host kernel:  ',
        'Nov 22 05:53:14 host systemd[1]: ',
        'Nov 22 05:53:14 kernel: ',
        'Nov 22 05:53:14 host systemd-journald[3]: Missed 4 kernel messages',
        '> Nov 22 05:53:14 host kernel: ',
        '<6>2026-11-22T05:53:14 host kernel: ',
        '2026-11-22T05:53:14+00:00 host kernel: ',
      ),
      message,
      usually('', '\xa0', ' Linux\xa0version', ' - -', '#012 DEVICE=+pci:0000:02:00.0'),
    )
    .map((parts) => parts.join(''));
  const contentOf = (id: string) =>
    fc.array(
      fc.oneof(
        { weight: id === 'ftrace' ? 60 : 1, arbitrary: row },
        { weight: id === 'dmesg' ? 60 : 1, arbitrary: message },
        { weight: id === 'syslog' ? 60 : 1, arbitrary: logged },
        line,
        fc.constantFrom('    more', '    vfio more', '', '\r', ' => x', '# x'),
      ),
      { maxLength: 120, size: 'max' },
    );

  for (const { id } of FORMATS) {
    test(`${id}: makes no difference`, () => {
      fc.assert(
        fc.property(contentOf(id), fc.constantFrom('\n', '\r\n'), (lines, ending) => {
          const text = lines.join(ending);
          for (const interest of [SOME, NOTHING, EVERYTHING]) {
            expect(run(id, text, interest, true)).toEqual(run(id, text, interest, false));
          }
        }),
        { numRuns: runs(300) },
      );
      if (id === 'ftrace' || id === 'dmesg' || id === 'syslog') expect(taken).toBeGreaterThan(1000);
      taken = 0;
    });
  }
});

describe('detection', () => {
  for (const { id, name, lines } of samples) {
    test(`${id}/${name}`, () => {
      expect(detectFormat(lines)?.id).toBe(id);
    });
  }

  test('what is no log is none', () => {
    for (const text of [
      '',
      'hello\nworld',
      '{"a": 1}',
      '# only\n# comments',
      '   indented\n   text',
      'int main(void) {\n  return 0;\n}',
    ]) {
      expect(detectFormat(text.split('\n'))).toBe(null);
    }
  });

  test('is pure', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30, size: 'max' }), (lines) => {
        expect(detectFormat(lines)?.id).toBe(detectFormat([...lines])?.id);
        for (const format of FORMATS) {
          const score = format.detect(lines);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: runs(100) },
    );
  });
});
