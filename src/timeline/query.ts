import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT, InputError, TdiTraceError, UsageError } from '../base/errors.ts';
import { type Cell, decodeCell, type QueryAnswer, type QueryOrder, type QueryResult } from './cells.ts';

export interface QueryOptions {
  /** Time after which the query process is killed, opening and checking the file included. */
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Cap on the size of the result, so that it fits into memory. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** Room for the marks and quotes of the wire format on top of `maxBytes`; past it the process misbehaves. */
const SLACK = 2;

/**
 * Runs one statement of the user on a finished timeline, in a process of its own that can read but not write, and is killed
 * when it takes too long.
 *
 * @throws UsageError for what is wrong with the statement; InputError for what is wrong with the file.
 */
export async function runQuery(path: string, sql: string, options: QueryOptions): Promise<QueryResult> {
  if (options.signal?.aborted) throw interrupted();
  const order: QueryOrder = { path, sql, maxRows: options.maxRows, maxBytes: options.maxBytes };
  const child = spawn(process.execPath, ['--no-warnings', workerPath()], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: childEnvironment(),
    windowsHide: true,
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  let stopped: TdiTraceError | null = null;
  const stop = (reason: TdiTraceError): void => {
    stopped ??= reason;
    kill();
  };
  const timer = setTimeout(() => stop(tooLong(options.timeoutMs)), options.timeoutMs);
  const onAbort = (): void => stop(interrupted());
  options.signal?.addEventListener('abort', onAbort);
  try {
    const output = collect(child, options.maxBytes * SLACK + 65_536, () =>
      stop(new UsageError('the result is too large')),
    );
    // The process may die before it has read its order; its end says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify(order));
    const { signal } = await exited(child);
    if (stopped !== null) throw stopped;
    // A process that was killed leaves half a line behind.
    if (signal !== null) throw died(signal);
    return decode(output());
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    process.removeListener('exit', kill);
  }
}

function collect(child: ChildProcess, maxBytes: number, tooLarge: () => void): () => string[] {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) tooLarge();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8').split('\n');
}

/** `close`, not `exit`: the last of the output has arrived. */
function exited(child: ChildProcess): Promise<{ signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, signal) => resolve({ signal }));
  });
}

function decode(lines: readonly string[]): QueryResult {
  let columns: readonly string[] = [];
  const rows: Cell[][] = [];
  for (const line of lines) {
    if (line === '') continue;
    const answer = JSON.parse(line) as QueryAnswer;
    if (isRow(answer)) rows.push(answer.map(decodeCell));
    else if ('columns' in answer) columns = answer.columns;
    else if ('end' in answer) return { columns, rows, truncated: answer.end };
    else throw asError(answer.error);
  }
  throw died('no result');
}

function isRow(answer: QueryAnswer): answer is Extract<QueryAnswer, readonly unknown[]> {
  return Array.isArray(answer);
}

function asError(error: { readonly kind: 'input' | 'sql' | 'internal'; readonly message: string }): Error {
  const message = error.message.replace(/\s+/g, ' ').trim();
  switch (error.kind) {
    case 'input':
      return new InputError(message);
    case 'sql':
      return new UsageError(
        `SQL: ${message}${/^no such (table|column)/.test(message) ? "; see 'tdi-trace schema'" : ''}`,
      );
    case 'internal':
      return new Error(message);
  }
}

function tooLong(timeoutMs: number): UsageError {
  return new UsageError(
    `the query took longer than ${timeoutMs / 1000} s and was stopped; raise --timeout or narrow it`,
  );
}

function died(how: string): UsageError {
  return new UsageError(`the query died (${how}): it needs too much memory, or the file is damaged`);
}

function interrupted(): TdiTraceError {
  return new TdiTraceError('interrupted', EXIT.interrupted);
}

/** Beside this file, in the same form: TypeScript in a checkout, JavaScript once compiled. */
function workerPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./query-worker.${extension}`, import.meta.url));
}

/** Nothing that could make the process load or run something else (NODE_OPTIONS); the rest is what loaders need. */
function childEnvironment(): NodeJS.ProcessEnv {
  const kept = ['LD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot', 'TEMP'];
  return Object.fromEntries(
    kept.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  );
}
