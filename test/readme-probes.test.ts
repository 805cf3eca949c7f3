import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { symbolRow } from '../src/events/index.ts';
import { Trace } from './identity/read.ts';

// What the README tells people to record is what the catalogue knows, down to the names of the fields.
const README = readFileSync('README.md', 'utf8');
const A = '0000:02:00.0';

interface Probe {
  readonly symbol: string;
  readonly isReturn: boolean;
  /** `bdf=pdev->dev.kobj.name:string` as name and type. */
  readonly fields: readonly (readonly [string, string])[];
}

const PROBES: readonly Probe[] = [...README.matchAll(/^f:tdi\/\w+ (\w+)(%return)?((?: \S+)*)$/gm)].map(
  ([, symbol = '', isReturn, fields = '']) => ({
    symbol,
    isReturn: isReturn !== undefined,
    fields: [...fields.matchAll(/ (\w+)=\S+?:(\w+)(?= |$)/g)].map(([, name = '', type = '']) => [name, type] as const),
  }),
);

/** What the tracer prints for a field of this type. */
function printed(type: string): string {
  if (type === 'string') return `"${A}"`;
  return type.startsWith('x') ? '0x4' : '0';
}

test('there is a list of them', () => {
  expect(PROBES.length).toBeGreaterThanOrEqual(20);
});

describe.each(PROBES)('$symbol, return: $isReturn', ({ symbol, isReturn, fields }) => {
  test('is an event of the device that it names', async () => {
    const trace = new Trace();
    const text = fields.map(([name, type]) => `${name}=${printed(type)}`).join(' ');
    // A return that fetches nothing is of the device of its call.
    if (isReturn && fields.length === 0) trace.enter('sh-60', symbol, `bdf="${A}"`);
    const line = isReturn ? trace.leave('sh-60', symbol, text) : trace.enter('sh-60', symbol, text);
    const { at } = await trace.read();
    expect(at(line)).toMatchObject({ device: A, certainty: 'exact', phase: isReturn ? 'exit' : 'enter' });
    expect(at(line).kind).not.toBe('call');
    if (fields.some(([name]) => name === 'ret')) expect(at(line).outcome).toBe('ok');
  });

  test('fetches nothing that is not read', () => {
    const row = symbolRow(symbol);
    const read = new Set([
      ...(row?.subject?.arguments ?? []),
      ...(row?.handles ?? []).flatMap((handle) => handle.arguments),
      ...Object.values(row?.keeps ?? {}).flat(),
      ...(isReturn ? ['ret'] : []),
    ]);
    // An address is one whatever its field is called.
    const others = fields.filter(([name, type]) => type !== 'string' && !read.has(name));
    expect(others.map(([name]) => name)).toEqual([]);
  });
});

test('bpftrace prints calls of functions that the catalogue knows', () => {
  const symbols = [...README.matchAll(/\bkr?e?t?probe:(\w+)/g)].map(([, symbol = '']) => symbol);
  expect(symbols.length).toBeGreaterThanOrEqual(8);
  expect(symbols.filter((symbol) => symbolRow(symbol) === null || symbolRow(symbol) === undefined)).toEqual([]);
});
