import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const moduleOf = (name: string) => JSON.stringify(new URL(`../../bin/${name}.js`, import.meta.url).href);

/** In a process of its own: V8's flags are those of a whole process. */
const SCRIPT = `
import { Script } from 'node:vm';
import { getHeapSpaceStatistics } from 'node:v8';
import { setTimeout as wait } from 'node:timers/promises';
import { compileLate } from ${moduleOf('late-compiler')};
import { withUsualFlags } from ${moduleOf('v8-flags')};
import { limitYoungSpace } from ${moduleOf('young-space')};

const size = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size;
// V8 compares no more of a source than its length, and what this process compiled already it does not look for again.
const source = (number) => 'function f() { return ' + number + '; } f()';
const cachedData = new Script(source(1)).createCachedData();
const isTaken = (number) => new Script(source(number), { cachedData }).cachedDataRejected === false;

if (process.argv[1] === 'limited') limitYoungSpace();
if (process.argv[1] === 'late') compileLate();
let most = 0;
const turns = process.argv[1] === 'late' ? 0 : 150;
for (let turn = 0; turn < turns; turn++) {
  // Survives a scavenge or two, which is what lets V8 grow the space.
  const young = [];
  for (let i = 0; i < 60_000; i++) young.push([i, String(i), { i }]);
  const before = most;
  most = Math.max(most, size());
  // Whoever looks gets the time to.
  await wait(most > before ? 150 : 0);
}
process.stdout.write(JSON.stringify({ most, plain: isTaken(2), usual: withUsualFlags(() => isTaken(3)) }));
`;

function run(how: string): { most: number; plain: boolean; usual: boolean } {
  const flags = ['--input-type=module', '--min-semi-space-size=1', '--eval', SCRIPT, '--', how];
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8' }));
}

it('stops the growth of the space for young objects half way', () => {
  expect(run('free').most).toBeGreaterThan(48 * 1024 * 1024);
  expect(run('limited').most).toBeLessThan(40 * 1024 * 1024);
});

it('still takes the code that V8 kept', () => {
  // That V8 does not take it under changed flags is what withUsualFlags is for.
  expect(run('limited')).toMatchObject({ plain: false, usual: true });
});

it('still takes it where the last compiler waits, of the V8 that is known', () => {
  // Of another one nothing is changed.
  const isKnown = process.versions.v8.startsWith('13.6.');
  expect(run('late')).toMatchObject({ plain: !isKnown, usual: true });
});
