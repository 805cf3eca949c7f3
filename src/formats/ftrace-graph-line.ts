import type { Nanoseconds } from '../base/time.ts';
import { parseCallArguments } from './arguments.ts';
import { exactStamp } from './ftrace-row.ts';
import { type CallArguments, NO_ARGUMENTS } from './record.ts';
import { decodeText, identifierEnd, isDigit } from './text.ts';
import { bareSymbol } from './wanted.ts';

const BLANK = 32;
const BAR = 124;
const CLOSE = 41;
const BRACE = 125;
const SLASH = 47;

/** Characters of the duration column: `+ 31.277 us`, `@ 104377.5 us`, or blanks. */
const DURATION = new Set([...' $@*#!+.0123456789us'].map((character) => character.charCodeAt(0)));
/** Characters of the latency column: irqs-off, need-resched, context, depth. */
const LATENCY = /^ *[.dDbXNnpLlBHhsSzZ0-9a-f]{4,7} *$/;
/** print_graph_proc() centres `comm-pid`, the name cut to 7 bytes, in 14 columns. */
const PROC = /^ *(.{0,16})-(\d{1,10}) *$/;

export type GraphKind = 'enter' | 'leaf' | 'exit' | 'comment';

/** A line of the function_graph tracer taken apart, by whatever form it was printed. */
export interface ScannedCall {
  readonly cpu: number | null;
  /** The time is an integer of an unnamed clock. */
  readonly ticks: boolean;
  /** Latin1; null where the line names no task. */
  readonly task: string | null;
  readonly pid: number | null;
  readonly kind: GraphKind;
  readonly depth: number;
  /** The blanks that tell the depth are gone: only the braces do. */
  readonly squeezed: boolean;
  /** Index of the first character of the call, the brace or the comment. */
  readonly text: number;
  /** The symbol and the return value where they do not stand as the kernel writes them (trace-cmd report -R), else null. */
  readonly rawSymbol: string | null;
  readonly rawReturn: string | null;
  time(): Nanoseconds | null;
}

/**
 * Finds the columns of a function_graph line, kernel/trace/trace_functions_graph.c. Each may be missing:
 *
 *     |  188.886621 ||   1) |   drv-335     | ...1. | + 28.873 us   |      pci_clear_master();
 *       TIME (abstime)  CPU   TASK/PID (proc) latency  DURATION        FUNCTION CALLS
 *
 * One object serves all lines; its fields hold until the next {@link scan}.
 */
export class GraphScanner implements ScannedCall {
  readonly rawSymbol = null;
  readonly rawReturn = null;
  cpu: number | null = null;
  /** Microseconds or ticks, null without the TIME column. */
  stamp: number | null = null;
  ticks = false;
  /** Latin1, null without the TASK/PID column. */
  task: string | null = null;
  pid: number | null = null;
  kind: GraphKind = 'exit';
  depth = 0;
  squeezed = false;
  /** Index of the first character of the call, the brace or the comment. */
  text = 0;
  #stampText = '';

  /** True where `line` is a call, a closing brace, or an event inside. */
  scan(line: string): boolean {
    this.cpu = null;
    this.stamp = null;
    this.task = null;
    this.pid = null;
    let at = this.#scanTime(line, 0);
    at = this.#scanCpu(line, at);
    at = this.#scanProc(line, at);
    at = scanLatency(line, at);
    // Without any column the indent is the depth, and every indented line of any file would be a call.
    if (at === 0 && scanDuration(line, at) === at) return false;
    return this.#scanText(line, at);
  }

  /**
   * Index behind the columns of a line that ends before its call is whole, as a mail program breaks it; 0 where these are no
   * columns with a bar, or something else than a call follows.
   */
  columnsEnd(line: string): number {
    const cpu = this.#scanCpu(line, this.#scanTime(line, 0));
    const at = scanDuration(line, scanLatency(line, this.#scanProc(line, cpu)));
    if (cpu === 0 || line.charCodeAt(at - 1) !== BAR) return 0;
    const text = skipBlanks(line, at);
    const begins = identifierEnd(line, text) > text || line.charCodeAt(text) === SLASH;
    return text >= line.length || begins ? at : 0;
  }

  /** The same of what follows the columns of another form: the duration and the call. Nothing else is set. */
  scanCall(line: string, start: number): boolean {
    const isCall = this.#scanText(line, start);
    this.squeezed = false;
    return isCall;
  }

  #scanText(line: string, at: number): boolean {
    const behindDuration = scanDuration(line, at);
    const hasDuration = behindDuration !== at;
    const text = skipBlanks(line, behindDuration);
    if (text >= line.length) return false;
    // `|  ` precedes the outermost call behind the duration, one blank behind the others.
    const indent = text - behindDuration - (hasDuration ? 2 : 1);
    this.text = text;
    this.depth = Math.max(0, indent >> 1);
    this.squeezed = hasDuration && indent < 0;
    return this.#scanKind(line, text);
  }

  /** The exact time of the line that was scanned last. */
  time(): Nanoseconds | null {
    return this.stamp === null ? null : exactStamp(this.#stampText);
  }

  #scanTime(line: string, start: number): number {
    const from = skipBlanks(line, start);
    let at = from;
    let dot = -1;
    while (at < line.length) {
      const code = line.charCodeAt(at);
      if (code === 46 && dot < 0) dot = at;
      else if (!isDigit(code)) break;
      at++;
    }
    if (at === from || at - from > 24 || line.charCodeAt(at) !== BLANK || line.charCodeAt(at + 1) !== BAR) return start;
    if (dot >= 0 && at - dot !== 7 && at - dot !== 10) return start;
    this.#stampText = line.slice(from, at);
    this.ticks = dot < 0;
    this.stamp = Number(this.#stampText) * (dot < 0 ? 1 : 1e6);
    return at + 2;
  }

  #scanCpu(line: string, start: number): number {
    let at = skipBlanks(line, start);
    const from = at;
    let cpu = 0;
    while (at < line.length && at - from < 6 && isDigit(line.charCodeAt(at))) {
      cpu = cpu * 10 + line.charCodeAt(at) - 48;
      at++;
    }
    if (at === from || line.charCodeAt(at) !== CLOSE) return start;
    this.cpu = cpu;
    return at + 1;
  }

  /** A name may hold a bar, so up to the second one is tried. */
  #scanProc(line: string, start: number): number {
    let bar = line.indexOf('|', start);
    for (let tries = 0; tries < 3 && bar >= 0 && bar - start <= 26; tries++) {
      const match = PROC.exec(line.slice(start, bar));
      if (match !== null) {
        this.task = (match[1] ?? '').trim();
        this.pid = Number(match[2]);
        return bar + 1;
      }
      bar = line.indexOf('|', bar + 1);
    }
    return start;
  }

  #scanKind(line: string, text: number): boolean {
    const code = line.charCodeAt(text);
    if (code === BRACE) {
      this.kind = 'exit';
      const next = skipBlanks(line, text + 1);
      return next >= line.length || line.startsWith('/*', next) || line.charCodeAt(next) === 40;
    }
    if (code === SLASH) {
      this.kind = 'comment';
      return line.startsWith('/* ', text);
    }
    if (identifierEnd(line, text) === text) return false;
    const kind = callKind(line);
    if (kind === null) return false;
    this.kind = kind;
    return true;
  }
}

/** `{` opens, `;` is a leaf; either may be followed by a comment, or by trace-cmd's `(ret=0x0)`. */
function callKind(line: string): 'enter' | 'leaf' | null {
  let end = trimmedEnd(line);
  let last = line.charCodeAt(end - 1);
  if (last === SLASH) {
    end = line.lastIndexOf('/*', end);
    if (end < 0) return null;
    while (end > 0 && line.charCodeAt(end - 1) === BLANK) end--;
    last = line.charCodeAt(end - 1);
  } else if (last === CLOSE) {
    end = line.lastIndexOf('; (ret=', end);
    return end < 0 ? null : 'leaf';
  }
  if (last === 59) return 'leaf';
  return last === 123 ? 'enter' : null;
}

function scanLatency(line: string, start: number): number {
  const bar = line.indexOf('|', start);
  return bar >= 0 && bar - start <= 14 && LATENCY.test(line.slice(start, bar)) ? bar + 1 : start;
}

function scanDuration(line: string, start: number): number {
  for (let at = start; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === BAR) return at + 1;
    if (!DURATION.has(code)) break;
  }
  return start;
}

function trimmedEnd(line: string): number {
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) === BLANK) end--;
  return end;
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (at < line.length && line.charCodeAt(at) === BLANK) at++;
  return at;
}

/** What a call prints besides its name. */
export interface CallText {
  readonly args: CallArguments;
  readonly ret: string | null;
  readonly parent: string | null;
}

// `/* <-vfio_pci_open_device+0x1a/0x80 [vfio_pci] ret=0x0 */`, `/* ret=0x0 */`, up to 6.12 `/* = 0x0 */`; trace-cmd
// `(ret=0x0)`. print_graph_retval(), print_graph_retaddr() in kernel/trace/trace_functions_graph.c. What stands there instead of
// a number is for the next stage to judge.
const RETURN = /(?:\bret=| = )([^*]{0,64}?) *(?:\*\/|\)\s*$)/;
const CUT_RETURN = /(?:^|\/\*[^*]{0,512} )ret=([^*\s]{0,64})\s*$/;
const RETURN_ADDRESS = /^\/\* <-([A-Za-z_][\w.$]*)/;

/** @param end index behind the symbol of an `enter` or a `leaf`. */
export function parseCallText(line: string, end: number): CallText {
  const open = line.indexOf('(', end);
  const mark = line.lastIndexOf('/*');
  const comment = mark > end ? line.slice(mark) : line.slice(Math.max(end, line.length - 64));
  const stop = mark > end ? mark : line.length;
  const close = Math.max(line.lastIndexOf(') {', stop), line.lastIndexOf(');', stop));
  return {
    args: open >= 0 && close > open ? parseCallArguments(line.slice(open + 1, close)) : NO_ARGUMENTS,
    ret: returnIn(comment),
    parent: bareOrNull(RETURN_ADDRESS.exec(comment)?.[1]),
  };
}

// `} /* vfio_pci_core_enable [vfio_pci_core] ret=0x0 */`
const EXIT_NAME = /^\} \/\* ([A-Za-z_][\w.$]*)/;

/** The bare symbol that a closing brace names, or null where it stands alone. */
export function exitSymbol(line: string, text: number): string | null {
  return line.length <= text + 1 ? null : bareOrNull(EXIT_NAME.exec(line.slice(text))?.[1]);
}

/** The return value that a closing brace prints. */
export function exitReturn(line: string, text: number): string | null {
  return line.length <= text + 1 ? null : returnIn(line.slice(text));
}

function returnIn(comment: string): string | null {
  const ret = RETURN.exec(comment)?.[1];
  if (ret !== undefined) return decodeText(ret);
  // The line ends before the comment does: what is left of the value is none.
  const cut = CUT_RETURN.exec(comment)?.[1];
  return cut === undefined ? null : `${decodeText(cut)}...`;
}

function bareOrNull(name: string | undefined): string | null {
  return name === undefined ? null : bareSymbol(name);
}
