import type { Progress } from '../analysis.ts';
import { monotonicMs } from '../base/clock.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import type { Sink } from './context.ts';

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;
const ERASE = '\r\u001b[K';

export interface ProgressLine {
  update(progress: Progress): void;
  /** Takes the line away; to be called before anything else is written. */
  end(): void;
}

/** How far the reading is, on one line of a terminal; only for work that takes longer than a second. */
export function progressLine(stderr: Sink): ProgressLine {
  const start = monotonicMs();
  let last = start + FIRST_AFTER_MS - EVERY_MS;
  let isShown = false;
  return {
    update(progress) {
      const now = monotonicMs();
      if (!stderr.isTerminal || now - last < EVERY_MS) return;
      last = now;
      isShown = true;
      void stderr.write(ERASE + describe(progress, stderr.width));
    },
    end() {
      if (isShown) void stderr.write(ERASE);
      isShown = false;
    },
  };
}

function describe({ path, lines, bytes, totalBytes }: Progress, width: number): string {
  const done =
    totalBytes === null || totalBytes === 0
      ? `${Math.round(bytes / 1e6)} MB`
      : `${Math.min(100, Math.floor((100 * bytes) / totalBytes))} %`;
  const text = `reading ${escapeForTerminal(path)}: ${lines} lines, ${done}`;
  return Array.from(text)
    .slice(0, width - 1)
    .join('');
}
