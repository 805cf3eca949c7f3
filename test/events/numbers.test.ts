import { describe, expect, test } from 'vitest';
import { parseInteger, parseNumber, parseReturn, parseZeroOrError, plainReturn } from '../../src/events/numbers.ts';

test.each([
  ['0', 0n],
  ['42', 42n],
  ['-22', -22n],
  ['0x0', 0n],
  ['0x3b6f', 0x3b6fn],
  ['0xFFFFFFEA', 0xffffffean],
  ['0xfffffffffffffffa', 0xfffffffffffffffan],
  ['18446744073709551615', 0xffffffffffffffffn],
  ['', null],
  ['-', null],
  ['0x', null],
  ['3b6f', null],
  ['12a', null],
  ['1.5', null],
  [' 1', null],
  ['1 [PCI_TSM_REQ_STATE_CHANGE]', null],
  ['(fault)', null],
  ['0x1ffffffffffffffff', null],
  ['100000000000000000000000', null],
])('parseNumber %s', (text, value) => {
  expect(parseNumber(text)).toBe(value);
});

test.each([
  [undefined, null],
  ['0x105', 0x105],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', null],
  ['0xffffffffffffffff', null],
])('parseInteger %s', (text, value) => {
  expect(parseInteger(text)).toBe(value);
});

describe('parseReturn', () => {
  // Of an int or a ssize_t: the register, printed signed or not, 32 or 64 bits wide.
  test.each([
    ['0', 'ok', 0],
    ['0x0', 'ok', 0],
    ['20', 'ok', 20],
    ['0x14', 'ok', 20],
    ['-22', 'failed', -22],
    ['0xffffffea', 'failed', -22],
    ['0xffffffffffffffea', 'failed', -22],
    ['0xfffffffffffffffa', 'failed', -6],
    ['18446744073709551610', 'failed', -6],
    ['4294967274', 'failed', -22],
    ['-4095', 'failed', -4095],
    ['0xfffff001', 'failed', -4095],
    // No errno: the function says something else with it.
    ['-4096', 'ok', -4096],
    ['0xfffff000', 'ok', null],
    ['0x7fffffff', 'ok', 0x7fffffff],
    ['0x80000000', 'ok', null],
    ['(fault)', 'unknown', null],
    ['', 'unknown', null],
  ])('%s of a number', (text, outcome, code) => {
    expect(parseReturn(text, false)).toEqual({ outcome, code });
  });

  test.each([
    ['0xffff88810a3c2c00', 'ok', null],
    ['0xfffffffffffffff0', 'failed', -16],
    ['-16', 'failed', -16],
    ['0xfffffffffffff001', 'failed', -4095],
    ['0xfffffffffffff000', 'ok', null],
    // A pointer on no 64-bit machine; but no error either, since ERR_PTR() is as wide as a pointer.
    ['0xfffffff0', 'ok', null],
    ['0x0', 'failed', null],
  ])('%s of a pointer', (text, outcome, code) => {
    expect(parseReturn(text, true)).toEqual({ outcome, code });
  });
});

describe('parseZeroOrError', () => {
  test.each([
    ['0', 'ok', 0],
    ['0x0', 'ok', 0],
    ['-22', 'failed', -22],
    ['0xffffffea', 'failed', -22],
    ['18446744073709551594', 'failed', -22],
    // Of 16 bits: the least and the greatest errno that there is, and what is none.
    ['0xffea', 'failed', -22],
    ['65535', 'failed', -1],
    ['0xf001', 'failed', -4095],
    ['0xf000', 'unknown', null],
    ['0x1ffea', 'unknown', null],
    ['1', 'unknown', null],
    ['0xff1100011c2a8000', 'unknown', null],
    ['none', 'unknown', null],
  ] as const)('%s: %s', (text, outcome, code) => {
    expect(parseZeroOrError(text)).toEqual({ outcome, code });
  });
});

describe('plainReturn', () => {
  test.each([
    ['-5', '-5'],
    ['-5\r', '-5'],
    ['-5^M', '-5'],
    ['-5\x1b[0m', '-5'],
    ['-5ESC[0m', '-5'],
    ['-5\u00a0', '-5'],
    ['-5\u200b', '-5'],
    ['\u22125', '-5'],
    ['\u20135', '-5'],
    ['-EIO', '-5'],
    ['-EPROBE_DEFER', '-517'],
    ['0xfffffffb   <--- fails here', '0xfffffffb'],
    ['-5 // -EIO', '-5'],
  ])('%j is certain to be %s', (text, number) => {
    expect(plainReturn(text)).toBe(number);
  });

  test.each([
    '',
    '-5,',
    '-5;',
    '5-',
    '...',
    '-...',
    '<redacted>',
    '3D-5',
    '(fault)',
    'EIO',
    '-EFOO',
    '0 x5',
    '-1 2',
    '- 5',
    '**-5**',
  ])('%j is no number that is certain', (text) => {
    expect(parseNumber(plainReturn(text))).toBeNull();
  });
});
