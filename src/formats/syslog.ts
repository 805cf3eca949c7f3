import type { HealthItem, HealthSink } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { LinePrefix, Skimmed } from '../input/skim-engine.ts';
import { pasteEnd, withoutControls } from './clean.ts';
import { KernelFacility } from './facility.ts';
import type { Format, LineKind, LineParser, ParserContext } from './format.ts';
import { journalLoss } from './journal-loss.ts';
import { type LineMachine, machineOfHead } from './machine-name.ts';
import { decodeOctal } from './octal.ts';
import { PrintkLines } from './printk-lines.ts';
import { clockGoesOn, isSameName, momentOf, newName, RENAMER } from './renamed.ts';
import { shareExplained } from './share.ts';
import { SyslogHead } from './syslog-head.ts';
import { monotonicPrefix, type SyslogPrefix, syslogPrefix } from './syslog-prefix.ts';

// `-- Boot 32 hex digits --`, before systemd 249 `-- Reboot --`.
const BOOT = /^-- (?:Boot [0-9a-f]{32}|Reboot) --$/;
// `-- Journal begins at ...`, `-- Logs begin at ... --`, `-- No entries --`, `-- cursor: ...`.
const REMARK = /^-- (?:Journal |Logs |No entries|cursor:)/;

// syslogd of busybox itself, and programs that give no name: `Nov 22 05:53:14 host syslog.info syslogd started: BusyBox v1.36.1`.
const NAMELESS = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,64} [a-z]{3,8}[0-7]?\.[a-z]{3,7} /;

const STAMPED = /^\[ *\d{1,10}\.\d{6}/;

/**
 * A record needs the name of the kernel, and what follows it; in RFC 5424 that is a blank, but `<` begins the line. The other
 * signs may be taken out of the middle of the name, see `unwrapped`.
 */
const MAY_BE_RECORD = /kernel[:[]|[\0\r\x1b<&\\]/;

const UNTOLD: HealthItem = {
  code: 'user-written',
  line: null,
  message:
    "messages of the kernel's name have the facility user: nothing here shows whether the klogd of busybox handed on the kernel's so, or user space wrote them, and none was used: give the log from its start on, where klogd or the boot is seen",
  count: 1,
};

const OPEN = 91;
const LESS = 60;
/** How the message of a kernel begins that prints times. */
const KERNEL = 'kernel: [';
// `05:53:14`, `05:53:14.123456`; what stands around it has no such shape.
const CLOCK = /(?<=[ T])\d\d:\d\d:\d\d(?:[.,](\d{1,9}))?(?=[ Z+-])/;

/** Lines of a logging daemon. Those of other programs are skipped, but for what journald says about the kernel's. */
class SyslogParser extends PrintkLines {
  /** What stood before the kernel's stamp in the line before. */
  #prefix: LinePrefix | null = null;
  readonly #parse: (line: string) => SyslogPrefix | null;
  readonly #facilities: KernelFacility;
  readonly #health: HealthSink;
  readonly #scanner: SyslogHead;
  /** What the machine was said to be called from then on; null: nothing was said. */
  #newName: string | null = null;

  constructor(context: ParserContext, parse: (line: string) => SyslogPrefix | null) {
    const facilities = new KernelFacility();
    const head = new SyslogHead(parse, facilities);
    const rename = (name: string | null) => {
      this.#newName = name ?? this.#newName;
    };
    super(context, {
      createHead: () => new SyslogHead(parse, facilities),
      other(line, number, stream): LineKind | null {
        head.scan(line);
        const { prefix } = head;
        if (prefix !== null && prefix.ident !== 'kernel') {
          if (prefix.ident === 'systemd-journald') journalLoss(line.slice(prefix.message), number, context.health);
          if (prefix.ident === RENAMER) rename(newName(line.slice(prefix.message)));
          return 'skipped';
        }
        if (BOOT.test(line)) {
          stream.boot(number);
          return 'skipped';
        }
        return REMARK.test(line) || NAMELESS.test(line) ? 'skipped' : null;
      },
      // What another program says begins where it begins, however wide the line above is.
      stands: (line) => parse(line) !== null,
      dictionary: decodeOctal,
    });
    this.#parse = parse;
    this.#scanner = head;
    this.#facilities = facilities;
    this.#health = context.health;
  }

  /** Whose what comes before the first message of the kernel is its facility tells, too. */
  override learn(lines: readonly string[]): void {
    for (const line of lines) this.#scanner.scan(line);
    super.learn(lines);
  }

  override parse(line: string, number: number, truncated: boolean): LineKind {
    const kind = super.parse(line, number, truncated);
    if (kind === 'record') this.#learn(line);
    return kind;
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    return this.#prefix === null ? null : this.skimMessages(chunk, start, number, this.#prefix);
  }

  machine(line: string): LineMachine | null {
    this.#scanner.scan(line);
    return machineOfHead(line, this.#scanner);
  }

  override end(): void {
    super.end();
    if (this.#facilities.users > 0 && this.#facilities.isOpen) this.#health(UNTOLD);
  }

  becomes(line: string): boolean {
    if (this.#newName === null || this.lastRecord === '') return false;
    const head = this.#scanner;
    head.scan(this.lastRecord);
    const before = momentOf(head);
    head.scan(line);
    const after = momentOf(head);
    const host = head.prefix?.host?.toLowerCase() ?? '';
    return before !== null && after !== null && isSameName(host, this.#newName) && clockGoesOn(before, after);
  }

  #learn(line: string): void {
    this.#prefix = null;
    // What follows decides whether a line that begins with a priority is one of RFC 5424.
    if (line.charCodeAt(0) === LESS || line.indexOf(KERNEL) < 0) return;
    const prefix = this.#parse(line);
    if (prefix?.ident === 'kernel' && line.charCodeAt(prefix.message) === OPEN) {
      this.#prefix = prefixOf(line.slice(0, prefix.message));
    }
  }
}

/** The same for every line of an hour: minutes, seconds and what is behind them may differ. */
function prefixOf(text: string): LinePrefix {
  const bytes = Buffer.from(text, 'latin1');
  const slack = new Uint8Array(bytes.length);
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const minutes = clock.index + 3;
    slack.set([5, 9, 0, 5, 9], minutes);
    slack.fill(9, minutes + 6, minutes + 6 + (clock[1] ?? '').length);
  }
  return { bytes, slack };
}

function createParser(context: ParserContext, parse: (line: string) => SyslogPrefix | null): LineParser {
  return new SyslogParser(context, parse);
}

/** A line of dmesg may look like one of short-monotonic: nearly all stamped ones must name a host that a kernel speaks on. */
function detectMonotonic(lines: readonly string[]): number {
  const whole = lines.filter((line) => STAMPED.test(line));
  const stamped = whole.length > 0 ? whole : lines.map(pasted).filter((line) => STAMPED.test(line));
  const prefixes = stamped.map(monotonicPrefix);
  const hosts = new Set(prefixes.flatMap((prefix) => (prefix?.ident === 'kernel' ? [prefix.host] : [])));
  // dmesg indents by more than pasting does where some lines have no time of a calendar.
  if (whole.length === 0) hosts.delete(null);
  if (hosts.size === 0) return 0;
  const fitting = prefixes.filter(
    (prefix) => prefix !== null && hosts.has(prefix.host) && (prefix.host !== null || prefix.ident === 'kernel'),
  );
  if (fitting.length < stamped.length * 0.9) return 0;
  return shareExplained(lines, (context) => createParser(context, monotonicPrefix));
}

/** Asked of every dmesg first: that nothing there is a record is seen without reading it. */
function detectCalendar(lines: readonly string[]): number {
  if (!lines.some((line) => MAY_BE_RECORD.test(line))) return 0;
  return shareExplained(lines, (context) => createParser(context, syslogPrefix));
}

/** Without the marks of a quotation, and blanks of another kind. */
function pasted(line: string): string {
  const plain = withoutControls(line);
  return plain.slice(pasteEnd(plain));
}

export const journalMonotonic: Format = {
  id: 'journal-monotonic',
  title: 'kernel log of journalctl -k -o short-monotonic or short-delta; the time may be when journald received it',
  example: '[   13.377318] host kernel: vfio-pci 0000:02:00.0: resetting',
  detect: detectMonotonic,
  parser: (context) => createParser(context, monotonicPrefix),
};

export const syslog: Format = {
  id: 'syslog',
  title:
    'system log: journalctl -k -o short, short-iso, short-full and the like, kern.log of rsyslog, messages of busybox, RFC 3164 and 5424',
  example: 'Nov 22 05:53:14 host kernel: [   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: detectCalendar,
  parser: (context) => createParser(context, syslogPrefix),
};
