import { expect, test } from 'vitest';
import { Page } from '../../src/report/page.ts';

const page = (width = 40): Page => new Page(width, false);

test('a paragraph is broken at blanks, words stay whole', () => {
  const p = page(20);
  p.paragraph(2, '- ', 'one two three four averyveryverylongword five', 4);
  expect(p.toString()).toBe('  - one two three\n    four\n    averyveryverylongword\n    five\n');
});

test('an empty paragraph still shows its lead', () => {
  const p = page();
  p.paragraph(2, 'why: ', '');
  expect(p.toString()).toBe('  why: \n');
});

test('a log line that fits is shown as it is', () => {
  const p = page();
  p.cut(2, 'a  b   c');
  expect(p.toString()).toBe('  a  b   c\n');
});

test('a log line takes two rows, broken at a blank, and is then cut with a mark', () => {
  const p = page(40);
  p.cut(0, `${'word '.repeat(30)}`, 2);
  const rows = p.toString().trimEnd().split('\n');
  expect(rows).toHaveLength(2);
  expect(rows[0]).toBe('word word word word word word word word');
  expect(rows[1]).toMatch(/^ {4}word.* \[\.\.\.\]$/);
  expect(rows.every((row) => row.length <= 40)).toBe(true);
});

test('a line that was cut when it was read is marked even if it fits', () => {
  const p = page();
  p.cut(0, 'short', 1, true);
  expect(p.toString()).toBe('short [...]\n');
});

test('no two empty lines, none at the top', () => {
  const p = page();
  p.blank();
  p.line(0, 'a');
  p.blank();
  p.blank();
  p.line(0, 'b');
  expect(p.toString()).toBe('a\n\nb\n');
});
