import type { Nanoseconds } from '../base/time.ts';
import { isDigit } from './text.ts';

const BLANK = 32;
const DOT = 46;
const COLON = 58;
const OPEN = 91;
const CLOSE = 93;
const DASH = 45;

/** `TASK_COMM_LEN` in include/linux/sched.h is 16 with the NUL; trace-cmd and others pad to it. */
const MAX_COMM = 16;
/** Where `[cpu]` can begin at the latest: a name, a pid, a tgid column. More would let a message imitate a row. */
const MAX_CPU_COLUMN = 64;
/** Flag characters: 4 before 5.17, 5 since, 7 with PREEMPT_RT; some room for what comes. */
const MAX_FLAGS = 12;

/**
 * trace-cmd report puts the buffer before the name where there are several, `  vfio:              drv-278  [001] ...`. Where
 * it read several files it puts their names there: those may be of host and guests, whose tasks are not to be mixed.
 */
const BUFFER = /^ *(?!\S*\.dat: $)[^\s:]{1,64}: $/;

/** Who ran, as printed before `[cpu]`; `task` is latin1. */
export interface RowTask {
  readonly task: string;
  readonly pid: number;
}

/**
 * Finds the parts of a row that trace_print_context() in kernel/trace/trace_output.c begins:
 *
 *     |    drv-278     |(    283) |[001] |..... |   85.758079:| sys_openat(...)
 *      comm - pid        tgid      cpu    flags   stamp
 *
 * tgid only with option record-tgid, flags not with noirq-info. One object serves all lines, since a trace has millions of
 * them and hardly any is kept: {@link scan} fills the fields, whose values hold until the next call.
 */
export class RowScanner {
  /** Column of `[`, -1 before the first row. It is the same in all rows of a trace, so it is tried first. */
  cpuColumn = -1;
  cpu = 0;
  /** Microseconds, or ticks: exact enough to see whether time falls. */
  stamp = 0;
  stampStart = 0;
  /** Index of the colon. */
  stampEnd = 0;
  /** The stamp has no dot: a clock that counts something else than seconds. */
  ticks = false;
  /** Where the text of the entry begins. */
  text = 0;

  /** True where `line` is a row. */
  scan(line: string): boolean {
    const column = this.cpuColumn;
    if (
      column >= 0 &&
      line.charCodeAt(column) === OPEN &&
      this.#scanFrom(line, column) &&
      this.#looksLikeTask(line, column)
    ) {
      return true;
    }
    return this.#search(line);
  }

  /** The exact time of the row that was scanned last. */
  time(line: string): Nanoseconds {
    return exactStamp(line.slice(this.stampStart, this.stampEnd));
  }

  /** Who ran, of the row that was scanned last. */
  who(line: string): RowTask | null {
    return rowTask(line, this.cpuColumn);
  }

  /**
   * The last `[cpu]` that fits counts, since a name can imitate one; but none behind what a name can be long, since a
   * message can as well.
   */
  #search(line: string): boolean {
    let column = line.lastIndexOf('[', MAX_CPU_COLUMN);
    while (column > 0) {
      if (this.#scanFrom(line, column) && rowTask(line, column) !== null) {
        this.cpuColumn = column;
        return true;
      }
      column = line.lastIndexOf('[', column - 1);
    }
    return false;
  }

  /** A cheap look at what stands before a column that fitted the line before. */
  #looksLikeTask(line: string, column: number): boolean {
    const before = line.charCodeAt(column - 1);
    return before === BLANK || before === 41;
  }

  #scanFrom(line: string, column: number): boolean {
    const length = line.length;
    let at = column + 1;
    let cpu = 0;
    let code = 0;
    for (; at < length; at++) {
      code = line.charCodeAt(at);
      if (!isDigit(code)) break;
      cpu = cpu * 10 + code - 48;
    }
    if (code !== CLOSE || at === column + 1 || at > column + 7) return false;
    at++;
    while (at < length && line.charCodeAt(at) === BLANK) at++;
    if (at >= length) return false;
    if (!isDigit(line.charCodeAt(at))) {
      const flags = at;
      while (at < length && line.charCodeAt(at) !== BLANK) at++;
      if (at - flags > MAX_FLAGS) return this.#scanGlued(line, flags, at, cpu);
      while (at < length && line.charCodeAt(at) === BLANK) at++;
    }
    return this.#scanStamp(line, at, cpu);
  }

  /** trace-cmd leaves no blank before a long stamp: `...2.1029235772405:`. Flags end in a dot or a hex digit. */
  #scanGlued(line: string, start: number, end: number, cpu: number): boolean {
    return line.charCodeAt(end - 1) === COLON && this.#scanStamp(line, start + 5, cpu);
  }

  #scanStamp(line: string, start: number, cpu: number): boolean {
    const length = line.length;
    let at = start;
    let value = 0;
    let code = 0;
    for (; at < length; at++) {
      code = line.charCodeAt(at);
      if (!isDigit(code)) break;
      value = value * 10 + code - 48;
    }
    if (at === start || at - start > 20 || at >= length) return false;
    let ticks = true;
    if (code === DOT) {
      ticks = false;
      const dot = at++;
      let fraction = 0;
      for (; at < length; at++) {
        code = line.charCodeAt(at);
        if (!isDigit(code)) break;
        fraction = fraction * 10 + code - 48;
      }
      const digits = at - dot - 1;
      if (digits === 6) value = value * 1e6 + fraction;
      else if (digits === 9) value = value * 1e6 + fraction / 1e3;
      else return false;
    }
    if (code !== COLON) return false;
    this.cpu = cpu;
    this.stamp = value;
    this.stampStart = start;
    this.stampEnd = at;
    this.ticks = ticks;
    at++;
    while (at < length && line.charCodeAt(at) === BLANK) at++;
    this.text = at;
    return true;
  }
}

/** Nanoseconds of a stamp with six or nine digits behind the dot, else ticks. The text was scanned before. */
export function exactStamp(text: string): Nanoseconds {
  const dot = text.indexOf('.');
  if (dot < 0) return BigInt(text);
  return BigInt(text.slice(0, dot)) * 1_000_000_000n + BigInt(text.slice(dot + 1).padEnd(9, '0'));
}

/** Name and pid before the column of `[`, or null. The pid follows the last dash: names hold dashes too (`kworker/u8:1-14`). */
export function rowTask(line: string, column: number): RowTask | null {
  let end = trimEnd(line, column);
  if (line.charCodeAt(end - 1) === 41) {
    const open = line.lastIndexOf('(', end);
    if (open < 0 || !isTgid(line.slice(open + 1, end - 1).trim())) return null;
    end = trimEnd(line, open);
  }
  let start = end;
  while (start > 0 && isDigit(line.charCodeAt(start - 1))) start--;
  if (start === end || end - start > 10 || line.charCodeAt(start - 1) !== DASH) return null;
  const task = line.slice(0, start - 1).trim();
  const pid = Number(line.slice(start, end));
  // systrace puts whole process names there: `com.android.systemui`.
  if (task.length <= MAX_COMM || !task.includes(' ')) return { task, pid };
  const comm = start - 1 - MAX_COMM;
  return comm > 0 && BUFFER.test(line.slice(0, comm)) ? { task: line.slice(comm, start - 1).trim(), pid } : null;
}

function isTgid(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && code !== DASH) return false;
  }
  return text.length > 0;
}

function trimEnd(line: string, end: number): number {
  let at = end;
  while (at > 0 && line.charCodeAt(at - 1) === BLANK) at--;
  return at;
}
