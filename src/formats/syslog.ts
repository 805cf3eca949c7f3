import { HeadSkimmer } from './dmesg-head.ts';
import type { Format, LineKind, LineParser, ParserContext } from './format.ts';
import { journalLoss } from './journal-loss.ts';
import { decodeOctal } from './octal.ts';
import { PrintkLines } from './printk-lines.ts';
import { shareExplained } from './share.ts';
import { SyslogHead } from './syslog-head.ts';
import { monotonicPrefix, type SyslogPrefix, syslogPrefix } from './syslog-prefix.ts';

// `-- Boot 32 hex digits --`, before systemd 249 `-- Reboot --`.
const BOOT = /^-- (?:Boot [0-9a-f]{32}|Reboot) --$/;
// `-- Journal begins at ...`, `-- Logs begin at ... --`, `-- No entries --`, `-- cursor: ...`.
const REMARK = /^-- (?:Journal |Logs |No entries|cursor:)/;

const STAMPED = /^\[ *\d{1,10}\.\d{6}/;

const OPEN = 91;
const LESS = 60;
/** Stands for a blank, see `withoutControls`. */
const NO_BREAK = '\xa0';
/** How the message of a kernel begins that prints times. */
const KERNEL = 'kernel: [';
const NOTHING = new Uint8Array(0);

/** Lines of a logging daemon. Those of other programs are skipped, but for what journald says about the kernel's. */
class SyslogParser extends PrintkLines {
  readonly #skimmer = new HeadSkimmer();
  /** What stood before the kernel's stamp in the line before: the same for every line of a second. */
  #prefix: Uint8Array = NOTHING;
  readonly #parse: (line: string) => SyslogPrefix | null;
  /** Where the next no-break space of the chunk is, which stands for a blank. */
  #chunk = '';
  #noBreak = 0;

  constructor(context: ParserContext, parse: (line: string) => SyslogPrefix | null) {
    const head = new SyslogHead(parse);
    super(context, {
      createHead: () => new SyslogHead(parse),
      other(line, number, stream): LineKind | null {
        head.scan(line);
        const { prefix } = head;
        if (prefix !== null && prefix.ident !== 'kernel') {
          if (prefix.ident === 'systemd-journald') journalLoss(line.slice(prefix.message), number, context.health);
          return 'skipped';
        }
        if (BOOT.test(line)) {
          stream.boot(number);
          return 'skipped';
        }
        return REMARK.test(line) ? 'skipped' : null;
      },
      dictionary: decodeOctal,
    });
    this.#parse = parse;
  }

  override parse(line: string, number: number, truncated: boolean): LineKind {
    const kind = super.parse(line, number, truncated);
    if (kind === 'record') this.#learn(line);
    return kind;
  }

  skim(bytes: Uint8Array, text: string, start: number, end: number, number: number): boolean {
    const prefix = this.#prefix;
    const stamp = start + prefix.length;
    // What differs is the time, nearly at the end of what is compared.
    if (prefix.length === 0 || stamp >= end) return false;
    for (let i = prefix.length - 1; i >= 0; i--) if (bytes[start + i] !== prefix[i]) return false;
    const message = this.#skimmer.scan(bytes, stamp, end);
    if (message < 0 || this.#noBreakFrom(text, start) < end) return false;
    return this.pass(bytes, text, start, message, end, number, this.#skimmer.stamp);
  }

  #learn(line: string): void {
    this.#prefix = NOTHING;
    // What follows decides whether a line that begins with a priority is one of RFC 5424.
    if (line.charCodeAt(0) === LESS || line.indexOf(KERNEL) < 0) return;
    const prefix = this.#parse(line);
    if (prefix?.ident === 'kernel' && line.charCodeAt(prefix.message) === OPEN) {
      this.#prefix = Buffer.from(line.slice(0, prefix.message), 'latin1');
    }
  }

  #noBreakFrom(text: string, start: number): number {
    if (text !== this.#chunk) {
      this.#chunk = text;
      this.#noBreak = -1;
    }
    if (this.#noBreak < start) {
      const next = text.indexOf(NO_BREAK, start);
      this.#noBreak = next < 0 ? Number.POSITIVE_INFINITY : next;
    }
    return this.#noBreak;
  }
}

function createParser(context: ParserContext, parse: (line: string) => SyslogPrefix | null): LineParser {
  return new SyslogParser(context, parse);
}

/** A line of dmesg may look like one of short-monotonic: nearly all stamped ones must name the host that the kernel speaks on. */
function detectMonotonic(lines: readonly string[]): number {
  const stamped = lines.filter((line) => STAMPED.test(line));
  const prefixes = stamped.map(monotonicPrefix);
  const kernel = prefixes.find((prefix) => prefix?.ident === 'kernel') ?? null;
  if (kernel === null) return 0;
  const { host } = kernel;
  const fitting = prefixes.filter((prefix) => prefix?.host === host && (host !== null || prefix.ident === 'kernel'));
  if (fitting.length < stamped.length * 0.9) return 0;
  return shareExplained(lines, (context) => createParser(context, monotonicPrefix));
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
    'system log: journalctl -k -o short, short-iso, short-full and the like, kern.log of rsyslog, RFC 3164 and 5424',
  example: 'Nov 22 05:53:14 host kernel: [   13.377318] vfio-pci 0000:02:00.0: resetting',
  detect: (lines) => shareExplained(lines, (context) => createParser(context, syslogPrefix)),
  parser: (context) => createParser(context, syslogPrefix),
};
