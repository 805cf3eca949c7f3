import { pasteEnd } from './clean.ts';
import { namesDevice } from './dmesg-bare.ts';
import { GraphScanner } from './ftrace-graph-line.ts';
import { LatencyScanner } from './ftrace-latency-row.ts';
import { RowScanner } from './ftrace-row.ts';
import { scanQemu } from './qemu-line.ts';
import { StampedHead } from './stamped-head.ts';
import { monotonicPrefix, syslogPrefix } from './syslog-prefix.ts';
import { unquoted } from './unwrap.ts';

/** What a line looks like, from afar: many forms share one. `numbers`: ftrace entries as numbers, which no form reads. */
export type Shape =
  | 'trace'
  | 'stamp'
  | 'journal'
  | 'syslog'
  | 'kmsg'
  | 'qemu'
  | 'json'
  | 'perf'
  | 'logcat'
  | 'fluent'
  | 'fields'
  | 'bare'
  | 'numbers';

/** What a line of function_graph ends in: a call, a brace, a comment. */
const CALL = /[;{}/]\s*$/;
const DATE = /^\d{4}-/;
const KMSG = /^(?:\d{1,4}\.\d[^,;]{0,64},)?\d{1,4},\d{1,20},\d{1,16},[-c+]/;
// A whole object, `- {"dt": ` of LAVA, or a member on a line of its own.
const JSON_LINE = /^\x1e?\s{0,16}(?:(?:- |data: )?\{(?:"|$)|"[\w.@]{1,64}" {0,2}: )/;
// `swapper     0 [148] 1117148.086594: probe:ghes_notify_nmi: (ffffffffb3867210)`
const PERF = /^ *\S.{0,24} -?\d{1,10}(?:\/-?\d{1,10})? +\[\d{3,}\] +\d{1,12}\.\d{6}: /;
// `12-13 10:32:21.317     0     0 I IOAPIC[0]: apic_id 8`
const LOGCAT = /^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\d{1,7} +\d{1,7} [VDIWEF] /;
// `[0] kmsg.0: [1795326794.549803000, {"priority"=>4, ...`
const FLUENT = /^\[\d{1,10}\] \S{1,64}: \[+\d{1,10}\.\d{9}, /;
// The first line of an entry of journalctl -o export or -o verbose.
const FIELDS = /^__CURSOR=|^[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d.{0,32} \[s=[0-9a-f]{32};i=/;
// Trace options raw and hex, see refused.ts.
const NUMBERS = /^(?:\d{1,10} \d{1,6} \d{1,20}|[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{16}) type: \d{1,6}$/;

/** Longest beginning of a line that is looked at. */
const MAX_HEAD = 512;

/** Tells what a line that the form at hand does not explain looks like. One object serves all lines. */
export class ShapeScanner {
  readonly #row = new RowScanner();
  readonly #latency = new LatencyScanner();
  readonly #graph = new GraphScanner();
  readonly #stamp = new StampedHead();

  /** Null where the line looks like the record of no form: most lines of prose do. */
  of(line: string): Shape | null {
    const head = unquoted(line.length > MAX_HEAD ? line.slice(0, MAX_HEAD) : line);
    if (head.trim() === '') return null;
    // Most lines that come here are prose: what every record of a form holds is looked for first.
    const hasBracket = head.includes('[');
    if (hasBracket && this.#row.scan(head)) return 'trace';
    if (head.includes(': ') && this.#latency.scan(head)) return 'trace';
    if (CALL.test(head) && this.#graph.scan(head)) return 'trace';
    const bare = head.slice(pasteEnd(head));
    const hasLevel = bare.startsWith('<');
    if (hasBracket && monotonicPrefix(bare)?.ident === 'kernel') return 'journal';
    // A level may stand before a date as well as before a stamp.
    if (hasLevel && syslogPrefix(bare) !== null) return 'syslog';
    if ((hasBracket || hasLevel || DATE.test(bare)) && this.#stamp.scan(head)) return 'stamp';
    return shapeOfHead(head, bare);
  }
}

/** @param bare without what pasting put before it. */
function shapeOfHead(head: string, bare: string): Shape | null {
  if (NUMBERS.test(head)) return 'numbers';
  if (KMSG.test(bare)) return 'kmsg';
  if (JSON_LINE.test(head)) return 'json';
  if (scanQemu(head) !== null) return 'qemu';
  if (FIELDS.test(head)) return 'fields';
  if (syslogPrefix(bare) !== null) return 'syslog';
  if (PERF.test(head)) return 'perf';
  if (LOGCAT.test(head)) return 'logcat';
  if (FLUENT.test(head)) return 'fluent';
  return namesDevice(bare) ? 'bare' : null;
}
