import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { interrupt, ROOT, tdiTrace } from './spawn.ts';

/** A Node that is too old for better-sqlite3, if this machine has one. */
function oldNode(): string | null {
  for (const path of ['/usr/bin/node', '/usr/local/bin/node']) {
    if (!existsSync(path)) continue;
    const version = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < 22 || (major === 22 && minor < 14)) return path;
  }
  return null;
}

const old = oldNode();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-launcher-'));
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function launch(node: string, env: Record<string, string> = {}): ReturnType<typeof spawnSync> {
  return spawnSync(node, [join(folder, 'bin/tdi-trace.js'), '--version'], { encoding: 'utf8', env });
}

test('without dist it says in one line how to build it', () => {
  const { status, stdout, stderr } = launch(process.execPath);
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: "tdi-trace: this checkout is not built yet: run 'npm run build'\n",
  });
});

test('a program that cannot be loaded is an internal error, not a finding', () => {
  mkdirSync(join(folder, 'dist/src'), { recursive: true });
  writeFileSync(join(folder, 'dist/src/cli.js'), "import 'no-such-package';\n");
  const { status, stderr } = launch(process.execPath);
  expect(status).toBe(70);
  expect(stderr).toMatch(/^tdi-trace: internal error, cannot start .*no-such-package/);
});

describe.skipIf(old === null)('under a Node that is too old', () => {
  const node = old ?? '';

  test('the pinned Node of the checkout takes over, with its exit code', () => {
    expect(tdiTrace(['--version'], { node })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(tdiTrace(['analyse'], { node }).code).toBe(2);
    expect(tdiTrace(['explain', 'unbind-before-disable'], { node })).toEqual(
      tdiTrace(['explain', 'unbind-before-disable']),
    );
  });

  test('stdin reaches the program', () => {
    const input = 'no kernel log at all\n';
    expect(tdiTrace(['analyze', '-'], { node, input })).toEqual(tdiTrace(['analyze', '-'], { input }));
  });

  test('a signal reaches the program', async () => {
    const { code, stderr } = await interrupt(['analyze', '-'], node, 'SIGINT', 1500);
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'tdi-trace: interrupted\n' });
  });

  test('a signal ends it where a FIFO brings nothing', async () => {
    const fifo = join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    const { code, stderr } = await interrupt(['analyze', fifo], node, 'SIGTERM', 1500);
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'tdi-trace: interrupted\n' });
  });

  test('where none is pinned, one line says what is needed', () => {
    const { status, stdout, stderr } = launch(node);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^tdi-trace: needs Node\.js 22\.14 or newer, this is \d+\.\d+\.\d+: install [^\n]*\n$/);
  });

  test('a pinned Node that is too old itself ends in that line, not in a loop', () => {
    mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true });
    symlinkSync(node, join(folder, 'node_modules/node/bin/node'));
    const { status, stderr } = launch(node);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^tdi-trace: needs Node\.js 22\.14/);
  });
});

test('a bundle that is older than the compiled program is left alone', () => {
  const entries = { src: 'dist/src/cli.js', bundle: 'dist/bundle/cli.cjs' };
  for (const path of Object.values(entries)) mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, entries.src), "export const main = () => process.stdout.write('src');\n");
  writeFileSync(join(folder, entries.bundle), "exports.main = () => process.stdout.write('bundle');\n");
  const now = Date.now() / 1000;
  utimesSync(join(folder, entries.src), now, now);
  utimesSync(join(folder, entries.bundle), now, now);
  expect(launch(process.execPath).stdout).toBe('bundle');
  utimesSync(join(folder, entries.bundle), now - 1, now - 1);
  // Times of an installed package, which has no sources, say when it was unpacked.
  expect(launch(process.execPath).stdout).toBe('bundle');
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/cli.ts'), '');
  expect(launch(process.execPath).stdout).toBe('src');
});

describe('what V8 made of the bundle', () => {
  const bundle = () => join(folder, 'dist/bundle');
  const kept = () => join(bundle(), 'compile-cache');

  beforeEach(() => {
    mkdirSync(bundle(), { recursive: true });
    writeFileSync(
      join(bundle(), 'cli.cjs'),
      "const part = require('./part.cjs');\nexports.main = () => process.stdout.write(part.text());\n",
    );
    writeFileSync(join(bundle(), 'part.cjs'), "exports.text = () => typeof require('node:crypto').createHash;\n");
  });

  test('is kept beside it at the end of a run, and used by the next one', () => {
    expect(launch(process.execPath).stdout).toBe('function');
    const [first = '', second = '', ...others] = readdirSync(kept()).sort();
    expect([first, second].map((name) => name.split('-')[0])).toEqual(['cli.cjs', 'part.cjs']);
    expect(others).toEqual([]);
    const then = new Date(1_000_000_000_000);
    for (const name of [first, second]) utimesSync(join(kept(), name), then, then);
    expect(launch(process.execPath).stdout).toBe('function');
    expect(readdirSync(kept()).sort()).toEqual([first, second]);
    // Not made anew: V8 took it.
    for (const name of [first, second]) expect(statSync(join(kept(), name)).mtime).toEqual(then);
  });

  test('is made anew where it is damaged or the bundle is another one', () => {
    launch(process.execPath);
    const [name = ''] = readdirSync(kept()).sort();
    const whole = readFileSync(join(kept(), name));
    for (const damaged of [Buffer.alloc(0), Buffer.alloc(whole.length), whole.subarray(0, whole.length / 2)]) {
      writeFileSync(join(kept(), name), damaged);
      expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: 'function', stderr: '' });
      expect(readFileSync(join(kept(), name)).length).toBe(whole.length);
    }
    writeFileSync(join(bundle(), 'part.cjs'), "exports.text = () => 'another one';\n");
    expect(launch(process.execPath).stdout).toBe('another one');
  });

  test('is made anew by a run that has done much more than the one that made it, and by no other', () => {
    const busy = 'const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end);';
    writeFileSync(
      join(bundle(), 'part.cjs'),
      `exports.text = () => { if (process.env.BUSY) { ${busy} } return 'done'; };\n`,
    );
    launch(process.execPath);
    const [name = ''] = readdirSync(kept()).sort();
    const path = join(kept(), name);
    const then = new Date(1_000_000_000_000);
    /** Whether a run writes it. */
    const writes = (env: Record<string, string>) => {
      utimesSync(path, then, then);
      expect(launch(process.execPath, env).stdout).toBe('done');
      return statSync(path).mtime.getTime() !== then.getTime();
    };
    // Whatever the first one took: as if it had been 10 ms.
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(10, 8);
    writeFileSync(path, bytes);
    expect(writes({ BUSY: '1' })).toBe(true);
    expect(writes({})).toBe(false);
    expect(writes({ BUSY: '1' })).toBe(false);
  });

  test('is not believed where a byte of it, or of the bundle, is another one', () => {
    const source = (text: string) => `exports.text = () => '${text}';\n`;
    const part = join(bundle(), 'part.cjs');
    writeFileSync(part, source('told by one'));
    const { atime, mtime } = statSync(part);
    launch(process.execPath);
    const name = readdirSync(kept()).find((one) => one.startsWith('part.cjs')) ?? '';
    const bytes = readFileSync(join(kept(), name));
    const at = bytes.indexOf('told by one');
    expect(at).toBeGreaterThan(0);
    bytes.write('TOLD', at);
    writeFileSync(join(kept(), name), bytes);
    expect(launch(process.execPath).stdout).toBe('told by one');
    // As long and as old: what a package manager unpacks over another version.
    writeFileSync(part, source('told by two'));
    utimesSync(part, atime, mtime);
    expect(launch(process.execPath).stdout).toBe('told by two');
  });

  test('is neither written nor believed where others can write', () => {
    spawnSync('sh', ['-c', `umask 0; exec "$0" "$1" --version`, process.execPath, join(folder, 'bin/tdi-trace.js')]);
    const [name = ''] = readdirSync(kept()).sort();
    expect(statSync(kept()).mode & 0o022).toBe(0);
    expect(statSync(join(kept(), name)).mode & 0o022).toBe(0);
    const then = new Date(1_000_000_000_000);
    utimesSync(join(kept(), name), then, then);
    chmodSync(kept(), 0o777);
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: 'function' });
    expect(statSync(kept()).mode & 0o022).toBe(0);
    expect(statSync(join(kept(), name)).mtime).not.toEqual(then);
  });

  test('is not kept where nobody wants it, or there is no room for it', () => {
    expect(launch(process.execPath, { NODE_DISABLE_COMPILE_CACHE: '1' }).stdout).toBe('function');
    expect(existsSync(kept())).toBe(false);
    writeFileSync(kept(), '');
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: 'function', stderr: '' });
  });

  test('a stack trace names the lines of the bundle', () => {
    writeFileSync(join(bundle(), 'part.cjs'), "exports.text = () => {\n  throw new Error('broken');\n};\n");
    expect(launch(process.execPath).stderr).toContain(`${join('dist', 'bundle', 'part.cjs')}:2:9`);
  });
});

test('every module that is started by its name is in the bundle', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const started = files.flatMap((path) =>
    [...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(/siblingModule\(import\.meta\.url, '([\w-]+)'\)/g)].map(
      ([, name]) => name,
    ),
  );
  expect(started.length).toBeGreaterThan(0);
  const config = readFileSync(join(ROOT, 'rolldown.config.js'), 'utf8');
  for (const name of started) expect(config).toContain(`'${name}':`);
});
