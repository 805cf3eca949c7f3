import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { analyzeText, brief, headlines } from './support/analyze.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const CAPTURES = process.env['TDI_TRACE_CAPTURES'] ?? '../shared/captures';
const J_TWO = join(CAPTURES, 'j_two');
if (!existsSync(J_TWO)) console.warn(`SKIPPED: no captures at ${CAPTURES}; set TDI_TRACE_CAPTURES to their folder`);

interface Line {
  readonly time: number;
  readonly text: string;
}

const TIME = /(?<= )(\d+\.\d{6})(?=: )/;

/** The records of a capture, without the marks of the one who drove it, on a time that begins at 0. */
function records(file: string): Line[] {
  const lines = readFileSync(`fixtures/captures/${file}`, 'utf8').split('\n');
  const stamped = lines.flatMap((text) => {
    const time = TIME.exec(text)?.[1];
    return time === undefined || text.includes('tracing_mark_write') ? [] : [{ time: Number(time), text }];
  });
  const first = stamped[0]?.time ?? 0;
  return stamped.map(({ time, text }) => ({ time: time - first, text }));
}

/** Another machine's history as that of B: its addresses, process, files and pointers are others. */
function ofAnother(lines: readonly Line[], pid: number, files: number): Line[] {
  const file = (digits: string) => `0x${(Number.parseInt(digits, 16) + files).toString(16)}`;
  return lines.map(({ time, text }) => ({
    time: time + 0.000_000_5,
    text: text
      .replaceAll(A, B)
      .replace(/drv-\d+ +\( *\d+\)/, `drv-${pid}     (    ${pid})`)
      .replaceAll('0xffff8880', '0xffff8881')
      .replace(/kvm=0x1000/, 'kvm=0x2000')
      .replace(/(?<= sys_\w+\(.*\bfd: )([0-9a-f]{1,2})(?=[,)])/, file)
      .replace(/(?<= sys_openat -> )0x([0-9a-f]{1,2})$/, (_all, digits: string) => file(digits)),
  }));
}

function trace(lines: readonly Line[]): string {
  const stamp = (time: number) => (100 + time).toFixed(6).padStart(12);
  return ['# tracer: nop', '#', ...lines.map(({ time, text }) => text.replace(TIME, stamp(time)))].join('\n');
}

function interleaved(a: readonly Line[], b: readonly Line[]): string {
  return trace([...a, ...b].sort((x, y) => x.time - y.time));
}

/** One task does what two did: a system call after the other, each with what happens in it. */
function inTurn(a: readonly Line[], b: readonly Line[]): string {
  const calls = [a, b].flatMap((lines) => {
    const list: Line[][] = [];
    for (const line of lines) {
      if (/ sys_\w+\(/.test(line.text) || list.length === 0) list.push([]);
      list.at(-1)?.push(line);
    }
    return list;
  });
  const all = calls.sort((x, y) => (x[0]?.time ?? 0) - (y[0]?.time ?? 0)).flat();
  return trace(all.map(({ text }, index) => ({ time: index / 1000, text })));
}

/** Without what the probes say of the device. */
function bare(text: string): string {
  return text.replace(/ (?:bdf|dev)="[^"]*"/g, '').replace(/ (?:idev|ictx|vdev|pdev)=0x[0-9a-f]+/g, '');
}

const BAD = records('close-before-unbind/trace.probes.txt');
const GOOD = records('good-order/trace.probes.txt');
const [PID] = /(?<=drv-)\d+/.exec(BAD[0]?.text ?? '') ?? [];

const named = (finding: string): string => finding.replace(/ :\d+$/, '');

describe('one closes its device before it unbinds it, meanwhile the other does everything right', () => {
  const twoProcesses = interleaved(BAD, ofAnother(GOOD, 900, 0));
  const oneProcess = inTurn(BAD, ofAnother(GOOD, Number(PID), 0x20));

  test('two processes', async () => {
    const analysis = await analyzeText(twoProcesses);
    expect(headlines(analysis).map(named)).toEqual([`probable unbind-before-disable ${A}`]);
    expect(analysis.findings.filter(({ device }) => device !== A)).toEqual([]);
  });

  test('two processes, probes that name no device', async () => {
    const analysis = await analyzeText(bare(twoProcesses));
    expect(headlines(analysis).map(named)).toEqual([`probable unbind-before-disable ${A}`]);
    expect(analysis.findings.filter(({ device }) => device !== A)).toEqual([]);
  });

  test('one process with both devices', async () => {
    const analysis = await analyzeText(oneProcess);
    expect(headlines(analysis).map(named)).toEqual([`probable unbind-before-disable ${A}`]);
    expect(analysis.findings.filter(({ device }) => device !== A)).toEqual([]);
  });

  test('one process, probes that name the device only where the TSM is asked: files tell the rest', async () => {
    const text = oneProcess
      .split('\n')
      .map((line) => (/ (?:tsm|pci_tsm)\w*: /.test(line) ? line : bare(line)))
      .join('\n');
    const analysis = await analyzeText(text);
    expect(headlines(analysis).map(named)).toEqual([`probable unbind-before-disable ${A}`]);
    expect(analysis.findings.filter(({ device }) => device !== A)).toEqual([]);
  });

  test('one process, no name at all: each bind may be of either, and nothing is more than possible', async () => {
    const analysis = await analyzeText(bare(oneProcess));
    expect(analysis.findings.length).toBeGreaterThan(0);
    for (const finding of analysis.findings) {
      expect([A, B]).toContain(finding.device);
      expect(brief(finding)).toMatch(/^possible /);
      expect(finding.assumptions.join()).toMatch(/it names none, and may be of any of 2/);
    }
    expect(analysis.devices.map(({ bdf }) => bdf)).toEqual([A, B]);
  });
});

// Two processes of one capture, each with a device; nothing there is a TDI.
describe.skipIf(!existsSync(J_TWO))('a real capture of two devices', () => {
  test.each(['c73-cdev', 'deb73-legacy', 'deb612-legacy', 'deb61-legacy'])(
    '%s: as if all were one process',
    async (set) => {
      const packed = join(J_TWO, set, 'trace.probes.txt.gz');
      const raw = existsSync(packed)
        ? gunzipSync(readFileSync(packed)).toString('utf8')
        : readFileSync(join(J_TWO, set, 'trace.probes.txt'), 'utf8');
      const text = raw.replace(/^.*tracing_mark_write.*\n/gm, '');
      for (const log of [text, bare(text)]) {
        const analysis = await analyzeText(log);
        expect(analysis.findings).toEqual([]);
        expect(analysis.devices.filter(({ bdf }) => bdf === null)).toEqual([]);
      }
    },
  );
});
