import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';
import { analyse } from 'scslre';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A hostile line must not make a pattern try the same characters again and again: 64 KiB of blanks in a quadratic one are
// some seconds, and a log has millions of lines. Repetitions with a bound are left to the review.
const SRC = join(import.meta.dirname, '../../src');

/** Patterns whose text somebody else bounds. */
const BOUNDED: Readonly<Record<string, string>> = {
  'input/tar.ts': 'a field of twelve bytes',
};

interface Pattern {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

function literals(file: string): Pattern[] {
  const found: Pattern[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && node.type === 'RegExpLiteral' && 'pattern' in node && 'flags' in node) {
      found.push({ file, source: String(node.pattern), flags: String(node.flags) });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(readFileSync(join(SRC, file), 'utf8'), { syntax: 'typescript', target: 'es2024' }));
  return found;
}

function superLinear({ source, flags }: Pick<Pattern, 'source' | 'flags'>): string[] {
  return analyse({ source, flags }).reports.map(({ type }) => type);
}

const files = (readdirSync(SRC, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts')).sort();

describe('patterns', () => {
  const built: Pattern[] = [];
  const real = globalThis.RegExp;

  // What is put together of pieces is known only when its file is loaded.
  beforeAll(async () => {
    for (const file of files.filter((name) => /^(?:base|formats|events)\//.test(name))) {
      globalThis.RegExp = new Proxy(real, {
        construct(target, parts: [string, string?]) {
          const made = new target(...parts);
          built.push({ file, source: made.source, flags: made.flags });
          return made;
        },
      });
      await import(join(SRC, file));
    }
    globalThis.RegExp = real;
  }, 60_000);
  afterAll(() => {
    globalThis.RegExp = real;
  });

  test('the check sees what it is for', () => {
    expect(superLinear({ source: '^"(\\w{1,16})": *(.*?),?$', flags: '' })).not.toEqual([]);
    expect(superLinear({ source: '^(?:a+)+$', flags: '' })).not.toEqual([]);
    expect(superLinear({ source: '\\s+$', flags: '' })).not.toEqual([]);
    expect(superLinear({ source: '^a{1,8} b*$', flags: '' })).toEqual([]);
  });

  test('literals take a time that grows with the line only', () => {
    const all = files.flatMap(literals);
    expect(all.length).toBeGreaterThan(250);
    const slow = all.filter((pattern) => BOUNDED[pattern.file] === undefined && superLinear(pattern).length > 0);
    expect(slow).toEqual([]);
  });

  test('so do those that are put together', () => {
    expect(built.length).toBeGreaterThan(20);
    expect(built.filter((pattern) => superLinear(pattern).length > 0)).toEqual([]);
  });
});
