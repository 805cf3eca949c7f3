/**
 * A thread of the query process: ends the process even though SQLite holds the main thread, when its time is over or when
 * the parent has died and is not there to do it.
 */
import { workerData } from 'node:worker_threads';
import type { Watch } from './query-worker.ts';

/** How often we look whether the parent is still there. */
const LOOK_MS = 200;

const { lifetimeMs, parent } = workerData as Watch;

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

setTimeout(end, lifetimeMs);
// An orphan is given another parent, save on Windows, where only the time limit is left.
if (process.platform !== 'win32') {
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, LOOK_MS);
}
