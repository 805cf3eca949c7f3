import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const LAUNCHER = join(ROOT, 'bin/tdi-trace.js');

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface SpawnOptions {
  readonly node?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', TZ: 'UTC', LC_ALL: 'C', HOME: '/nonexistent' };

/** Runs the program from dist, as a user does. */
export function tdiTrace(args: readonly string[], options: SpawnOptions = {}): Result {
  const { node = process.execPath, input = '', env = {}, cwd = ROOT } = options;
  const result = spawnSync(node, [LAUNCHER, ...args], {
    cwd,
    input,
    env: { ...ENVIRONMENT, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a shell line in which `$TDI` is the program. */
export function shell(line: string, env: Readonly<Record<string, string>> = {}): Result {
  const result = spawnSync('bash', ['-o', 'pipefail', '-c', line], {
    cwd: ROOT,
    input: '',
    env: { ...ENVIRONMENT, TDI: `${process.execPath} ${LAUNCHER}`, ...env },
    encoding: 'utf8',
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Starts the program, sends it a signal after `ms`, and resolves with how it ended. */
export function interrupt(
  args: readonly string[],
  node: string,
  signal: NodeJS.Signals,
  ms: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [LAUNCHER, ...args], {
      cwd: ROOT,
      env: { ...ENVIRONMENT, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    setTimeout(() => child.kill(signal), ms);
  });
}
