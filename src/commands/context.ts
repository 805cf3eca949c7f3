/** A stream that a command writes to, with everything that a writer has to know about it. */
export interface Sink {
  /**
   * Resolves when the stream wants more. Never rejects: where the reader has gone away (`| head -1`), what is written is
   * dropped and {@link closed} is true.
   */
  write(text: string): Promise<void>;
  /** The reader has gone away; a command that streams should stop. */
  readonly closed: boolean;
  readonly isTerminal: boolean;
  readonly color: boolean;
  /** Columns to fill, 60 to 100; fixed where it is no terminal, so that the same input gives the same bytes. */
  readonly width: number;
}

/** What a command gets from the entry. Nothing else may touch `process.stdout`, `process.stderr` or the exit code. */
export interface CommandContext {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdinIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted at the first SIGINT or SIGTERM, unless {@link endBySignal} was called. */
  readonly signal: AbortSignal;
  /** From now on the first signal only asks for the end, by what this returns; the second one ends the process. */
  endBySignal(): AbortSignal;
}

export const MIN_WIDTH = 60;
export const MAX_WIDTH = 100;

/** The subset of a stream that a {@link Sink} needs; a test passes a fake. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): unknown;
}

/**
 * Whether a stream gets colours. In order: `--no-color`, NO_COLOR (not empty), FORCE_COLOR (`0` and `false` say no), then a
 * terminal that is not TERM=dumb.
 */
export function wantsColor(
  isTerminal: boolean,
  noColorFlag: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (noColorFlag) return false;
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

/** The one place where a stream's errors are handled: a reader that has gone away is no error of ours. */
export function makeSink(
  stream: OutputStream,
  noColorFlag: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Sink {
  const isTerminal = stream.isTTY === true;
  const columns = isTerminal ? (stream.columns ?? MAX_WIDTH) : MAX_WIDTH;
  let closed = false;
  let wake: (() => void) | null = null;
  const settle = (): void => {
    const waiting = wake;
    wake = null;
    waiting?.();
  };
  stream.on('error', (error) => {
    closed = true;
    settle();
    // EPIPE and its kin: nobody reads on. A full disk behind a redirect must not pass for success.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED' && error.code !== 'ECONNRESET') throw error;
  });
  return {
    async write(text) {
      if (closed || text === '') return;
      if (stream.write(text)) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        stream.once('drain', settle);
        if (closed) settle();
      });
    },
    get closed() {
      return closed;
    },
    isTerminal,
    color: wantsColor(isTerminal, noColorFlag, env),
    width: Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns)),
  };
}
