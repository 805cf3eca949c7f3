import type { Nanoseconds, TimeUnit } from '../../base/time.ts';
import type { ClockInfo } from '../format.ts';
import type { TimeOptions } from './metadata.ts';

// trace_clocks[] in kernel/trace/trace.c, those with in_ns; tsc2nsec: trace-cmd's own. `boot` is one of them, though
// trace-cmd report (3.3) prints it as bare numbers.
const IN_NANOSECONDS = new Set(['local', 'global', 'perf', 'mono', 'mono_raw', 'boot', 'tai', 'tsc2nsec']);
const CLOCK_NAME = /^[a-z][a-z0-9_-]{0,23}$/;

/** Turns what was recorded into times as trace-cmd report prints them: timestamp_calc() in lib/trace-cmd/trace-input.c. */
export class RecordClock implements ClockInfo {
  readonly name: string;
  readonly unit: TimeUnit;
  readonly #options: TimeOptions;

  /** @param clock as tracefs' trace_clock names it. */
  constructor(clock: string, options: TimeOptions) {
    this.#options = options;
    this.unit = IN_NANOSECONDS.has(clock) || options.tsc !== null ? 'ns' : 'ticks';
    this.name = nameOf(clock, options, this.unit);
  }

  /** @param recorded nanoseconds or ticks, 64 bits. */
  time(recorded: bigint): Nanoseconds {
    const { tsc, offset } = this.#options;
    if (tsc === null) return recorded + offset;
    const low = ((recorded & 0xffffffffn) * tsc.multiplier) >> tsc.shift;
    const high = ((recorded >> 32n) * tsc.multiplier) << (32n - tsc.shift);
    return BigInt.asUintN(64, low + high) + offset;
  }
}

function nameOf(clock: string, { offset, date, tsc }: TimeOptions, unit: TimeUnit): string {
  if (!CLOCK_NAME.test(clock)) return 'ftrace';
  if (date && unit === 'ns') return 'wall';
  const name = tsc === null ? clock : 'tsc2nsec';
  // The user moved it: it is none of the kernel's clocks any more.
  return offset === 0n ? name : `${name}-shifted`;
}
