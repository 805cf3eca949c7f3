import { describe, expect, test } from 'vitest';
import { HintFinder, literal } from '../../src/events/hints.ts';
import { CHUNK_MAX, Chunk } from '../../src/input/chunk.ts';
import { SkimEngine } from '../../src/input/skim-engine.ts';

const found = SkimEngine.get();
if (found === null) throw new Error('no first look');
const engine = found;
const HINTS = new HintFinder([literal('vfio'), literal('Machine Check')]).table;

const chunkOf = (text: string) => new Chunk(Buffer.from(text, 'latin1'));

/** How many lines are taken from the one at `start` on. */
function taken(chunk: Chunk, start = 0): number {
  return engine.messages(chunk, start, HINTS, null, 0)?.lines ?? 0;
}

describe('lines that nobody wants', () => {
  test('are taken up to the one that somebody wants, wherever the look begins, forwards or backwards', () => {
    const line = (i: number) => `[    0.${String(i).padStart(6, '0')}] ${i % 10 === 7 ? 'vfio' : 'usb'}\n`;
    const lines = Array.from({ length: 100 }, (_, i) => line(i));
    const chunk = chunkOf(lines.join(''));
    const startOf = (i: number) => lines.slice(0, i).join('').length;
    for (const i of [0, 8, 18, 19, 77, 98, 10, 8, 0]) {
      const next = lines.findIndex((text, at) => at >= i && text.includes('vfio'));
      const expected = (next < 0 ? lines.length : next) - i;
      expect(taken(chunk, startOf(i)), `from line ${i}`).toBe(expected);
    }
  });

  test('are as many as there are, also of a chunk with more of them than the scan keeps', () => {
    // 20 bytes are the shortest line with a head and a message; of empty ones there may be more than 65,536.
    const empty = '\n'.repeat(70_000);
    const lines = '[    0.000001] usbhid\n'.repeat(5_000);
    expect(taken(chunkOf(lines + empty))).toBe(5_000);
    const chunk = chunkOf(empty + lines);
    // Where line feeds were not kept, the lines are left to the parsers.
    expect(taken(chunk, empty.length)).toBe(0);
    expect(engine.isWanted(chunk, empty.length, empty.length + 10, HINTS)).toBe(true);
    expect(taken(chunk)).toBe(0);
    expect(taken(chunkOf(lines))).toBe(5_000);
  });

  test('are none behind more of what is wanted than the scan keeps', () => {
    const hits = `[    0.000001] ${'vfio'.repeat(10_000)}\n`;
    const wanted = '[    0.000002] vfio\n';
    const other = '[    0.000003] usbx\n';
    const chunk = chunkOf(hits + other + wanted);
    expect(taken(chunk)).toBe(0);
    // It is no longer known what is wanted: all of it may be.
    expect(taken(chunk, hits.length)).toBe(0);
    const few = chunkOf(`[    0.000001] ${'vfio'.repeat(1_000)}\n${other}${wanted}`);
    expect(taken(few, few.bytes.indexOf(10) + 1)).toBe(1);
  });

  test('a chunk of the greatest length', () => {
    const line = '[    0.000001] usb x\n';
    const text = line.repeat(Math.floor(CHUNK_MAX / line.length));
    expect(taken(chunkOf(text))).toBe(text.length / line.length);
    const last = `${text.slice(0, -3)}vfio\n`;
    const wanted = chunkOf(last.slice(last.length - CHUNK_MAX));
    expect(engine.isWanted(wanted, wanted.bytes.length - 8, wanted.bytes.length - 1, HINTS)).toBe(true);
  });

  test('what another search looks for is not what was found for the one before', () => {
    const chunk = chunkOf('[    0.000001] vfio\n[    0.000002] usb\n');
    expect(taken(chunk)).toBe(0);
    const others = new HintFinder([literal('usb ')]).table;
    expect(engine.messages(chunk, 0, others, null, 0)?.lines).toBe(2);
    expect(taken(chunk)).toBe(0);
  });
});
