import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTimeline, openTimeline } from '../../src/timeline/create.ts';
import { isTimelineFile } from '../../src/timeline/format.ts';
import { scratch, writeSample } from './sample.ts';

let dir: ReturnType<typeof scratch>;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

const MODULES = {
  create: new URL('../../src/timeline/create.ts', import.meta.url).href,
  sample: new URL('./sample.ts', import.meta.url).href,
};

/** A program of its own, to be killed or to be somebody else. */
function script(target: string, body: string): string[] {
  const head = `
    const { createTimeline, openTimeline } = await import(${JSON.stringify(MODULES.create)});
    const { event, writeSample } = await import(${JSON.stringify(MODULES.sample)});
    const target = ${JSON.stringify(target)};`;
  return ['--no-warnings', '--input-type=module', '-e', head + body];
}

async function finished(target: string): Promise<Buffer> {
  const writer = await writeSample(target);
  writer.finish();
  writer.reader.close();
  return readFileSync(target);
}

async function killHalfway(target: string): Promise<void> {
  const body = `
    const writer = await createTimeline(target);
    const source = writer.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
    for (let line = 1; line <= 20000; line++) writer.addEvent(event(source, line, { text: 'x'.repeat(9000) }));
    process.stdout.write('half');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, script(target, body), { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
}

test('killed halfway, no target appears', async () => {
  await killHalfway(dir.path('run.db'));
  expect(existsSync(dir.path('run.db'))).toBe(false);
  // What is left says by its name that it is nothing to use.
  expect(readdirSync(dir.directory)).toEqual([expect.stringMatching(/^\.run\.db\.[0-9a-f]{12}\.tmp$/)]);
});

test('killed halfway, an existing timeline stays as it was', async () => {
  const before = await finished(dir.path('run.db'));
  await killHalfway(dir.path('run.db'));
  expect(readFileSync(dir.path('run.db')).equals(before)).toBe(true);
});

test('nothing but the target is left behind; it is in DELETE mode and has the rights that the umask gives', async () => {
  const umask = process.umask();
  await finished(dir.path('run.db'));
  expect(readdirSync(dir.directory)).toEqual(['run.db']);
  const header = readFileSync(dir.path('run.db')).subarray(0, 100);
  expect([header[18], header[19]]).toEqual([1, 1]);
  expect(header.toString('latin1', 68, 72)).toBe('TDIT');
  expect(statSync(dir.path('run.db')).mode & 0o777).toBe(0o666 & ~umask);
});

test('an existing timeline is replaced on success only, and keeps its rights', async () => {
  const target = dir.path('run.db');
  const before = await finished(target);
  chmodSync(target, 0o640);
  const aborted = await createTimeline(target);
  aborted.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
  aborted.abort();
  expect(readFileSync(target).equals(before)).toBe(true);
  const writer = await createTimeline(target);
  writer.finish();
  writer.reader.close();
  expect(statSync(target).mode & 0o777).toBe(0o640);
  const reader = openTimeline(target);
  expect(reader.sources()).toEqual([]);
  reader.close();
  expect(readdirSync(dir.directory)).toEqual(['run.db']);
});

test.each([
  ['a text', 'precious\n'],
  ['an empty file', ''],
  ['half a SQLite header', 'SQLite format 3\0'],
])('%s is not overwritten', async (_what, content) => {
  writeFileSync(dir.path('run.db'), content);
  await expect(createTimeline(dir.path('run.db'))).rejects.toMatchObject({ exitCode: 3, message: /run\.db: exists/ });
  expect(readFileSync(dir.path('run.db'), 'latin1')).toBe(content);
  expect(readdirSync(dir.directory)).toEqual(['run.db']);
});

test('a file that came up meanwhile is not overwritten', async () => {
  const writer = await writeSample(dir.path('run.db'));
  writeFileSync(dir.path('run.db'), 'precious\n');
  expect(() => writer.finish()).toThrow(/run\.db: exists/);
  writer.abort();
  expect(readFileSync(dir.path('run.db'), 'utf8')).toBe('precious\n');
  expect(readdirSync(dir.directory)).toEqual(['run.db']);
});

test('a directory, a device and a dangling link are refused', async () => {
  mkdirSync(dir.path('directory'));
  symlinkSync(dir.path('nowhere'), dir.path('dangling'));
  await expect(createTimeline(dir.path('directory'))).rejects.toMatchObject({ exitCode: 3 });
  await expect(createTimeline('/dev/null')).rejects.toMatchObject({ exitCode: 3 });
  await expect(createTimeline(dir.path('dangling'))).rejects.toMatchObject({ exitCode: 3 });
  await expect(createTimeline(dir.path('no/such/run.db'))).rejects.toMatchObject({ exitCode: 3, message: /ENOENT/ });
});

test('behind a link, the file is replaced and the link stays', async () => {
  mkdirSync(dir.path('store'));
  await finished(dir.path('store/run.db'));
  symlinkSync('store/run.db', dir.path('run.db'));
  const writer = await createTimeline(dir.path('run.db'));
  writer.finish();
  writer.reader.close();
  expect(readlinkSync(dir.path('run.db'))).toBe('store/run.db');
  expect(readdirSync(dir.path('store'))).toEqual(['run.db']);
});

/** Root may write anywhere; nobody may not. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

test('in a read-only directory a timeline can be read and not written', async () => {
  mkdirSync(dir.path('shared'));
  await finished(dir.path('shared/run.db'));
  chmodSync(dir.directory, 0o755);
  chmodSync(dir.path('shared/run.db'), 0o444);
  chmodSync(dir.path('shared'), 0o555);
  const body = `
    const reader = openTimeline(target);
    const events = reader.events(0, 10).length;
    reader.close();
    const error = await createTimeline(target).catch((e) => e);
    console.log(JSON.stringify([events, error.exitCode, error.message]));`;
  const { stdout } = spawnSync(process.execPath, script(dir.path('shared/run.db'), body), {
    encoding: 'utf8',
    ...nobody,
  });
  chmodSync(dir.path('shared'), 0o755);
  expect(JSON.parse(stdout)).toEqual([4, 3, expect.stringContaining('EACCES')]);
});

test('a full disk ends in one line and leaves nothing', () => {
  const body = `
    try {
      const writer = await createTimeline(target);
      const source = writer.addSource({ path: 'a', format: 'ftrace', compression: 'none' });
      for (let line = 1; line <= 20000; line++) writer.addEvent(event(source, line, { text: 'x'.repeat(9000) }));
      writer.finish();
    } catch (error) {
      console.log(JSON.stringify([error.exitCode, error.message]));
    }`;
  // A limit on the size of files is as good as a small disk.
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 4096; exec "$0" "$@"', process.execPath, ...script(dir.path('run.db'), body)],
    {
      encoding: 'utf8',
    },
  );
  expect(JSON.parse(stdout)).toEqual([3, expect.stringMatching(/run\.db: (the disk is full|cannot be written)/)]);
  expect(readdirSync(dir.directory)).toEqual([]);
});

test('what is a timeline is told by the header', async () => {
  await finished(dir.path('run.db'));
  writeFileSync(dir.path('log'), '[    0.000000] Linux version 7.0\n');
  expect(isTimelineFile(dir.path('run.db'))).toBe(true);
  expect(isTimelineFile(dir.path('log'))).toBe(false);
  expect(isTimelineFile(dir.path('missing'))).toBe(false);
  expect(isTimelineFile(dir.directory)).toBe(false);
  expect(isTimelineFile('/dev/null')).toBe(false);
  expect(isTimelineFile('-')).toBe(false);
});
