import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STREAM_EVENTS } from '../src/model/ide.ts';
import { LINK_OPERATIONS } from '../src/model/link.ts';
import { PLATFORM_PROFILES } from '../src/model/platforms.ts';
import { FUNCTION_REGISTERS } from '../src/model/registers.ts';
import { PLATFORMS } from '../src/model/states.ts';
import { DEVICE_EVENTS, TDISP_REQUESTS } from '../src/model/tdisp.ts';
import { RULES } from '../src/rules/index.ts';
import { BUGS, platformsOf, UNSEEDED } from './support/history/bugs.ts';
import { DRIVERS } from './support/history/drivers.ts';
import { MOVES, rowName, UNSEEN } from './support/history/moves.ts';
import { legalOn } from './support/history/walk.ts';

// The tables of the model drive the histories of the soundness tests: what is added to one of them is generated, or its absence
// has a reason.

/** Everything that the model knows to happen. */
const ROWS: readonly string[] = [
  ...Object.keys(LINK_OPERATIONS).map((name) => `link ${name}`),
  ...Object.keys(TDISP_REQUESTS).map((name) => `tdisp ${name}`),
  ...Object.keys(DEVICE_EVENTS).map((name) => `device ${name}`),
  ...Object.keys(STREAM_EVENTS).map((name) => `stream ${name}`),
  // Those in capabilities stand elsewhere in each device.
  ...FUNCTION_REGISTERS.filter(({ place }) => place.in === 'header').map(({ name }) => `register ${name}`),
];
const MOVED = new Set(MOVES.flatMap(({ rows }) => rows.map(rowName)));
/** COMMAND has moves of its own, bit by bit. */
const BY_NAME = new Set(['register Command']);

test.each(ROWS)('%s is in the histories, or it is said why not', (row) => {
  const isMoved = MOVED.has(row) || BY_NAME.has(row);
  expect(isMoved !== Object.hasOwn(UNSEEN, row), row).toBe(true);
});

test('nothing is excused that the model does not know', () => {
  expect(Object.keys(UNSEEN).filter((row) => !ROWS.includes(row))).toEqual([]);
});

describe.each(PLATFORMS)('on %s', (platform) => {
  test('every step of the teardown can be traced', () => {
    const known = Object.keys(DRIVERS[platform].teardown);
    expect([...PLATFORM_PROFILES[platform].teardown].sort()).toEqual(known.sort());
  });

  test.each(RULES.filter(({ doc }) => doc.platforms.includes(platform)).map(({ doc }) => doc.id))(
    '%s has a bug that is seeded, or it is said why not',
    (rule) => {
      const seeded = BUGS.filter((bug) => bug.rule === rule && platformsOf(bug).includes(platform));
      expect(seeded.length > 0 !== (UNSEEDED[rule]?.[platform] !== undefined)).toBe(true);
    },
  );

  test('every move that is possible there is made in legal histories', () => {
    const made = new Set(
      fc
        .sample(legalOn(platform), { numRuns: 1500, seed: 1 })
        .flatMap((entries) => entries.map(({ step }) => step.replace(/#\d+$/, ''))),
    );
    const missing = MOVES.filter(({ name }) => !made.has(name)).map(({ name }) => name);
    expect(missing).toEqual(NOT_THERE[platform]);
  });
});

/** Requests that no driver of the platform sends by itself. */
const NOT_THERE: Readonly<Record<(typeof PLATFORMS)[number], readonly string[]>> = {
  generic: ['lock', 'start', 'stop', 'report', 'ask for the state', 'read the state back', 'keys refreshed'],
  tdx: ['lock', 'report', 'read the state back'],
  'sev-tio': ['lock', 'ask for the state'],
  cca: ['ask for the state'],
};

test('a bug names a rule that exists, and says why it is no more than probable', () => {
  const rules = new Set(RULES.map(({ doc }) => doc.id));
  expect(BUGS.filter(({ rule }) => !rules.has(rule))).toEqual([]);
  const unexplained = BUGS.filter(
    ({ verdict, because }) => typeof verdict === 'string' && verdict !== 'definite' && because === undefined,
  );
  expect(unexplained).toEqual([]);
});
