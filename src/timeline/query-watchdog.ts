/**
 * A thread of the query process: ends the process when its time is over even though SQLite holds the main thread, should the
 * parent have died and not be there to do it. `workerData`: milliseconds.
 */
import { workerData } from 'node:worker_threads';

setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(workerData));
