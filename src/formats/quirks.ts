import { pasteEnd } from './clean.ts';

/** What the bytes of a source were like, before they became lines. */
export interface ByteTraits {
  crlf: boolean;
  nul: boolean;
  bom: boolean;
}

/** Share of the sample that must show a habit of the program that wrote it. */
const HABIT = 0.5;
const MAX_HEAD = 256;

interface Habit {
  readonly of: RegExp;
  /** Of a habit: how it is told of the line that shows it. */
  readonly words: (match: RegExpExecArray) => string;
}

const STAMP = String.raw`\[ *\d{1,10}\.\d{6}\]`;
const ROW = String.raw`\[\d{3,}\] +`;

// Shown by about every line, or by none.
const HABITS: readonly Habit[] = [
  { of: new RegExp(`${STAMP} ?\\[ *[TC]\\d{1,10}\\]`), words: () => 'a caller column (CONFIG_PRINTK_CALLER)' },
  { of: new RegExp(`^<\\d{1,3}>${STAMP}`), words: () => 'raw levels (dmesg -r)' },
  { of: /^[a-z]{3,8} *:[a-z]{4,6} *: /, words: () => 'decoded levels (dmesg -x)' },
  {
    of: /^(?:[a-z]{3,8}[0-7]? {0,6}: ?){0,2}\[[A-Z]\S{2} \S{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]/,
    words: () => 'times of the calendar (dmesg -T)',
  },
  { of: /^\[ *\d{1,10}\.\d{6} <[ \d.]+>\]/, words: () => 'differences of time (dmesg -d)' },
  { of: /^\[ +[+]\d+\.\d{6}\]/, words: () => 'times since the line before (dmesg -e or -H)' },
  { of: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}/, words: () => 'times of the calendar (dmesg --time-format iso)' },
  { of: /-\d{1,10} +\( *(?:\d{1,10}|-+)\) +\[\d{3,}\]/, words: () => 'a tgid column (option record-tgid)' },
  {
    of: new RegExp(`${ROW}([^\\s\\d][^\\s]{2,11}) +\\d`),
    words: ([, flags = '']) => `${flags.length} flag characters${FLAGS[flags.length] ?? ''}`,
  },
  {
    of: new RegExp(`${ROW}\\d{1,12}\\.\\d{6,9}: `),
    words: () => 'no flag characters (noirq-info, or trace-cmd up to 3.2)',
  },
  { of: /^ *\d{1,12}\.\d{6,9} \| +\d{1,6}\)/, words: () => 'times before the calls (funcgraph-abstime)' },
  { of: /\d\) +\S.{0,20}-\d{1,10} +\|/, words: () => 'tasks beside the calls (funcgraph-proc)' },
];

/** Kernels by the number of flag characters, trace_print_lat_fmt() in kernel/trace/trace_output.c. */
const FLAGS: Readonly<Record<number, string>> = {
  4: ' (kernels before 5.17)',
  5: ' (kernels since 5.17)',
  7: ' (PREEMPT_RT)',
};

// Worth telling where a single line shows it.
const TRACES: readonly Habit[] = [
  { of: /\x1b\[[0-9;]*m/, words: () => 'colours' },
  { of: /^\s*[>|]/, words: () => 'quoted' },
  { of: /^ => |^\s+[0-9a-f]{8,16} \S+\+0x/, words: () => 'stack traces' },
  { of: /(?:\bret=|(?:\/\*|\w) = )-?\w{1,18} \*\//, words: () => 'return values of calls' },
];

/**
 * What is peculiar about a part: how it was written and what became of it on the way.
 *
 * @param lines the first ones, latin1.
 * @param records those of them that begin a record.
 */
export function quirksOf(lines: readonly string[], records: readonly string[], traits: ByteTraits): string[] {
  const bare = records.map((line) => line.slice(quoteEnd(line)).slice(0, MAX_HEAD));
  const whole = lines.map((line) => line.slice(0, MAX_HEAD));
  return [
    ...(traits.bom ? ['a byte order mark'] : []),
    ...(traits.crlf ? ['lines end in CR LF'] : []),
    ...(traits.nul ? ['NUL bytes'] : []),
    ...HABITS.flatMap(({ of, words }) => told(bare, of, words, Math.max(1, bare.length * HABIT))),
    ...TRACES.flatMap(({ of, words }) => told(whole, of, words, 1)),
  ];
}

function quoteEnd(line: string): number {
  const end = pasteEnd(line);
  return line.slice(0, end).includes('>') ? end : 0;
}

function told(lines: readonly string[], of: RegExp, words: Habit['words'], min: number): string[] {
  let count = 0;
  let first: RegExpExecArray | null = null;
  for (const line of lines) {
    const match = of.exec(line);
    if (match === null) continue;
    first ??= match;
    count++;
  }
  return first !== null && count >= min ? [words(first)] : [];
}
