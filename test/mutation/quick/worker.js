// Loads the bundle of quick/run.js, and runs the tests that reach a fault until one of them finds it.
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import '../../support/seed.ts';

globalThis.readCases = workerData.cases;
const url = pathToFileURL(workerData.bundle).href;
const faults = {};
globalThis.__stryker__ = faults;

async function load(id) {
  await import(`${url}?fault=${id}`);
  const tests = globalThis.collected;
  return tests;
}

async function dry() {
  faults.activeMutant = undefined;
  faults.mutantCoverage = { static: {}, perTest: {} };
  const tests = await load('none');
  const failed = [];
  const times = {};
  for (const { name, work } of tests) {
    faults.currentTestId = name;
    const from = performance.now();
    try {
      await work();
    } catch (error) {
      failed.push(`${name}: ${String(error?.message ?? error).slice(0, 600)}`);
      delete faults.mutantCoverage.perTest[name];
      times[name] = -1;
      continue;
    }
    times[name] = performance.now() - from;
  }
  const { static: atLoad, perTest } = faults.mutantCoverage;
  const reach = {};
  const hits = {};
  for (const [name, found] of Object.entries(perTest)) {
    if (times[name] < 0) continue;
    for (const [id, count] of Object.entries(found)) {
      reach[id] ??= [];
      reach[id].push(name);
      hits[id] = (hits[id] ?? 0) + count;
    }
  }
  for (const [id, count] of Object.entries(atLoad)) hits[id] = (hits[id] ?? 0) + count;
  for (const names of Object.values(reach)) names.sort((a, b) => times[a] - times[b]);
  const all = Object.keys(times)
    .filter((name) => times[name] >= 0)
    .sort((a, b) => times[a] - times[b]);
  return { failed, tests: all.length, all, reach, hits, atLoad: Object.keys(atLoad) };
}

/** Tests that found the faults before, latest first: what is about the same file is likely found by them, too. */
let finders = [];

let loaded = null;

async function collected(id) {
  const byName = new Map();
  for (const { name, work } of await load(id)) byName.set(name, work);
  return byName;
}

async function run(id, fresh) {
  const { reach, hits, atLoad, all } = workerData.known;
  const isStatic = atLoad.includes(id);
  const names = isStatic ? all : reach[id];
  if (names === undefined) return { status: 'NoCoverage' };
  faults.mutantCoverage = undefined;
  faults.hitCount = 0;
  faults.hitLimit = (hits[id] ?? 0) * 100 + 1000;
  const isOver = () => faults.hitCount > faults.hitLimit;
  if (isStatic || fresh) {
    faults.activeMutant = id;
    loaded = null;
  }
  let tests = loaded;
  if (tests === null) {
    loads += 1;
    try {
      tests = await collected(`${id}-${loads}`);
    } catch {
      return { status: isOver() ? 'Timeout' : 'Error' };
    }
    if (!isStatic && !fresh) loaded = tests;
  }
  const reaching = new Set(names);
  const likely = finders.filter((name) => reaching.has(name));
  for (const name of new Set([...likely, ...names])) {
    faults.activeMutant = id;
    try {
      await tests.get(name)();
    } catch {
      const status = isOver() ? 'Timeout' : 'Killed';
      if (!isStatic && !fresh) {
        // What an earlier fault left behind is not the work of this one.
        faults.activeMutant = undefined;
        try {
          await tests.get(name)();
        } catch {
          return run(id, true);
        }
      }
      finders = [name, ...finders.filter((one) => one !== name)].slice(0, 12);
      return { status, by: name };
    }
  }
  return { status: isOver() ? 'Timeout' : 'Survived' };
}

let loads = 0;

parentPort.on('message', async ({ type, id, fresh }) => {
  parentPort.postMessage(type === 'dry' ? await dry() : await run(id, fresh));
});
