import type { Line } from './histories.ts';

/**
 * A history as two sources of one boot, constructed: no capture at hand holds printk:console beside the log of the same run. A
 * trace clock may begin anywhere against printk's, and a message is stamped twice, the second time some microseconds later.
 */
export interface Split {
  readonly log: string;
  readonly trace: string;
}

export interface SplitOptions {
  /** Microseconds between lines. */
  readonly stepUs?: number;
  /** Microseconds by which the second source's clock is ahead. */
  readonly offsetUs?: number;
  /** Microseconds that pass between the two stamps of the n-th message. */
  readonly delay?: (n: number) => number;
}

const START_US = 10_000_000;
/** Messages that both hold stand before the history, in it every half second or so, and behind it. */
const MESSAGE_EVERY_US = 450_000;
const LEAD_US = 1_800_000;

export function stamp(us: number): string {
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

export function row(us: number, task: number, text: string, cpu = 0): string {
  return `            qemu-${task}     [${String(cpu).padStart(3, '0')}] ...1. ${stamp(us).padStart(12)}: ${text}`;
}

export function dmesg(us: number, message: string): string {
  return `[${stamp(us).padStart(12)}] ${message}`;
}

/** Unique messages of other functions, of no interest to any rule. */
export function message(n: number): string {
  return `pcieport 0000:${(0xe0 + (n % 16)).toString(16)}:00.0: PME: Signaling with IRQ ${100 + n}`;
}

/** Two traces (two ftrace instances) with the same messages: the lines for which `second` holds stand in the second one. */
export function splitTraces(
  lines: readonly Line[],
  second: (line: Line) => boolean,
  options: SplitOptions = {},
): [string, string] {
  const { stepUs = 1370, offsetUs = 123_456, delay = () => 3 } = options;
  const one: [number, string][] = [];
  const two: [number, string][] = [];
  for (const [index, line] of lines.entries()) {
    const us = START_US + LEAD_US + index * stepUs;
    if (second(line)) two.push([us, row(us + offsetUs, line.task, line.text)]);
    else one.push([us, row(us, line.task, line.text)]);
  }
  for (const [n, us] of messageTimes(lines.length, stepUs).entries()) {
    one.push([us, row(us, 1, `console: ${message(n)}`)]);
    two.push([us, row(us + offsetUs + delay(n), 1, `console: ${message(n)}`)]);
  }
  const text = (rows: [number, string][]) =>
    ['# tracer: nop', '#', ...rows.sort(([a], [b]) => a - b).map(([, line]) => line), ''].join('\n');
  return [text(one), text(two)];
}

/** The same lines as one trace with the same messages: what {@link splitTraces} is measured against. */
export function wholeTrace(lines: readonly Line[], { stepUs = 1370 }: SplitOptions = {}): string {
  const rows: [number, string][] = lines.map((line, index) => {
    const us = START_US + LEAD_US + index * stepUs;
    return [us, row(us, line.task, line.text)];
  });
  for (const [n, us] of messageTimes(lines.length, stepUs).entries())
    rows.push([us, row(us, 1, `console: ${message(n)}`)]);
  return ['# tracer: nop', '#', ...rows.sort(([a], [b]) => a - b).map(([, line]) => line), ''].join('\n');
}

function messageTimes(lines: number, stepUs: number): number[] {
  const end = START_US + LEAD_US + lines * stepUs + LEAD_US;
  const times: number[] = [];
  // Odd microseconds, and no regular distance: a regular one fits at several offsets.
  for (let us = START_US + 17; us < end; us += MESSAGE_EVERY_US + ((times.length * 7919) % 1000) * 100) times.push(us);
  return times;
}
