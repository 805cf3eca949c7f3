/** Milliseconds that only grow, for measuring. `performance.now()` the first time loads ten modules of Node, 1 ms of a start. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
