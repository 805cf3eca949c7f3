import { describe, expect, test } from 'vitest';
import type { Platform } from '../../src/model/states.ts';
import { type Holding, holding, ifOfOneMachine } from '../../src/rules/holding.ts';
import { type Rule, UNBINDS } from '../../src/rules/rule.ts';
import { OPTIONS } from './step.ts';

// Teardown orders differ by platform: a rule of one is not asked on another.

const ruleOn = (...platforms: Platform[]) => ({ doc: { platforms } }) as unknown as Rule;
const [INTEL, ARM, X86, EVERY] = [
  ruleOn('tdx'),
  ruleOn('cca'),
  ruleOn('tdx', 'sev-tio'),
  ruleOn('tdx', 'sev-tio', 'cca', 'generic'),
];

/** Of a rule for TDX, for Arm, for both of x86, and for every platform. */
const all = (options: { platform?: Platform; x86?: boolean; perhaps?: readonly Platform[] }): Holding[] =>
  [INTEL, ARM, X86, EVERY].map((rule) => holding(rule, { ...OPTIONS, ...options }));

test('on a platform that is known it holds, or it does not', () => {
  expect(all({ platform: 'tdx' })).toEqual(['yes', 'no', 'yes', 'yes']);
  expect(all({ platform: 'sev-tio' })).toEqual(['no', 'no', 'yes', 'yes']);
  expect(all({ platform: 'cca' })).toEqual(['no', 'yes', 'no', 'yes']);
  // What other inputs prove is no question then.
  expect(all({ platform: 'tdx', perhaps: ['cca'] })).toEqual(['yes', 'no', 'yes', 'yes']);
});

test('on an undecided one what holds everywhere holds', () => {
  expect(all({})).toEqual(['undecided', 'undecided', 'undecided', 'yes']);
});

test('on x86 what holds on both of its platforms holds', () => {
  expect(all({ x86: true })).toEqual(['undecided', 'undecided', 'yes', 'yes']);
  expect(holding(ruleOn('sev-tio'), { ...OPTIONS, x86: true })).toBe('undecided');
});

describe('where another input proves a platform', () => {
  test('its rules hold if the inputs are of one machine', () => {
    expect(all({ perhaps: ['tdx'] })).toEqual(['perhaps', 'undecided', 'perhaps', 'yes']);
    expect(all({ perhaps: ['cca'] })).toEqual(['undecided', 'perhaps', 'undecided', 'yes']);
    expect(all({ x86: true, perhaps: ['tdx'] })).toEqual(['perhaps', 'undecided', 'yes', 'yes']);
  });

  test('what does not hold on each that it may be is not asked', () => {
    expect(all({ perhaps: ['tdx', 'sev-tio'] })).toEqual(['undecided', 'undecided', 'perhaps', 'yes']);
    // Not on Arm, where the other input may be from.
    expect(holding(ruleOn('tdx', 'sev-tio', 'generic'), { ...OPTIONS, perhaps: ['cca'] })).toBe('undecided');
  });
});

test('what holds only if two inputs are of one machine is a suspicion, and says so', () => {
  const bare = { wrongIn: () => true, summary: 'x' };
  const options = { ...OPTIONS, perhaps: ['tdx', 'sev-tio'] as const };
  const granted = 'this input is of the same machine as the one that proves the platform to be tdx or sev-tio';
  const confirm = 'if the inputs are of one machine, say so: --platform tdx or sev-tio';
  expect(ifOfOneMachine(bare, options)).toEqual({
    ...bare,
    atMost: 'possible',
    takesForGranted: [granted],
    toConfirm: [confirm],
  });
  // What would put the operation right cannot make it more than that.
  const charge = {
    ...bare,
    atMost: 'probable',
    rightedBy: { by: UNBINDS },
    takesForGranted: ['a'],
    toConfirm: ['b'],
  } as const;
  expect(ifOfOneMachine(charge, options)).toEqual({
    ...bare,
    atMost: 'possible',
    rightedBy: { by: UNBINDS, otherwiseAtMost: 'possible' },
    takesForGranted: ['a', granted],
    toConfirm: ['b', confirm],
  });
});
