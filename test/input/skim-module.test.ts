import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a script of the build, without types.
import { compile } from '../../assembly/build.js';
import { CHUNK_MAX } from '../../src/input/chunk.ts';
import { MAX_LINE } from '../../src/input/lines.ts';

test('both sides have the same room for a chunk and for a line', () => {
  const layout = readFileSync(join(import.meta.dirname, '../../assembly/layout.ts'), 'utf8');
  const line = readFileSync(join(import.meta.dirname, '../../assembly/line.ts'), 'utf8');
  expect(Number(/CHUNK_MAX: i32 = (0x[0-9a-f]+);/.exec(layout)?.[1])).toBe(CHUNK_MAX);
  expect(line).toContain(`MAX_LINE: usize = ${MAX_LINE / 1024} * 1024;`);
});

test('the module is what its sources compile to', async () => {
  const kept = readFileSync(join(import.meta.dirname, '../../src/input/skim-module.ts'), 'utf8');
  expect(kept, 'run: npm run build:skim').toBe(await compile());
});
