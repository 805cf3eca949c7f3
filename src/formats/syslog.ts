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

/** Lines of a logging daemon. Those of other programs are skipped, but for what journald says about the kernel's. */
function createParser(context: ParserContext, parse: (line: string) => SyslogPrefix | null): LineParser {
  const head = new SyslogHead(parse);
  return new PrintkLines(context, {
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
