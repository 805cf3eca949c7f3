import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTail, type Tail } from '../../src/input/tail.ts';

let folder: string;
let path: string;
let tail: Tail;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-tail-'));
  path = join(folder, 'log');
});

afterEach(async () => {
  await tail?.close();
  rmSync(folder, { recursive: true });
});

/** Reads until what has come fits; restarts and the end are words in brackets. */
async function until(wanted: string): Promise<void> {
  let seen = '';
  while (seen.length < wanted.length) {
    const tidings = await tail.next(20_000);
    if (tidings.kind === 'quiet') break;
    if (tidings.kind === 'bytes') seen += String(tidings.bytes);
    else seen += tidings.kind === 'end' ? '<end>' : `<${tidings.what}>`;
    if (tidings.kind === 'end') break;
  }
  expect(seen).toBe(wanted);
}

describe('a file', () => {
  test('is read as it grows, empty at first', async () => {
    writeFileSync(path, '');
    tail = await openTail(path);
    expect(await tail.next(1)).toEqual({ kind: 'quiet' });
    appendFileSync(path, 'one\n');
    await until('one\n');
    expect(await tail.next(1)).toEqual({ kind: 'quiet' });
    appendFileSync(path, 'two\n');
    await until('two\n');
  });

  test('that was replaced is read to its end, then the new one from the start', async () => {
    writeFileSync(path, 'one\n');
    tail = await openTail(path);
    await until('one\n');
    appendFileSync(path, 'late\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'two\n');
    await until('late\n<replaced by another one>two\n');
  });

  test('that is gone for a while is awaited', async () => {
    writeFileSync(path, 'one\n');
    tail = await openTail(path);
    await until('one\n');
    rmSync(path);
    expect(await tail.next(300)).toEqual({ kind: 'quiet' });
    writeFileSync(path, 'two\n');
    await until('<replaced by another one>two\n');
  });

  test('that was cut is read from the start again', async () => {
    writeFileSync(path, 'one one one\n');
    tail = await openTail(path);
    await until('one one one\n');
    // Until it was seen at that size.
    expect(await tail.next(300)).toEqual({ kind: 'quiet' });
    truncateSync(path);
    appendFileSync(path, 'two\n');
    await until('<cut>two\n');
  });

  test('that is larger than a read comes whole', async () => {
    const text = 'a line\n'.repeat(60_000);
    writeFileSync(path, text);
    tail = await openTail(path);
    await until(text);
  });

  test('that is missing or a directory is an error', async () => {
    await expect(openTail(join(folder, 'missing'))).rejects.toThrow(/missing: no such file: check the path$/);
    await expect(openTail(folder)).rejects.toThrow(/: is a directory, which cannot be followed: name a file in it$/);
  });

  test('a wait can be broken off', async () => {
    writeFileSync(path, '');
    tail = await openTail(path);
    const waiting = tail.next(Number.POSITIVE_INFINITY);
    tail.wake();
    expect(await waiting).toEqual({ kind: 'quiet' });
  });
});

test('a FIFO waits for its first writer and ends with its last', async () => {
  execFileSync('mkfifo', [path]);
  tail = await openTail(path);
  expect(await tail.next(1)).toEqual({ kind: 'quiet' });
  const writer = openSync(path, 'w');
  writeSync(writer, 'one\n');
  await until('one\n');
  expect(await tail.next(200)).toEqual({ kind: 'quiet' });
  writeSync(writer, 'two\n');
  closeSync(writer);
  await until('two\n<end>');
  expect(await tail.next(1)).toEqual({ kind: 'end' });
});

test('a process that reads a FIFO nobody writes to can end', async () => {
  execFileSync('mkfifo', [path]);
  const script = `const { openTail } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/input/tail.ts'))});
    const tail = await openTail(${JSON.stringify(path)});
    console.log((await tail.next(300)).kind);
    await tail.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  expect(out).toBe('quiet\n');
});

test('a stream ends with its writer', async () => {
  const stream = new PassThrough();
  tail = await openTail('-', stream);
  expect(await tail.next(1)).toEqual({ kind: 'quiet' });
  stream.write('one\n');
  await until('one\n');
  stream.end('two\n');
  await until('two\n<end>');
});

test('a stream that breaks is an error that names it', async () => {
  const stream = new PassThrough();
  tail = await openTail('-', stream);
  stream.destroy(Object.assign(new Error('broken'), { code: 'EIO', syscall: 'read' }));
  await expect(tail.next(20_000)).rejects.toThrow(/^stdin: cannot be read \(EIO\)/);
});
