import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { KernelRecord } from '../../../src/formats/record.ts';
import { openRecording } from '../../../src/formats/trace-dat/open.ts';
import { memoryBytes } from '../../../src/input/positioned.ts';
import { analyzeFiles, analyzeText } from '../../support/analyze.ts';
import { readBytesAsFile, readPath, type WholeRead } from './read.ts';

// Each trace.dat beside what trace-cmd report (3.3.1) printed of the same file; not part of the repository.
const captures = process.env['TDI_TRACE_CAPTURES'] ?? join(import.meta.dirname, '../../../../shared/captures');
const root = join(captures, 'formats');
const present = existsSync(root);
if (!present) process.stderr.write(`SKIPPED: no trace.dat at ${root}: set TDI_TRACE_CAPTURES\n`);

const files = present
  ? readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.trace.dat.gz'))
      .sort()
  : [];

const FAILED = '[FAILED TO PARSE]';

/**
 * The report with what it loses put back: the functions that dynamic events sit on, as the kernel's own text prints them,
 * found in the kallsyms of the file by this test itself.
 */
function repaired(report: string, kallsyms: string): string {
  const symbols = kallsyms
    .split('\n')
    .map((line) => /^([0-9a-f]+) ([tTwW]) ([^\t]+)/.exec(line))
    .flatMap((match) => (match ? [{ address: BigInt(`0x${match[1]}`), name: match[3] ?? '' }] : []))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const place = (hex: string) => {
    const address = BigInt(`0x${hex}`);
    const found = symbols.findLast((symbol) => symbol.address <= address);
    if (found === undefined) throw new Error(`no symbol at ${hex}`);
    return { name: found.name, text: `${found.name}+0x${(address - found.address).toString(16)}` };
  };
  return report.replace(
    /:( +)\(([0-9a-f]{16})(?: <- ([0-9a-f]{16}))?\)/g,
    (_, blanks: string, where: string, to: string | undefined) =>
      to === undefined ? `:${blanks}(${place(where).text})` : `:${blanks}(${place(to).text} <- ${place(where).name})`,
  );
}

async function pair(name: string): Promise<{ native: WholeRead; text: WholeRead; report: string }> {
  const bytes = gunzipSync(readFileSync(join(root, name)));
  const stem = join(root, name.replace(/\.trace\.dat\.gz$/, '.report.txt'));
  const report = existsSync(stem)
    ? readFileSync(stem, 'latin1')
    : gunzipSync(readFileSync(`${stem}.gz`)).toString('latin1');
  const kallsyms = kallsymsOf(bytes);
  const whole = repaired(report, kallsyms);
  return { native: await readPath(join(root, name)), text: await readBytesAsFile(whole), report: whole };
}

/** All lines; the metadata was read by the code under test, what it says of the symbols was not. */
function kallsymsOf(bytes: Buffer): string {
  const { initial } = openRecording(memoryBytes(bytes), () => undefined);
  const direct = bytes.indexOf(' T _text\n');
  if (initial.unpack === null && direct > 0) return bytes.toString('latin1', direct - 16, bytes.indexOf('\0', direct));
  const packed = sectionOf(bytes, 19);
  return packed === null ? '' : (initial.unpack?.(packed.data, packed.size, 0).toString('latin1', 4) ?? '');
}

/** A compressed section of version 7 by its id: 16 bytes of head, 8 of sizes. */
function sectionOf(bytes: Buffer, id: number): { readonly data: Buffer; readonly size: number } | null {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    if (bytes.readUInt16LE(at - 24) !== id || bytes.readUInt16LE(at - 22) !== 1) continue;
    return { data: bytes.subarray(at, at + bytes.readUInt32LE(at - 8)), size: bytes.readUInt32LE(at - 4) };
  }
  return null;
}

/** The number of each line of a report that begins an entry. */
function entryNumbers(text: WholeRead): ReadonlyMap<number, number> {
  return new Map(text.records.map(({ line }, index) => [line, index + 1]));
}

/**
 * What must be the same. A report rounds times to microseconds, where the clock is not one of ticks; its lines are those of
 * the text, which begins with `cpus=2` and has a line for each loss; an entry that holds a newline goes on in the next line.
 */
function comparable(record: KernelRecord, number: (line: number) => number, ticks: boolean): unknown {
  const { line, endLine: _end, time, text: _text, ...rest } = record;
  const lines = {
    ...('enclosingLine' in rest
      ? { enclosingLine: rest.enclosingLine === null ? null : number(rest.enclosingLine) }
      : {}),
    ...('entryLine' in rest ? { entryLine: rest.entryLine === null ? null : number(rest.entryLine) } : {}),
  };
  const body = rest.type === 'event' ? { body: comparableBody(rest.body) } : {};
  return {
    ...rest,
    ...lines,
    ...body,
    line: number(line),
    time: time === null || ticks ? time : ((time + 500n) / 1000n) * 1000n,
  };
}

/** What trace-cmd failed to parse it printed as raw fields, and a newline ends the line. */
function comparableBody(body: string): string {
  const [first = ''] = body.split('\n');
  return first.replace(`${FAILED} `, '').trimEnd();
}

describe.skipIf(!present)('a trace.dat and its report', () => {
  test('there are some', () => expect(files.length).toBeGreaterThanOrEqual(8));

  for (const name of files) {
    test(`${name}: the same records`, async () => {
      const { native, text } = await pair(name);
      expect(native.totals.format).toBe('trace-dat');
      expect(text.totals.format).toBe('trace-cmd');
      const ticks = native.totals.timeUnit === 'ticks';
      const numbers = entryNumbers(text);
      const failed = text.records.flatMap((record, index) =>
        record.type === 'event' && record.body.startsWith(FAILED) ? [index] : [],
      );
      const ofText = text.records.map((record) => comparable(record, (line) => numbers.get(line) ?? Number.NaN, ticks));
      const ofNative = native.records.map((record) => comparable(record, (line) => line, ticks));
      // What trace-cmd cannot parse it prints in notations of its own: only the rest is compared.
      for (const index of failed) {
        for (const records of [ofText, ofNative]) delete (records[index] as Record<string, unknown>)['body'];
      }
      expect(ofNative.length).toBe(ofText.length);
      expect(ofNative).toEqual(ofText);
      expect(native.totals).toMatchObject({ records: text.totals.records, unparsed: 0, lost: text.totals.lost });
      const losses = (read: WholeRead) =>
        read.health.filter(({ code }) => code === 'events-lost').map(({ message, count }) => ({ message, count }));
      expect(losses(native)).toEqual(losses(text));
      expect(native.health.filter(({ code }) => code === 'symbols-missing')).toEqual([]);
    });

    test(`${name}: the same findings`, async () => {
      const { text, report, native } = await pair(name);
      const numbers = entryNumbers(text);
      const ticks = native.totals.timeUnit === 'ticks';
      const ofNative = await analyzeFiles([join(root, name)]);
      const ofText = await analyzeText(report);
      const findings = (analysis: typeof ofNative, number: (line: number) => number) =>
        analysis.findings.map((finding) => ({
          rule: finding.rule,
          verdict: finding.verdict,
          device: finding.device,
          headline: finding.headline,
          fingerprint: finding.fingerprint,
          evidence: finding.evidence.map(({ line, role, event }) => ({ line: number(line), role, event })),
        }));
      expect(findings(ofNative, (line) => line)).toEqual(findings(ofText, (line) => numbers.get(line) ?? Number.NaN));
      const rules = (analysis: typeof ofNative) =>
        analysis.rules.map(({ rule, device, status }) => ({ rule, device, status }));
      expect(rules(ofNative)).toEqual(rules(ofText));
      if (!ticks) expect(ofNative.devices.map(({ bdf }) => bdf)).toEqual(ofText.devices.map(({ bdf }) => bdf));
    });
  }
});
