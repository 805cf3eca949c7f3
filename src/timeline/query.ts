import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { EXIT, InputError, TdiTraceError, UsageError } from '../base/errors.ts';
import { type Cell, decodeCell, type QueryAnswer, type QueryOrder, type QueryResult } from './cells.ts';
import { VIEWS } from './schema-doc.ts';
import { siblingModule } from './sibling-module.ts';

export interface QueryOptions {
  /** Time after which the query process is killed, opening and checking the file included. */
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Cap on the size of the result, so that it fits into memory. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** By how much the process outlives its timeout where we are not there to end it. */
const GRACE_MS = 2000;

/** Room for what is not rows on top of `maxBytes`; past it the process misbehaves. */
const SLACK = 2 ** 20;

/**
 * Runs one statement of the user on a finished timeline, in a process of its own that can read but not write, and is killed
 * when it takes too long.
 *
 * @throws UsageError for what is wrong with the statement; InputError for what is wrong with the file.
 */
export async function runQuery(path: string, sql: string, options: QueryOptions): Promise<QueryResult> {
  if (options.signal?.aborted) throw interrupted();
  const { timeoutMs, maxRows, maxBytes } = options;
  const order: QueryOrder = { path, sql, maxRows, maxBytes, lifetimeMs: timeoutMs + GRACE_MS, parent: process.pid };
  const child = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(siblingModule(import.meta.url, 'query-worker'))],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: childEnvironment(),
      windowsHide: true,
    },
  );
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  let stopped: TdiTraceError | null = null;
  const stop = (reason: TdiTraceError): void => {
    stopped ??= reason;
    kill();
  };
  const timer = setTimeout(() => stop(tooLong(timeoutMs)), timeoutMs);
  const onAbort = (): void => stop(interrupted());
  options.signal?.addEventListener('abort', onAbort);
  try {
    const answers = new Answers();
    let bytes = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes + SLACK) stop(new UsageError('the result is too large'));
      else answers.add(chunk);
    });
    // The process may die before it has read its order; its end says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify(order));
    const { signal } = await exited(child);
    if (stopped !== null) throw stopped;
    // A process that was killed leaves half a line behind.
    if (signal !== null) throw died(signal);
    return answers.result();
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    process.removeListener('exit', kill);
  }
}

/** `close`, not `exit`: the last of the output has arrived. */
function exited(child: ChildProcess): Promise<{ signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(notStarted(error)));
    child.on('close', (_code, signal) => resolve({ signal }));
  });
}

/** Puts the lines of the process together as they arrive: the text of a large result need not be in memory at once. */
class Answers {
  readonly #decoder = new StringDecoder('utf8');
  readonly #rows: Cell[][] = [];
  #columns: readonly string[] = [];
  #last: Exclude<QueryAnswer, readonly unknown[] | { readonly columns: unknown }> | null = null;
  #rest = '';

  add(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer = JSON.parse(line) as QueryAnswer;
      if (isRow(answer)) this.#rows.push(answer.map(decodeCell));
      else if ('columns' in answer) this.#columns = answer.columns;
      else this.#last = answer;
    }
  }

  result(): QueryResult {
    if (this.#last === null) throw died('no result');
    if ('error' in this.#last) throw asError(this.#last.error);
    return { columns: this.#columns, rows: this.#rows, truncated: this.#last.end };
  }
}

function isRow(answer: QueryAnswer): answer is Extract<QueryAnswer, readonly unknown[]> {
  return Array.isArray(answer);
}

function hintOf(message: string): string {
  if (message.startsWith('no such column')) return "; see 'tdi-trace schema'";
  if (!message.startsWith('no such table')) return '';
  return `; the views are ${VIEWS.map(({ name }) => name).join(', ')}: see 'tdi-trace schema'`;
}

function asError(error: { readonly kind: 'input' | 'sql' | 'internal'; readonly message: string }): Error {
  const message = error.message.replace(/\s+/g, ' ').trim();
  switch (error.kind) {
    case 'input':
      return new InputError(message);
    case 'sql':
      return new UsageError(`SQL: ${message}${hintOf(message)}`);
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

/** Too many open files or processes, no memory: nothing is wrong with us, or with the query. */
function notStarted(error: Error): InputError {
  const code = 'code' in error ? String(error.code) : error.message;
  return new InputError(`the process that runs the query cannot be started (${code}): see ulimit -a`);
}

function interrupted(): TdiTraceError {
  return new TdiTraceError('interrupted', EXIT.interrupted);
}

/** Nothing that could make the process load or run something else (NODE_OPTIONS); the rest is what loaders need. */
function childEnvironment(): NodeJS.ProcessEnv {
  const kept = ['LD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot', 'TEMP'];
  return Object.fromEntries(
    kept.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  );
}
