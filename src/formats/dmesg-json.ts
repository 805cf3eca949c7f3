import { type Nanoseconds, parseSeconds } from '../base/time.ts';
import { LEVEL_NAMES } from './dmesg-head.ts';
import type { ClockInfo, Format, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { PrintkStream } from './printk.ts';
import { shareExplained } from './share.ts';
import { decodeText, ownCopy } from './text.ts';

// One member of an object a line, as lib/jsonwrt.c of util-linux prints it: `"time":    10.783055,`.
const MEMBER = /^"(\w{1,16})": {0,64}(\S.*)$/s;
const HEADER = /^(?:\{ *)?"dmesg" *: *\[?$/;

/** Members of an object that is open. */
interface OpenObject {
  readonly line: number;
  endLine: number;
  readonly members: string[];
  time: Nanoseconds | null;
  level: number | null;
  cpu: number | null;
  pid: number | null;
  message: string | null;
  /** See {@link KernelRecord}. */
  claimed: boolean;
  truncated: boolean;
}

/**
 * `dmesg --json`, line by line, so that an array that never ends (`--follow`) or is cut can be read:
 *
 *     {                             skipped
 *        "dmesg": [                 skipped
 *           {                       record
 *              "pri": 4,            continuation
 *              "time":    10.783055,
 *              "caller": "T86",
 *              "msg": "vfio-pci 0000:02:00.0: resetting"
 *           },{                     record: the next one
 */
class DmesgJsonParser implements LineParser {
  readonly #stream: PrintkStream;
  #object: OpenObject | null = null;
  #inArray = false;
  #begun = false;
  #firstTime: Nanoseconds | null = null;
  #lastTime: Nanoseconds | null = null;

  constructor(context: ParserContext) {
    this.#stream = new PrintkStream(context);
  }

  get clock(): ClockInfo {
    return this.#stream.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    const text = line.trim();
    if (!this.#inArray) return this.#head(text);
    if (text === '{' || text === '},{' || text === '}, {') return this.#open(number);
    if (text === '}' || text === '},') return this.#close(number);
    if (text === '' || text === ']' || text === '],') return this.#skip();
    return this.#member(text, number, truncated);
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  span(): TimeSpan {
    return { first: this.#firstTime, last: this.#lastTime };
  }

  #head(text: string): LineKind {
    if (text === '' || text === '{' || text === '[' || text === '}') return 'skipped';
    if (!HEADER.test(text)) return 'unparsed';
    this.#inArray = true;
    return 'skipped';
  }

  #skip(): LineKind {
    this.#flush();
    return 'skipped';
  }

  #open(number: number): LineKind {
    this.#flush();
    const members: string[] = [];
    this.#object = {
      line: number,
      endLine: number,
      members,
      time: null,
      level: null,
      cpu: null,
      pid: null,
      message: null,
      claimed: false,
      truncated: false,
    };
    return 'record';
  }

  #close(number: number): LineKind {
    if (this.#object === null) {
      this.#inArray = false;
      return 'skipped';
    }
    this.#object.endLine = number;
    this.#flush();
    return 'continuation';
  }

  #member(text: string, number: number, truncated: boolean): LineKind {
    const object = this.#object;
    const match = MEMBER.exec(text);
    if (object === null || match === null) return 'unparsed';
    if (object.members.length >= 16) return 'unparsed';
    const [, name = '', raw = ''] = match;
    const value = parseValue(raw.endsWith(',') ? raw.slice(0, -1) : raw);
    if (value === null) return 'unparsed';
    object.endLine = number;
    object.members.push(text);
    object.truncated ||= truncated;
    if (name === 'time') object.time = parseSeconds(value);
    else if (name === 'pri') setPriority(object, value);
    else if (name === 'fac') object.claimed = value !== 'kern';
    else if (name === 'caller') setCaller(object, value);
    else if (name === 'msg') object.message = value;
    return 'continuation';
  }

  #flush(): void {
    const object = this.#object;
    if (object === null) return;
    this.#object = null;
    if (!this.#begun) this.#firstTime = object.time;
    this.#begun = true;
    this.#lastTime = object.time;
    const message = object.message ?? '';
    const stamp = object.time === null ? null : Number(object.time) / 1e3;
    const { members, claimed, ...values } = object;
    this.#stream.begin(stamp, claimed ? '' : message, object.line);
    if (object.message === null || !this.#stream.wanted(message)) return;
    const text = decodeText(ownCopy(members.join(' ')));
    this.#stream.emit({ type: 'printk', task: null, ...values, message, text, ...(claimed && { claimed }) });
  }
}

/** A JSON string or number as text, or null where it is neither (a line that was cut). */
function parseValue(raw: string): string | null {
  if (/^-?[\d.]{1,30}$/.test(raw)) return raw;
  if (!raw.startsWith('"')) return null;
  try {
    const value: unknown = JSON.parse(decodeText(raw));
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** A number, with the facility in the upper bits where it is given, or with -x a name. */
function setPriority(object: OpenObject, value: string): void {
  const named = LEVEL_NAMES.indexOf(value as (typeof LEVEL_NAMES)[number]);
  if (named >= 0) object.level = named;
  else if (/^\d{1,3}$/.test(value)) {
    object.level = Number(value) & 7;
    object.claimed = Number(value) > 7;
  }
}

/** `T86`: the thread; `C0`: the CPU. */
function setCaller(object: OpenObject, value: string): void {
  const match = /^([TC]) *(\d{1,10})$/.exec(value);
  if (match === null) return;
  if (match[1] === 'T') object.pid = Number(match[2]);
  else object.cpu = Number(match[2]);
}

export const dmesgJson: Format = {
  id: 'dmesg-json',
  title: 'kernel log as dmesg --json prints it, also cut or with an array that never ends',
  example: '"time": 13.377318, "msg": "vfio-pci 0000:02:00.0: resetting"',
  detect: (lines) => shareExplained(lines, (context) => new DmesgJsonParser(context)),
  parser: (context) => new DmesgJsonParser(context),
};
