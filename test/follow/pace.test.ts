import { expect, test } from 'vitest';
import { Pace } from '../../src/follow/pace.ts';

function at(start: number): { pace: Pace; to: (ms: number) => void } {
  let now = start;
  return {
    pace: new Pace(() => now),
    to: (ms) => {
      now = ms;
    },
  };
}

test('nothing is due before anything came, and after all was judged', () => {
  const { pace, to } = at(0);
  expect(pace.dueIn()).toBe(Number.POSITIVE_INFINITY);
  pace.input();
  to(200);
  expect(pace.dueIn()).toBe(0);
  pace.judged(200);
  expect(pace.dueIn()).toBe(Number.POSITIVE_INFINITY);
});

test('it is judged 200 ms after the last input', () => {
  const { pace, to } = at(0);
  pace.input();
  to(150);
  pace.input();
  expect(pace.dueIn()).toBe(200);
  to(350);
  expect(pace.dueIn()).toBe(0);
});

test('an input that is never quiet is judged after a second', () => {
  const { pace, to } = at(0);
  for (let now = 0; now <= 1000; now += 100) {
    to(now);
    pace.input();
    expect(pace.dueIn()).toBe(Math.min(200, 1000 - now));
  }
});

test('after a judgement that took 300 ms the next one waits 1200 ms', () => {
  const { pace, to } = at(0);
  pace.input();
  to(500);
  pace.judged(200);
  to(600);
  pace.input();
  expect(pace.dueIn()).toBe(1100);
  to(1700);
  expect(pace.dueIn()).toBe(0);
});
