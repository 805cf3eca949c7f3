import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quietHint } from '../../src/commands/quiet-hint.ts';

let text: string;
const stderr = (isTerminal: boolean) => ({
  closed: false,
  isTerminal,
  color: false,
  width: 100,
  async write(more: string) {
    text += more;
  },
});

beforeEach(() => {
  text = '';
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const clear = vi.fn<() => void>();
const stdin = { readableEnded: false };
const heard = { path: '-', lines: 1, bytes: 1, totalBytes: null };
const HINT = 'tdi-trace: nothing comes from stdin; the report is made when it ends (--follow makes it on the way)\n';

test('three seconds after the last word it is told once', () => {
  const hint = quietHint(['a.log', '-'], { stderr: stderr(true) }, clear, stdin);
  vi.advanceTimersByTime(2999);
  hint.heard(heard);
  vi.advanceTimersByTime(2999);
  expect(text).toBe('');
  vi.advanceTimersByTime(1);
  expect(text).toBe(HINT);
  expect(clear).toHaveBeenCalledOnce();
  hint.heard(heard);
  vi.advanceTimersByTime(60_000);
  hint.end();
  expect(text).toBe(HINT);
});

test('nobody is told where nobody watches, where stdin is not read, or when all has been read', () => {
  quietHint(['-'], { stderr: stderr(false) }, clear, stdin);
  quietHint(['a.log'], { stderr: stderr(true) }, clear, stdin);
  quietHint(['-'], { stderr: stderr(true) }, clear, stdin).end();
  quietHint(['-'], { stderr: stderr(true) }, clear, { readableEnded: true });
  vi.advanceTimersByTime(60_000);
  expect(text).toBe('');
});
