import { expect, test } from 'vitest';
import { Repeated } from '../../src/base/repeated.ts';

test('what comes again is worked out once, also where it means nothing', () => {
  const asked: string[] = [];
  const repeated = new Repeated((text) => {
    asked.push(text);
    return text === 'nothing' ? null : { text };
  });
  expect(repeated.of('reset done')).toBe(repeated.of('reset done'));
  expect([repeated.of('nothing'), repeated.of('nothing')]).toEqual([null, null]);
  expect(asked).toEqual(['reset done', 'nothing']);
});

test('neither long texts nor many are kept', () => {
  let asked = 0;
  const repeated = new Repeated(() => ++asked);
  const long = 'x'.repeat(300);
  expect([repeated.of(long), repeated.of(long)]).toEqual([1, 2]);
  expect(repeated.of('first')).toBe(3);
  for (let i = 0; i < 2000; i++) repeated.of(`message ${i}`);
  expect(asked).toBe(2003);
  expect(repeated.of('first')).toBe(2004);
});
