import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { makeSink, type OutputStream, wantsColor } from '../../src/commands/context.ts';

class FakeStream extends EventEmitter implements OutputStream {
  isTTY = false;
  columns = 80;
  isFull = false;
  readonly written: string[] = [];

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }
}

test.each([
  [true, false, {}, true],
  [false, false, {}, false],
  [true, true, { FORCE_COLOR: '1' }, false],
  [true, false, { NO_COLOR: '1' }, false],
  [true, false, { NO_COLOR: '' }, true],
  [true, false, { TERM: 'dumb' }, false],
  [false, false, { FORCE_COLOR: '1' }, true],
  [true, false, { FORCE_COLOR: '0' }, false],
])('terminal %s, --no-color %s, %j: colour %s', (isTerminal, noColor, env, expected) => {
  expect(wantsColor(isTerminal, noColor, env)).toBe(expected);
});

test('the width is that of the terminal within bounds, and fixed elsewhere', () => {
  const width = (isTTY: boolean, columns: number): number =>
    makeSink(Object.assign(new FakeStream(), { isTTY, columns }), false, {}).width;
  expect(width(true, 80)).toBe(80);
  expect(width(true, 300)).toBe(100);
  expect(width(true, 20)).toBe(60);
  expect(width(false, 80)).toBe(100);
});

test('a write waits until the stream wants more', async () => {
  const stream = Object.assign(new FakeStream(), { isFull: true });
  let isDone = false;
  const writing = makeSink(stream, false, {})
    .write('x')
    .then(() => {
      isDone = true;
    });
  await Promise.resolve();
  expect(isDone).toBe(false);
  stream.emit('drain');
  await writing;
  expect(isDone).toBe(true);
});

test('a reader that goes away ends the waiting, and what follows is dropped', async () => {
  const stream = Object.assign(new FakeStream(), { isFull: true });
  const sink = makeSink(stream, false, {});
  const writing = sink.write('x');
  stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await writing;
  expect(sink.closed).toBe(true);
  await sink.write('y');
  expect(stream.written).toEqual(['x']);
});

test('any other error of the stream is not swallowed', () => {
  const stream = new FakeStream();
  makeSink(stream, false, {});
  expect(() => stream.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }))).toThrow('no space');
});
