import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { tar } from '../input/tar-files.ts';
import { HAS_ZSTD } from '../support/zstd.ts';
import { LAUNCHER, ROOT, shell, tdiTrace } from './spawn.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-containers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const capture = join(ROOT, 'fixtures/captures/close-before-unbind');
const trace = readFileSync(join(capture, 'trace.probes.txt'));
const samples = join(ROOT, 'test/input/samples');
const options = { cwd: folder };

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

interface Document {
  readonly sources: readonly { path: string; compression: string }[];
  readonly findings: readonly Record<string, unknown>[];
  readonly health: readonly { code: string; source: string | null; message: string }[];
}

function analyzed(args: readonly string[], code: number): Document {
  const result = tdiTrace(['analyze', '--format', 'json', ...args], options);
  expect([result.stderr, result.code]).toEqual(['', code]);
  return JSON.parse(result.stdout) as Document;
}

const { findings } = analyzed([join(capture, 'trace.probes.txt')], 1);

describe('the findings are those of the plain trace', () => {
  test('there are some', () => {
    expect(findings.filter((finding) => finding['headline'] === true)).toHaveLength(1);
  });

  test.each([
    ['trace.gz', 'gzip'],
    ['trace.xz', 'xz'],
    ['trace.bz2', 'bzip2'],
    ...(HAS_ZSTD ? [['trace.zst', 'zstd']] : []),
  ] as [string, string][])('%s, of a file and of a pipe', (name, compression) => {
    const path = join(samples, name);
    const whole = analyzed([path], 1);
    expect(whole.findings).toEqual(findings);
    expect(whole.sources).toMatchObject([{ path, compression }]);
    const piped = shell(`$TDI analyze --format json - < ${path}`);
    expect(piped.code).toBe(1);
    expect((JSON.parse(piped.stdout) as Document).findings).toEqual(findings);
  });

  test('an archive, a compressed member of it, a directory', () => {
    const notes = { name: 'notes.md', content: 'words\n' };
    const plain = file('plain.tar', tar([notes, { name: 'x/trace', content: trace }]));
    const packed = file(
      'sent-by-mail',
      gzipSync(tar([{ name: 'trace.xz', content: readFileSync(join(samples, 'trace.xz')) }])),
    );
    mkdirSync(join(folder, 'dir'));
    file('dir/trace', trace);
    expect(analyzed([plain], 1)).toMatchObject({
      findings,
      sources: [{ path: 'plain.tar:x/trace', compression: 'none' }],
      health: expect.arrayContaining([
        {
          code: 'members-left',
          severity: 'note',
          source: null,
          line: null,
          message: 'plain.tar: 1 of 2 files that were tried hold no kernel log line or cannot be read: notes.md',
          count: 1,
        },
      ]),
    });
    expect(analyzed([packed], 1)).toMatchObject({
      findings,
      sources: [{ path: 'sent-by-mail:trace.xz', compression: 'xz' }],
    });
    expect(analyzed(['dir'], 1)).toMatchObject({ findings, sources: [{ path: 'dir/trace', compression: 'none' }] });
  });
});

test('the evidence of a member is named as a place', () => {
  const path = file('place.tar', tar([{ name: 'x/trace', content: trace }]));
  expect(tdiTrace(['analyze', path], options).stdout).toMatch(/place\.tar:x\/trace:\d+:/);
});

test('a name that could steer a terminal is escaped', () => {
  const path = file(
    'steer.tar',
    tar([
      { name: 'a\u001b]0;x\u0007\nb', content: trace },
      { name: 'c\u001b[2J', content: 'words\n' },
    ]),
  );
  const { stdout, stderr } = tdiTrace(['analyze', path], options);
  expect(stdout).toContain('steer.tar:a\\x1b]0;x\\x07\\x0ab');
  expect(stdout).toContain('c\\x1b[2J');
  expect(`${stdout}${stderr}`).not.toMatch(/[\u001b\u0007]/);
});

test('3 in one line where nothing of it is a kernel log; the other inputs are read', () => {
  const words = file('words.tar', tar([{ name: 'a', content: 'words\n' }]));
  mkdirSync(join(folder, 'void'));
  for (const [path, message] of [
    [words, /^tdi-trace: words\.tar: the only file in the archive holds no kernel log line: see [^\n]+\n$/],
    ['void', /^tdi-trace: void: the directory is empty: name a log\n$/],
    [
      file('log.zip', 'PK\u0003\u0004'),
      /^tdi-trace: log\.zip: is a zip archive: [^\n]*unzip -p log\.zip LOG \| tdi-trace analyze -\n$/,
    ],
  ] as const) {
    const alone = tdiTrace(['analyze', path], options);
    expect([alone.code, alone.stdout]).toEqual([3, '']);
    expect(alone.stderr).toMatch(message);
  }
  const both = tdiTrace(['analyze', '--quiet', 'void', join(capture, 'trace.probes.txt')], options);
  expect(both.code).toBe(3);
  expect(both.stdout).toContain('unbind-before-disable');
});

test('--db that cannot be written is not taken for a fault of the members', () => {
  const path = file('fine.tar', tar([{ name: 'trace', content: trace }]));
  const { code, stderr } = tdiTrace(['analyze', '--db', 'no/such/run.db', path], options);
  expect(code).toBe(3);
  expect(stderr).toMatch(/run\.db: cannot be written/);
});

test('what may not be read inside a directory is an error, and the rest is analysed', () => {
  mkdirSync(join(folder, 'mixed/private'), { recursive: true });
  writeFileSync(join(folder, 'mixed/private/trace.txt'), trace);
  writeFileSync(join(folder, 'mixed/secret.log'), trace);
  writeFileSync(join(folder, 'mixed/trace.txt'), trace);
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'mixed/private'), 0);
  chmodSync(join(folder, 'mixed/secret.log'), 0);
  // Root may read anything, so somebody else has to try.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [LAUNCHER, ...args], { cwd: folder, encoding: 'utf8', input: '', ...nobody });
  const { status, stdout, stderr } = run('analyze', '--format', 'json', 'mixed');
  const refused = ['mixed/private: permission denied: ', 'mixed/secret.log: permission denied: '];
  expect(status).toBe(3);
  expect(stderr.split('\n').map((line) => line.slice(0, line.indexOf(': make it') + 2))).toEqual([
    ...refused.map((line) => `tdi-trace: ${line}`),
    '',
  ]);
  const document = JSON.parse(stdout) as Document;
  expect(document.sources.map(({ path }) => path)).toEqual(['mixed/trace.txt']);
  expect(document.findings).toHaveLength(findings.length);
  const rows = document.health.filter(({ code }) => code === 'source-unusable');
  expect(rows.map(({ message }) => message.slice(0, message.indexOf(': make it') + 2))).toEqual(refused);
  const listed = run('formats', 'mixed');
  expect(listed.status).toBe(3);
  expect(listed.stdout).toContain('cannot be read: mixed/private: permission denied');
  chmodSync(join(folder, 'mixed/private'), 0o700);
});
