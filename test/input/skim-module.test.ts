import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a script of the build, without types.
import { compile } from '../../assembly/build.js';

test('the module is what its sources compile to', async () => {
  const kept = readFileSync(join(import.meta.dirname, '../../src/input/skim-module.ts'), 'utf8');
  expect(kept, 'run: npm run build:skim').toBe(await compile());
});
