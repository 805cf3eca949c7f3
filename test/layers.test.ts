import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

// dependency-cruiser without a parser that reads TypeScript 7 finds no import at all and passes. So the check is checked.

const root = join(import.meta.dirname, '..');
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'tdi-trace-layers-'));
  for (const item of ['src', 'migrations', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    cpSync(join(root, item), join(copy, item), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterEach(() => rmSync(copy, { recursive: true }));

function depcruise(): { status: number | null; output: string } {
  const script = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const result = spawnSync(process.execPath, [script, 'src', '--config', '.dependency-cruiser.cjs'], {
    cwd: copy,
    encoding: 'utf8',
  });
  return { status: result.status, output: result.stdout + result.stderr };
}

test('imports run one way', () => {
  const { status, output } = depcruise();
  expect(output).toMatch(/no dependency violations found/);
  expect(status).toBe(0);
});

test('an import of values to the right fails the check', () => {
  appendFileSync(join(copy, 'src/base/bdf.ts'), "\nexport { TDISP_STATES } from '../model/states.ts';\n");
  const { status, output } = depcruise();
  expect(output).toMatch(/layer-base: src\/base\/bdf\.ts/);
  expect(status).not.toBe(0);
});

test('an import of types to the right fails the check', () => {
  appendFileSync(join(copy, 'src/model/states.ts'), "\nexport type { Headline } from '../report/headlines.ts';\n");
  const { status, output } = depcruise();
  expect(output).toMatch(/layer-model: src\/model\/states\.ts/);
  expect(status).not.toBe(0);
});
