// As much of vitest as the tests of model, replay and rules use: collects them, so that they can be run many times in one process.
import { isDeepStrictEqual } from 'node:util';

const tests = [];
globalThis.collected = tests;
let group = '';

const titled = (title, values) =>
  title.replace(/%[sdijo]/g, () => String(values.shift())).replace(/\$(\w+)/g, (_, key) => String(values[0]?.[key]));
const listed = (row) => (Array.isArray(row) ? row : [row]);

export function it(title, work) {
  tests.push({ name: `${group} ${title} #${tests.length}`, work });
}
it.each = (rows) => (title, work) => {
  for (const row of rows) it(titled(title, [...listed(row)]), () => work(...listed(row)));
};
export const test = it;

export function describe(title, work) {
  const outer = group;
  group = `${group} ${title}`;
  work();
  group = outer;
}
describe.each = (rows) => (title, work) => {
  for (const row of rows) describe(titled(title, [...listed(row)]), () => work(...listed(row)));
};

const asked = Symbol('asked');
const ask = (test) => ({ [asked]: test });

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** `some`: what is expected may be a part only. */
function alike(is, wanted, some = false) {
  if (isObject(wanted) && wanted[asked]) return wanted[asked](is);
  if (Object.is(is, wanted)) return true;
  if (!isObject(is) || !isObject(wanted) || Array.isArray(is) !== Array.isArray(wanted)) return false;
  if (wanted instanceof Set || wanted instanceof Map || wanted instanceof Date || wanted instanceof RegExp)
    return isDeepStrictEqual(is, wanted);
  if (Array.isArray(wanted)) return is.length === wanted.length && wanted.every((one, at) => alike(is[at], one, some));
  const keys = new Set([...Object.keys(wanted), ...(some ? [] : Object.keys(is))]);
  return [...keys].every((key) => alike(is[key], wanted[key], some));
}

const matches = (is, wanted) => (wanted instanceof RegExp ? wanted.test(is) : String(is).includes(wanted));
const holds = (is, wanted) => (typeof is === 'string' ? is.includes(wanted) : [...is].includes(wanted));

const MATCHERS = {
  toBe: (is, wanted) => Object.is(is, wanted),
  toEqual: alike,
  toBeNull: (is) => is === null,
  toBeUndefined: (is) => is === undefined,
  toBeGreaterThan: (is, wanted) => is > wanted,
  toBeGreaterThanOrEqual: (is, wanted) => is >= wanted,
  toBeLessThan: (is, wanted) => is < wanted,
  toBeLessThanOrEqual: (is, wanted) => is <= wanted,
  toContain: holds,
  toHaveLength: (is, wanted) => is.length === wanted,
  toHaveProperty: (is, key) => key in is,
  toMatch: matches,
  toMatchObject: (is, wanted) => alike(is, wanted, true),
  toThrow(is, wanted) {
    try {
      is();
    } catch (error) {
      return wanted === undefined || matches(error.message, wanted);
    }
    return false;
  },
};

export function expect(is) {
  const bound = { not: {} };
  for (const [name, test] of Object.entries(MATCHERS)) {
    for (const [to, right] of [
      [bound, true],
      [bound.not, false],
    ]) {
      to[name] = (...wanted) => {
        if (test(is, ...wanted) !== right) throw new Error(`${name}: ${shown(wanted)?.slice(0, 400)}`);
      };
    }
  }
  bound.rejects = {
    async toThrow(wanted) {
      const error = await Promise.resolve(is).then(
        () => undefined,
        (reason) => reason,
      );
      if (error === undefined || (wanted !== undefined && !matches(error.message, wanted)))
        throw new Error('rejects.toThrow');
    },
  };
  return bound;
}
expect.arrayContaining = (wanted) => ask((is) => wanted.every((one) => is.some((other) => alike(other, one))));
expect.stringContaining = (wanted) => ask((is) => typeof is === 'string' && is.includes(wanted));
expect.not = { stringContaining: (wanted) => ask((is) => !(typeof is === 'string' && is.includes(wanted))) };
expect.stringMatching = (wanted) => ask((is) => typeof is === 'string' && matches(is, wanted));

function shown(value) {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one));
}
