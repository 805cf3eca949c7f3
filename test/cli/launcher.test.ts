import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
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
  const entries = { src: 'dist/src/cli.js', bundle: 'dist/bundle/cli.js' };
  for (const [name, path] of Object.entries(entries)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `export const main = () => process.stdout.write('${name}');\n`);
  }
  const now = Date.now() / 1000;
  utimesSync(join(folder, entries.src), now, now);
  utimesSync(join(folder, entries.bundle), now, now);
  expect(launch(process.execPath).stdout).toBe('bundle');
  utimesSync(join(folder, entries.bundle), now - 1, now - 1);
  expect(launch(process.execPath).stdout).toBe('src');
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
