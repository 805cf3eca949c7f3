import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzeFiles, brief } from '../support/analyze.ts';
import { row } from '../support/two-sources.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-copies-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const probe = (name: string, symbol: string, bdf = '0000:02:00.0') => `${name}: (${symbol}+0x0/0x100) bdf="${bdf}"`;
const ret = (name: string, symbol: string) => `${name}: (caller+0x15/0x100 <- ${symbol}) bdf="0000:02:00.0" ret=0`;
/** A bind, a request of another function, a close: lines 1 to 5 of a trace without a head. */
const ROWS = [
  row(10_000_017, 444, probe('e', 'vfio_pci_core_enable')),
  row(11_000_023, 444, `${probe('b', 'pci_tsm_bind')} kvm=0x1000 tdi_id=0x200`),
  row(11_000_501, 444, ret('br', 'pci_tsm_bind')),
  row(12_000_007, 777, probe('e', 'vfio_pci_core_enable', '0000:03:00.0')),
  row(13_000_091, 444, probe('d', 'vfio_pci_core_disable')),
];
const trace = (rows: readonly string[]) => `${['# tracer: nop', '#', ...rows].join('\n')}\n`;

async function told(...inputs: readonly string[]) {
  const { findings, devices, health, clocks, sources } = await analyzeFiles(inputs);
  return {
    findings: findings.map(brief),
    devices: devices.map(({ bdf, events }) => `${bdf} ${events}`),
    repeated: health.filter(({ code }) => code === 'source-repeated').map(({ source, count }) => [source, count]),
    unrelated: health.some(({ code }) => code === 'clocks-unrelated'),
    clocks: clocks.map(({ relation, sources: ids, error_ns: error }) => [relation, ids, error]),
    events: sources.map(({ events }) => events),
  };
}

describe('a trace that is given twice', () => {
  const ONCE = {
    findings: ['probable unbind-before-disable 0000:02:00.0 :7'],
    devices: ['0000:02:00.0 4', '0000:03:00.0 1'],
  };

  test('counts once, whatever it is called and however it is stored', async () => {
    const one = file('a/trace.txt', trace(ROWS));
    expect(await told(one)).toMatchObject({ ...ONCE, repeated: [], events: [5] });
    for (const other of [file('b/copy.txt', trace(ROWS)), file('b/copy.txt.gz', gzipSync(trace(ROWS)))]) {
      const both = await told(one, other);
      expect(both).toMatchObject({ ...ONCE, repeated: [['s2', 5]], unrelated: false, events: [5, 5] });
      expect(both.clocks).toEqual([['same', ['s1', 's2'], 0]]);
      // The one that is kept does not depend on the order in which they were given.
      expect(await told(other, one)).toMatchObject({ ...ONCE, repeated: [['s1', 5]] });
    }
  });

  test('counts once where one of them is an excerpt', async () => {
    const whole = file('whole.txt', trace(ROWS));
    for (const [name, rows] of [
      ['beginning.txt', ROWS.slice(0, 3)],
      ['end.txt', ROWS.slice(3)],
      ['grep.txt', [...ROWS.slice(1, 3), ...ROWS.slice(4)]],
    ] as const) {
      const excerpt = file(name, trace(rows));
      expect([name, await told(excerpt, whole)]).toEqual([
        name,
        expect.objectContaining({ ...ONCE, repeated: [['s1', rows.length]] }),
      ]);
    }
  });

  test('counts once, three times', async () => {
    const all = ['1.txt', '2.txt', '3.txt'].map((name) => file(name, trace(ROWS)));
    expect(await told(...all)).toMatchObject({
      ...ONCE,
      repeated: [
        ['s2', 5],
        ['s3', 5],
      ],
    });
  });

  test('an excerpt says nothing about where the evidence ends', async () => {
    const lost = [...ROWS.slice(0, 3), 'CPU:0 [LOST 7 EVENTS]'];
    const whole = file('whole-2.txt', trace(ROWS));
    // By itself it has lost something after the bind; the whole trace has it all.
    expect(await told(whole, file('lost.txt', trace(lost)))).toMatchObject({ ...ONCE, repeated: [['s2', 3]] });
  });
});

describe('no copy', () => {
  const alone = async (name: string, rows: readonly string[]) => {
    const both = await told(file('whole-3.txt', trace(ROWS)), file(name, trace(rows)));
    expect([name, both.repeated, both.unrelated]).toEqual([name, [], true]);
    return both;
  };

  test('is what differs in one stamp, CPU, task or step', async () => {
    const change = (index: number, by: (line: string) => string) =>
      ROWS.map((line, at) => (at === index ? by(line) : line));
    await alone(
      'stamp.txt',
      change(2, (line) => line.replace('.000501', '.000502')),
    );
    await alone(
      'cpu.txt',
      change(2, (line) => line.replace('[000]', '[001]')),
    );
    await alone(
      'task.txt',
      change(2, (line) => line.replace('qemu-444', 'qemu-445')),
    );
    await alone(
      'result.txt',
      change(2, (line) => line.replace('ret=0', 'ret=-16')),
    );
    await alone('order.txt', [ROWS[0], ROWS[2], ROWS[1], ROWS[3], ROWS[4]] as string[]);
  });

  test('is what tells the same of another device, as two lines of one second may', async () => {
    const both = await alone(
      'device.txt',
      ROWS.map((line) => line.replace('0000:02:00.0', '0000:04:00.0')),
    );
    expect(both.findings).toEqual([
      'probable unbind-before-disable 0000:02:00.0 :7',
      'probable unbind-before-disable 0000:04:00.0 :7',
    ]);
    const log = (bdf: string) =>
      ['resetting', 'reset done']
        .map((what, second) => `Nov 22 05:53:1${second} host kernel: vfio-pci ${bdf}: ${what}\n`)
        .join('');
    const two = await told(file('two.log', log('0000:02:00.0')), file('three.log', log('0000:03:00.0')));
    expect(two).toMatchObject({ devices: ['0000:02:00.0 2', '0000:03:00.0 2'], repeated: [] });
  });

  test('is what holds one step more, and lacks another one', async () => {
    const unbind = row(12_500_000, 444, probe('u', 'pci_tsm_unbind'));
    const more = [...ROWS.slice(1, 4), unbind, ...ROWS.slice(4)];
    const both = await alone('more.txt', more);
    expect(both.devices).toHaveLength(4);
    // With all that the first one has, and the unbind, it tells what happened.
    const all = await told(
      file('whole-4.txt', trace(ROWS)),
      file('all.txt', trace([...ROWS.slice(0, 4), unbind, ...ROWS.slice(4)])),
    );
    expect(all).toMatchObject({ findings: [], repeated: [['s1', 5]] });
  });

  test('is a single event', async () => {
    await alone('single.txt', ROWS.slice(4));
  });
});
