import { symbolRow } from '../../../src/events/index.ts';
import type { Call, Entry } from './acts.ts';

/**
 * The same history as different tools would have written it down. A form takes each entry, or not: what it cannot carry is
 * missing from the log, as it is missing in life. Shapes as in fixtures/formats and `/sys/kernel/tracing` (Linux 7.x).
 */
export interface Form {
  readonly name: string;
  /**
   * `probes`: calls with their function, arguments and results. `graph`: the same, but pointers in place of functions. `calls`: the
   * names of functions only. `events`: what a probe sits on is an address, so only messages and static events are left. `messages`: printk only; bind, unbind and configuration writes are not in it.
   */
  readonly carries: 'probes' | 'graph' | 'calls' | 'events' | 'messages';
  /** What it is called by the program. */
  readonly format: string;
  render(entries: readonly Entry[], options?: RenderOptions): string;
}

export interface RenderOptions {
  /** Marks of lost records before these entries. */
  readonly loss?: ReadonlySet<number>;
}

const START_US = 10_000_000;
const STEP_US = 137;

function at(index: number): number {
  return START_US + index * STEP_US;
}

export function seconds(us: number): string {
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

const argsOf = (list: Readonly<Record<string, string>>) =>
  Object.entries(list)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');

/** `(pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000`, with whatever name the probe was given. */
function probeBody(entry: Entry & { is: 'enter' | 'exit' }): string {
  const { symbol, bdf, args, out, ret } = entry.call;
  const device = bdf === null ? '' : ` bdf="${bdf}"`;
  if (entry.is === 'enter') return `(${symbol}+0x0/0x100)${device}${argsOf(args)}`;
  return `(caller+0x15/0x100 <- ${symbol})${device}${argsOf(out)}${ret === null ? '' : ` ret=${ret}`}`;
}

/** A record of the tracer without task, CPU and time. */
function traceBody(entry: Entry): string {
  if (entry.is === 'said') return `console: ${entry.said.text}`;
  if (entry.is === 'event') return `${entry.event.name}: ${entry.event.body}`;
  return `${entry.is === 'enter' ? 'p' : 'r'}_${entry.call.symbol.slice(0, 24)}: ${probeBody(entry)}`;
}

type Row = (entry: Entry, us: number, body: string) => string;

/** A text of rows, one for each entry that `body` can tell. */
function rows(
  entries: readonly Entry[],
  loss: ReadonlySet<number> | undefined,
  body: (entry: Entry) => string | null,
  row: Row,
  mark: (us: number) => string,
): string[] {
  let missed = false;
  return entries.flatMap((entry, index) => {
    missed ||= loss?.has(index) ?? false;
    const text = body(entry);
    if (text === null) return [];
    const before = missed ? [mark(at(index))] : [];
    missed = false;
    return [...before, row(entry, at(index), text)];
  });
}

const LOST = 'CPU:0 [LOST 3 EVENTS]';
const comm = (task: number) => (task < 100 ? 'sh' : 'qemu');
const ftraceRow: Row = ({ task }, us, body) =>
  `${comm(task).padStart(16)}-${String(task).padEnd(7)} [000] ...1. ${seconds(us).padStart(12)}: ${body}`;
const latencyRow: Row = ({ task }, us, body) =>
  `${comm(task).padStart(8)}-${String(task).padEnd(7)} 0..... ${us}us+: ${body}`;

function ftraceText(entries: readonly Entry[], { loss }: RenderOptions = {}): string {
  return ['# tracer: nop', '#', ...rows(entries, loss, traceBody, ftraceRow, () => LOST), ''].join('\n');
}

/** The names of functions as the function tracer lists them; who called them is not known here. */
function functionBody(withArguments: boolean): (entry: Entry) => string | null {
  return (entry) => {
    if (entry.is === 'said') return `console: ${entry.said.text}`;
    if (entry.is === 'event') return `${entry.event.name}: ${entry.event.body}`;
    // An act that only a return probe tells of is told by the entry here.
    if (entry.is === 'exit' && !entry.call.onlyReturn) return null;
    const args = withArguments ? `(${pointerArgs(entry.call).join(', ')})` : '';
    return `${entry.call.symbol}${args} <-${callerOf(entry)}`;
  };
}

const callerOf = ({ caller }: Entry) => caller ?? 'ksys_write';

/** The device as the function gets it: a pointer of the kind that the catalogue knows for it. */
function pointerArgs({ symbol, bdf, args }: Call): string[] {
  const subject = symbolRow(symbol)?.subject;
  const known = Object.entries(args).map(([name, value]) => `${name}=${value.startsWith('0x') ? value : hex(value)}`);
  if (bdf === null || !subject) return known;
  return [`${subject.arguments[0]}=${pointer(bdf, subject.space)}`, ...known];
}

const hex = (value: string) => (/^\d+$/.test(value) ? `0x${Number(value).toString(16)}` : value);

/** struct device stands inside struct pci_dev; the others are objects of their own. */
function pointer(bdf: string, space: string): string {
  const [bus = '00', slot = '00.0'] = bdf.slice(5).split(':');
  const base = `0xffff8880${bus}${slot.replace('.', '0')}`;
  const within: Readonly<Record<string, string>> = { pci: '000', dev: '0c8' };
  return `${base}${within[space] ?? 'a00'}${'0'}`.padEnd(18, '0').slice(0, 18);
}

function graphText(entries: readonly Entry[], { loss }: RenderOptions = {}): string {
  const lines = rows(
    entries,
    loss,
    (entry) => {
      const indent = '  '.repeat(entry.depth + 1);
      if (entry.is === 'said') return `               |${indent}/* console: ${entry.said.text} */`;
      if (entry.is === 'event') return `               |${indent}/* ${entry.event.name}: ${entry.event.body} */`;
      const { symbol, ret, onlyReturn } = entry.call;
      const args = `(${pointerArgs(entry.call).join(', ')})`;
      const told = ret === null ? 'ret=0xffff888000000000' : `ret=${hex(ret)}`;
      if (onlyReturn) return `   1.000 us    |${indent}${symbol}${args}; /* ${told} */`;
      if (entry.is === 'enter') return `               |${indent}${symbol}${args} {`;
      return ` ! 201.349 us   |${indent}} /* ${symbol} ${told} */`;
    },
    ({ task }, us, body) =>
      `${seconds(us).padStart(13)} |   0)  ${comm(task).padStart(6)}-${String(task).padEnd(6)} | ${body}`,
    () => LOST,
  );
  return [
    '# tracer: function_graph',
    '#',
    '#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS',
    ...lines,
    '',
  ].join('\n');
}

/** The head of a printk record, by tool; `n` counts the records. */
type Head = (us: number, n: number) => string;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** 2026-11-22 05:53:00 UTC: when the machine booted. */
const BOOT_MS = Date.UTC(2026, 10, 22, 5, 53, 0);
const wall = (us: number) => new Date(BOOT_MS + Math.floor(us / 1000));
const two = (value: number) => String(value).padStart(2, '0');
const clock = (date: Date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const day = (date: Date) => `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
const micros = (us: number) => String(us % 1e6).padStart(6, '0');
const isoOf = (us: number, separator: string) =>
  `${wall(us).toISOString().slice(0, 19)}${separator}${micros(us)}+00:00`;

const HEADS: Readonly<Record<string, { readonly format: string; readonly head: Head }>> = {
  dmesg: { format: 'dmesg', head: (us) => `[${seconds(us).padStart(12)}] ` },
  'dmesg -r': { format: 'dmesg', head: (us) => `<4>[${seconds(us).padStart(12)}] ` },
  'dmesg with the caller': { format: 'dmesg', head: (us) => `[${seconds(us).padStart(12)}] [   T86] ` },
  'dmesg -x': { format: 'dmesg', head: (us) => `kern  :warn  : [${seconds(us).padStart(12)}] ` },
  'dmesg -T': { format: 'dmesg', head: (us) => `[Sun ${day(wall(us))} ${clock(wall(us))} 2026] ` },
  'dmesg --time-format iso': { format: 'dmesg', head: (us) => `${isoOf(us, ',')} ` },
  'journalctl -o short-monotonic': {
    format: 'journal-monotonic',
    head: (us) => `[${seconds(us).padStart(12)}] host kernel: `,
  },
  'journalctl -o short': { format: 'syslog', head: (us) => `${day(wall(us))} ${clock(wall(us))} host kernel: ` },
  'journalctl -o short-precise': {
    format: 'syslog',
    head: (us) => `${day(wall(us))} ${clock(wall(us))}.${micros(us)} host kernel: `,
  },
  'journalctl -o short-iso': {
    format: 'syslog',
    head: (us) => `${wall(us).toISOString().slice(0, 19)}+0000 host kernel: `,
  },
  'kern.log': {
    format: 'syslog',
    head: (us) => `${day(wall(us))} ${clock(wall(us))} host kernel: [${seconds(us).padStart(12)}] `,
  },
  'syslog of RFC 5424': {
    format: 'syslog',
    head: (us) => `<4>1 ${isoOf(us, '.')} host kernel - - - [${seconds(us).padStart(12)}] `,
  },
  '/dev/kmsg': { format: 'kmsg', head: (us, n) => `4,${500 + n},${us},-;` },
};

function messageForm([name, { format, head }]: readonly [string, (typeof HEADS)[string]]): Form {
  return {
    name,
    carries: 'messages',
    format,
    render(entries, { loss } = {}) {
      let n = 0;
      const dropped = (us: number) => `${head(us, n++)}printk: qemu: 3 output lines suppressed due to ratelimiting`;
      const lines = rows(
        entries,
        loss,
        (entry) => (entry.is === 'said' ? entry.said.text : null),
        (_, us, body) => `${head(us, n++)}${body}`,
        dropped,
      );
      return [...lines, ''].join('\n');
    },
  };
}

/** The trace inside the log, as SysRq-z or a panic writes it. */
function dumpForm([name, { format, head }]: readonly [string, (typeof HEADS)[string]]): Form {
  const begin = 90_000_000;
  return {
    name: `a dump of the trace in ${name}`,
    carries: 'probes',
    format,
    render(entries, { loss } = {}) {
      const rule = '-'.repeat(33);
      const body = rows(entries, loss, traceBody, latencyRow, () => LOST);
      const lines = ['sysrq: Dump ftrace buffer', 'Dumping ftrace buffer:', rule, ...body, rule];
      return [...lines.map((line, n) => `${head(begin + n, n)}${line}`), ''].join('\n');
    },
  };
}

export const FTRACE: Form = { name: 'ftrace with probes', carries: 'probes', format: 'ftrace', render: ftraceText };

export const FORMS: readonly Form[] = [
  FTRACE,
  {
    name: 'ftrace, latency format',
    carries: 'probes',
    format: 'ftrace-latency',
    render: (entries, { loss } = {}) =>
      [
        '# tracer: nop',
        '#',
        '# nop latency trace v1.1.5 on 7.3.4',
        '# --------------------------------------------------------------------',
        '# latency: 0 us, #41/41, CPU#0 | (M:PREEMPTLAZY VP:0, KP:0, SP:0 HP:0 #P:2)',
        '#',
        ...rows(entries, loss, traceBody, latencyRow, () => LOST),
        '',
      ].join('\n'),
  },
  {
    name: 'bpftrace',
    carries: 'probes',
    format: 'bpftrace',
    render: (entries, { loss } = {}) =>
      ['Attaching 4 probes...', ...rows(entries, loss, traceBody, ftraceRow, () => 'Lost 12 events'), ''].join('\n'),
  },
  {
    name: 'systrace',
    carries: 'probes',
    format: 'systrace',
    render: (entries, options) =>
      [
        '<!DOCTYPE html>',
        '<html>',
        '<head><title>Android System Trace</title></head>',
        '<body>',
        '<!-- BEGIN TRACE -->',
        '  <script class="trace-data" type="application/text">',
        `${ftraceText(entries, options)}  </script>`,
        '<!-- END TRACE -->',
        '</body>',
        '</html>',
        '',
      ].join('\n'),
  },
  {
    name: 'perf script',
    carries: 'events',
    format: 'perf-script',
    render: (entries, { loss } = {}) =>
      [
        '# ========',
        '# captured on    : Wed Nov 11 10:00:00 2026',
        '# hostname : host',
        '# ========',
        '#',
        ...rows(
          entries,
          loss,
          (entry) => {
            if (entry.is === 'said') return `printk:console: ${entry.said.text}`;
            if (entry.is === 'event') return `iommu:${entry.event.name}: ${entry.event.body}`;
            const { symbol } = entry.call;
            const body = probeBody(entry).replace(`(${symbol}+0x0/0x100)`, '(ffffffff8142e200)');
            const name = entry.is === 'enter' ? symbol : `${symbol}__return`;
            return `probe:${name}: ${body.replace(/\(caller\S+ <- \w+\)/, '(ffffffff8142e200 <- ffffffff8142e215)')}`;
          },
          ({ task }, us, body) =>
            `${comm(task).padStart(16)} ${String(task).padStart(5)} [000] ${seconds(us).padStart(12)}: ${body}`,
          () => '            qemu   300 [000]    10.000000: PERF_RECORD_LOST lost 3',
        ),
        '',
      ].join('\n'),
  },
  ...(['dmesg', 'dmesg -r', 'dmesg with the caller'] as const).map((name) =>
    dumpForm([name, HEADS[name] ?? { format: '', head: () => '' }]),
  ),
  { name: 'function_graph with arguments and results', carries: 'graph', format: 'ftrace', render: graphText },
  {
    name: 'function tracer with arguments',
    carries: 'calls',
    format: 'ftrace',
    render: (entries, { loss } = {}) =>
      ['# tracer: function', '#', ...rows(entries, loss, functionBody(true), ftraceRow, () => LOST), ''].join('\n'),
  },
  {
    name: 'function tracer',
    carries: 'calls',
    format: 'ftrace',
    render: (entries, { loss } = {}) =>
      ['# tracer: function', '#', ...rows(entries, loss, functionBody(false), ftraceRow, () => LOST), ''].join('\n'),
  },
  {
    name: 'trace-cmd report',
    carries: 'calls',
    format: 'trace-cmd',
    render: (entries, { loss } = {}) =>
      [
        'cpus=2',
        ...rows(
          entries,
          loss,
          (entry) => {
            if (entry.is === 'said') return `console:              ${entry.said.text}`;
            if (entry.is === 'event') return `${entry.event.name}: ${entry.event.body}`;
            if (entry.is === 'exit' && !entry.call.onlyReturn) return null;
            return `function:             ${entry.call.symbol} <-- ${callerOf(entry)}`;
          },
          ftraceRow,
          () => 'CPU:0 [3 EVENTS DROPPED]',
        ),
        '',
      ].join('\n'),
  },
  ...Object.entries(HEADS).map(messageForm),
];
