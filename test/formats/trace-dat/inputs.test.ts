import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RecordingIntake } from '../../../src/formats/recording.ts';
import { analyzeFiles } from '../../support/analyze.ts';
import { readBytesAsFile, readPath } from './read.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/formats');
const graph = join(ROOT, 'trace-dat/03-graph.dat');
const bytes = readFileSync(graph);

describe('a trace.dat', () => {
  test('is the same from a file, a pipe, in pieces and compressed', async () => {
    const file = await readPath(graph);
    expect(file.records).toHaveLength(62);
    const piped = await readPath('-', { stdin: createReadStream(graph) });
    expect(piped).toEqual(file);
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
    expect(await readPath('-', { stdin: Readable.from(pieces, { objectMode: false }) })).toEqual(file);
    const zipped = await readBytesAsFile(gzipSync(bytes));
    expect(zipped).toEqual({ ...file, totals: { ...file.totals, compression: 'gzip' } });
  });

  test('that is compressed and cut is refused in one line, or told to be cut', async () => {
    const zipped = gzipSync(bytes);
    await expect(readBytesAsFile(zipped.subarray(0, zipped.length - 3000))).rejects.toThrow(
      /^[^\n]*: is a damaged trace\.dat: [^\n]*, at byte \d+: copy it again$/,
    );
  });

  test('can be named as --input-format, and be no other form', async () => {
    expect((await readPath(graph, { inputFormat: 'trace-dat' })).records).toHaveLength(62);
    const leave = /leave --input-format away/;
    await expect(readPath(graph, { inputFormat: 'dmesg' })).rejects.toThrow(leave);
    await expect(readPath('-', { inputFormat: 'dmesg', stdin: createReadStream(graph) })).rejects.toThrow(leave);
    await expect(readPath(join(ROOT, 'trace-cmd/03-graph.txt'), { inputFormat: 'trace-dat' })).rejects.toThrow(
      /is no trace\.dat: leave --input-format away/,
    );
  });

  test('too large to keep in memory is to be saved to a file', () => {
    const intake = new RecordingIntake('-');
    const chunk = Buffer.alloc(0);
    Object.defineProperty(chunk, 'length', { value: 257 * 1024 * 1024 });
    expect(() => intake.take(chunk)).toThrow(
      /^stdin: is a trace\.dat of more than 256 MiB .*: save it unpacked to a file/,
    );
  });

  test('is a source of its own beside a log, with its clock', async () => {
    const { sources } = await analyzeFiles([graph, join(ROOT, 'dmesg/01-default.txt')]);
    expect(
      sources.map(({ format, clock, lines, records }) => ({ format, clock, whole: lines === records })),
    ).toMatchObject([
      { format: 'trace-dat', clock: 'local', whole: true },
      { format: 'dmesg', clock: 'printk' },
    ]);
  });
});
