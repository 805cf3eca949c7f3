import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FOLLOW_SCHEMA } from '../../src/report/analysis-schema.ts';
import { LAUNCHER, ROOT, shell, tdiTrace } from './spawn.ts';

// A VMM closes the vfio device before the unbind: the disable begins in line 107, its return is line 130, the unbind 132.
const TRACE = readFileSync('fixtures/captures/close-before-unbind/trace.probes.txt', 'latin1');
const LINES = TRACE.match(/[^\n]*\n/g) ?? [];
const lines = (from: number, to: number): string => LINES.slice(from - 1, to).join('');
const HEADLINE = /:107: probable: unbind-before-disable: 0000:02:00\.0: [^\n]*\n/;
const ORDERLY = readFileSync('fixtures/captures/good-order/trace.probes.txt', 'latin1');

let folder: string;
let path: string;
const sessions: Session[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-follow-'));
  path = join(folder, 'trace.txt');
  mkdirSync(join(folder, 'tmp'));
});

afterEach(() => {
  for (const session of sessions.splice(0)) session.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** The program while it runs. */
class Session {
  stdout = '';
  stderr = '';
  readonly child;
  readonly ended: Promise<number | null>;
  #changed = (): void => {};

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [LAUNCHER, 'analyze', '--follow', ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C', HOME: '/nonexistent', TMPDIR: join(folder, 'tmp') },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin.on('error', () => {});
    this.child.stdout.on('data', (chunk) => {
      this.stdout += String(chunk);
      this.#changed();
    });
    this.child.stderr.on('data', (chunk) => {
      this.stderr += String(chunk);
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
    void this.ended.then(() => this.#changed());
    sessions.push(this);
  }

  feed(text: string): void {
    this.child.stdin.write(Buffer.from(text, 'latin1'));
  }

  /** Resolves as soon as stdout holds it. */
  async says(what: RegExp): Promise<void> {
    while (!what.test(this.stdout)) {
      if (this.child.exitCode !== null)
        throw new Error(`ended with ${this.child.exitCode}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

describe('a pipe', () => {
  test('is judged before it ends; in the end comes the report of its bytes', async () => {
    const session = new Session(['-']);
    session.feed(lines(1, 130));
    await session.says(HEADLINE);
    const told = session.stdout;
    session.feed(lines(131, 136));
    session.child.stdin.end();
    expect(await session.ended).toBe(1);
    expect(session.stderr).toBe('');
    expect(session.stdout).toBe(`${told}\n${tdiTrace(['analyze', '-'], { input: TRACE }).stdout}`);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  test('that comes at once is reported once', async () => {
    const { code, stdout } = tdiTrace(['analyze', '--follow', '-'], { input: TRACE });
    expect(code).toBe(1);
    expect(stdout).toBe(tdiTrace(['analyze', '-'], { input: TRACE }).stdout);
  });

  test('in good order ends with 0', async () => {
    const session = new Session(['-']);
    session.feed(ORDERLY);
    session.child.stdin.end();
    expect(await session.ended).toBe(0);
    expect(session.stdout).toBe(tdiTrace(['analyze', '-'], { input: ORDERLY }).stdout);
  });

  test('with --quiet each headline is a line, and there is no report', async () => {
    const session = new Session(['--quiet', '-']);
    session.feed(lines(1, 130));
    await session.says(HEADLINE);
    session.child.stdin.end();
    expect(await session.ended).toBe(1);
    expect(session.stdout).toMatch(new RegExp(`^-${HEADLINE.source}$`));
  });

  test('tells what was lost, since it weakens what follows', async () => {
    const session = new Session(['--quiet', '-']);
    session.feed(`${lines(1, 100)}CPU:0 [LOST 12 EVENTS]\n`);
    await session.says(/^-:101: warning: events-lost: [^\n]*12[^\n]*\n/m);
  });

  test('of which nobody reads the end is left quietly', async () => {
    const session = new Session(['--quiet', '-']);
    session.feed(lines(1, 130));
    await session.says(HEADLINE);
    session.child.stdout.destroy();
    // The input stays open: the next thing to tell ends it.
    session.feed('CPU:0 [LOST 12 EVENTS]\n');
    expect(await session.ended).toBe(1);
    expect(session.stderr).toBe('');
  });

  test('through head ends quietly', () => {
    const { code, stdout, stderr } = shell(
      'cat fixtures/captures/close-before-unbind/trace.probes.txt | $TDI analyze --follow --verbose - | head -1',
      { TMPDIR: join(folder, 'tmp') },
    );
    expect(stdout.split('\n')).toHaveLength(2);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });
});

describe('a file', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'grows until %s: report, exit code, whole timeline',
    async (signal) => {
      const db = join(folder, 'run.db');
      writeFileSync(path, lines(1, 50));
      const session = new Session(['--db', db, path]);
      appendFileSync(path, lines(51, 131).slice(0, -20));
      await session.says(HEADLINE);
      expect(existsSync(db)).toBe(false);
      session.child.kill(signal);
      expect(await session.ended).toBe(1);
      expect(session.stderr).toBe('');
      const { stdout } = tdiTrace(['analyze', path]);
      expect(session.stdout.endsWith(`\n\n${stdout}`)).toBe(true);
      expect(tdiTrace(['query', db, 'select count(*) as n from v_finding where headline = 1']).stdout).toContain('1');
      expect(readdirSync(folder).sort()).toEqual(['run.db', 'tmp', 'trace.txt']);
      expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    },
  );

  test('that is replaced is followed under its name, and what may be missing weakens the verdict', async () => {
    writeFileSync(path, lines(1, 90));
    const session = new Session(['--quiet', '--fail-on', 'possible', path]);
    appendFileSync(path, 'CPU:0 [LOST 1 EVENTS]\n');
    await session.says(/:91: warning: events-lost/);
    renameSync(path, `${path}.1`);
    // Not as far as the guest request in line 126 of the trace, which tells that the TDI was still bound.
    writeFileSync(path, lines(91, 125));
    await session.says(/:92: warning: source-rotated: [^\n]*replaced by another one/);
    await session.says(/:108: possible: unbind-before-disable/);
    session.child.kill('SIGINT');
    expect(await session.ended).toBe(1);
  });

  test('that is cut is read from its start', async () => {
    writeFileSync(path, lines(1, 130));
    const session = new Session(['--quiet', path]);
    await session.says(HEADLINE);
    truncateSync(path);
    await session.says(/:131: warning: source-rotated: [^\n]*cut/);
    appendFileSync(path, 'CPU:0 [LOST 1 EVENTS]\n');
    await session.says(/:131: warning: events-lost/);
    session.child.kill('SIGINT');
    expect(await session.ended).toBe(1);
  });

  test('-o gets the report, stdout what is told on the way', async () => {
    writeFileSync(path, lines(1, 130));
    const report = join(folder, 'report.json');
    const session = new Session(['--format', 'json', '-o', report, path]);
    await session.says(/"event":"finding"/);
    session.child.kill('SIGINT');
    expect(await session.ended).toBe(1);
    expect(readFileSync(report, 'utf8')).toBe(tdiTrace(['analyze', '--format', 'json', path]).stdout);
    expect(session.stdout).not.toContain('"event":"analysis"');
  });
});

test('what the README shows is what it prints', async () => {
  const example = /^\$ cat \/sys\/kernel\/tracing\/trace_pipe \| tdi-trace analyze --follow -\n([\s\S]*?)^```$/m;
  const [told, report] = (example.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '').split('^C\n');
  const session = new Session(['-']);
  session.feed(lines(1, 130));
  await session.says(HEADLINE);
  expect(session.stdout).toBe(told);
  session.child.kill('SIGINT');
  expect(await session.ended).toBe(1);
  // The terminal's echo of the key ends the line that the empty one stands for here.
  expect(session.stdout.slice((told?.length ?? 0) + 1)).toMatch(report?.replace(/\[\.\.\.\]\n$/, '') ?? 'no example');
});

test('JSON: a line for each thing, as the schema says, the document last', async () => {
  const session = new Session(['--format', 'json', '-']);
  session.feed(`${lines(1, 130)}CPU:0 [LOST 12 EVENTS]\n`);
  await session.says(/"event":"finding"/);
  await session.says(/"event":"health"/);
  session.feed(lines(131, 136));
  session.child.stdin.end();
  expect(await session.ended).toBe(1);
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(FOLLOW_SCHEMA);
  const objects = session.stdout
    .trimEnd()
    .split('\n')
    .map((line): { event: string; analysis?: unknown } => JSON.parse(line));
  for (const object of objects) {
    validate(object);
    expect(validate.errors).toBeNull();
  }
  expect(objects.map(({ event }) => event).sort()).toEqual(['analysis', 'finding', 'health']);
  const input = `${lines(1, 130)}CPU:0 [LOST 12 EVENTS]\n${lines(131, 136)}`;
  const whole = tdiTrace(['analyze', '--format', 'json', '-'], { input });
  expect(objects.at(-1)?.analysis).toEqual(JSON.parse(whole.stdout));
  expect(JSON.parse(tdiTrace(['schema', '--json', '--follow']).stdout)).toEqual(
    JSON.parse(JSON.stringify(FOLLOW_SCHEMA)),
  );
});

test('a second signal ends it at once with 130, and leaves nothing behind', async () => {
  // So much to judge that the end takes a while.
  const [bind = ''] = LINES.filter((line) => line.includes('tsm_guest_req: '));
  writeFileSync(path, lines(1, 90) + bind.repeat(60_000));
  const db = join(folder, 'run.db');
  const session = new Session(['--db', db, path]);
  appendFileSync(path, 'CPU:0 [LOST 1 EVENTS]\n');
  await session.says(/warning: events-lost/);
  // A signal that comes right behind another one is the same: the terminal and the launcher both send it.
  const again = setInterval(() => session.child.kill('SIGINT'), 350);
  session.child.kill('SIGINT');
  const code = await session.ended;
  clearInterval(again);
  expect({ code, stderr: session.stderr }).toEqual({ code: 130, stderr: 'tdi-trace: interrupted\n' });
  expect(readdirSync(folder).sort()).toEqual(['tmp', 'trace.txt']);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

describe('refused in one line', () => {
  const refused = (args: string[], code: number, message: RegExp): void => {
    const result = tdiTrace(['analyze', '--follow', ...args]);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toMatch(/^tdi-trace: [^\n]*\n$/);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
  };

  test('several inputs', () => refused([path, '-'], 2, /--follow takes one input/));

  test('what is compressed', () => {
    writeFileSync(path, gzipSync(TRACE));
    refused([path], 2, /--follow: [^\n]*trace\.txt is compressed, not text that grows: leave --follow away/);
  });

  test('a timeline', () => {
    const db = join(folder, 'run.db');
    writeFileSync(path, TRACE);
    tdiTrace(['analyze', '--db', db, path]);
    refused([db], 2, /--follow: [^\n]*run\.db is a timeline/);
  });

  test('a file that is not there, and a directory', () => {
    refused([path], 3, /trace\.txt: no such file/);
    refused([folder], 3, /a directory/);
  });

  test('what is no log', () => {
    writeFileSync(path, Buffer.alloc(5000, 1));
    refused([path], 3, /is binary/);
  });

  test('nothing at all', () => {
    expect(tdiTrace(['analyze', '--follow', '-']).stderr).toMatch(/^tdi-trace: stdin: is empty/);
  });
});
