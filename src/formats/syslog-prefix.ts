import type { Facility } from './facility.ts';
import { monthIndex, type WallStamp, wallStamp } from './wall-time.ts';

/** What a logging daemon put before a message. */
export interface SyslogPrefix {
  readonly host: string | null;
  /** The program: `kernel`, `systemd-journald`. */
  readonly ident: string;
  /** When the daemon received it; null where the form has no time of its own. */
  readonly time: WallStamp | null;
  /** Seconds and microseconds of journalctl -o short-monotonic or short-unix, as printed. */
  readonly seconds: string | null;
  readonly level: number | null;
  /** Null where the form names none. */
  readonly facility: Facility | null;
  /** Index of the message. */
  readonly message: number;
}

const PRIORITY = '(?:<(\\d{1,3})(?:\\.\\d)?> ?)?';
const IDENT = '([\\w.()/@\\\\-]{1,128})(?:\\[\\d{1,10}\\])?:(?: |$)';
const HOST = '(?:([^\\s:]{1,255}) )?';
const WHO = HOST + IDENT;
/** What syslogd of busybox puts before the message, timestamp_and_log() in sysklogd/syslogd.c: `user.info `. */
const WORDS = '(?:([a-z]{3,8}[0-7]?)\\.(emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug) )?';
const CLOCK = '(\\d\\d:\\d\\d:\\d\\d)';

// journalctl -o short, short-precise and RFC 3164:    Nov 22 05:53:14[.549803] host kernel: text
// syslogd of busybox:                                 Nov 22 05:53:14 host user.info kernel: text
const RFC3164 = new RegExp(
  `^${PRIORITY}([A-Z][a-z]{2}) ([ \\d]\\d) ${CLOCK}(?:\\.(\\d{3,9}))? ${HOST}${WORDS}${IDENT}`,
);
// short-iso, short-iso-precise, rsyslog's own:        2026-11-22T05:53:14[.549803]+00:00 host [kern.info] kernel: text
const ISO = new RegExp(
  `^${PRIORITY}(\\d{4})-(\\d\\d)-(\\d\\d)[T ]${CLOCK}(?:[.,](\\d{3,9}))?(Z|[+-]\\d\\d:?\\d\\d)? {1,2}${HOST}(?:([a-z]{3,8}[0-7]?)\\.[a-z]{3,7} )?${IDENT}`,
);
// short-full, with-unit:                              Sun 2026-11-22 05:53:14[.549803] UTC host kernel: text
const FULL = new RegExp(
  `^[A-Z][a-z]{2} (\\d{4})-(\\d\\d)-(\\d\\d) ${CLOCK}(?:\\.(\\d{3,9}))? ([A-Z]{1,6}|[+-]\\d{2,4}) ${WHO}`,
);
// RFC 5424, and SUSE's with a blank in the time:      <6>1 2026-11-22T05:53:14.549803+00:00 host kernel - - - text
const RFC5424 = new RegExp(
  `^<(\\d{1,3})(?:\\.(\\d))?> ?(?:1 )?(\\d{4})-(\\d\\d)-(\\d\\d)[T ]${CLOCK}(?:\\.(\\d{1,9}))?(Z|[+-]\\d\\d:?\\d\\d)? (\\S{1,255}) (\\S{1,48}) \\S{1,128} \\S{1,32} (?:-|\\[[^\\]]{0,512}\\])(?: (?:\\xef\\xbb\\xbf)?|$)`,
);
// short-monotonic, short-delta:                       [   13.377318 <    0.115375 >] host kernel: text; the first one
// has blanks for it, one whose time journald doubts a star:  [   13.377318 <    0.115375*>]
const MONOTONIC = new RegExp(`^\\[ *(\\d{1,10}\\.\\d{6})(?: [ <][ \\d.>*-]{0,24})?\\] ${WHO}`);
// short-unix:                                         1795326794.549803 host kernel: text
const UNIX = new RegExp(`^(\\d{9,10}\\.\\d{6}) ${WHO}`);
// -o short without the first fields, as people paste it
const BARE = /^(kernel): /;

/** The prefix of a line of syslog or journalctl, all forms with a time of the calendar; null where it has none. */
export function syslogPrefix(line: string): SyslogPrefix | null {
  const code = line.charCodeAt(0);
  if (code === 60) return rfc5424(line) ?? rfc3164(line) ?? iso(line);
  if (code >= 48 && code <= 57) return iso(line) ?? unix(line);
  if (code >= 65 && code <= 90) return rfc3164(line) ?? full(line);
  return BARE.test(line)
    ? { host: null, ident: 'kernel', time: null, seconds: null, level: null, facility: null, message: 8 }
    : null;
}

/** The prefix of journalctl -o short-monotonic. */
export function monotonicPrefix(line: string): SyslogPrefix | null {
  const match = MONOTONIC.exec(line);
  if (match === null) return null;
  const [whole, seconds = '', host = null, ident = ''] = match;
  return { host, ident, time: null, seconds, level: null, facility: null, message: whole.length };
}

function rfc3164(line: string): SyslogPrefix | null {
  const match = RFC3164.exec(line);
  if (match === null) return null;
  const [whole, priority, month = '', day, clock = '', fraction = '', host = null, word, level, ident = ''] = match;
  const time = wallStamp(null, monthIndex(month), Number(day), clock, fraction, '');
  const facility = facilityOf(line) ?? (word === 'user' ? 'user' : wordOf(word));
  const number = levelOf(priority) ?? (level === undefined ? null : (LEVELS[level] ?? null));
  return { host, ident, time, seconds: null, level: number, facility, message: whole.length };
}

function iso(line: string): SyslogPrefix | null {
  const match = ISO.exec(line);
  if (match === null) return null;
  const [whole, priority, year, month, day, clock = '', fraction = '', zone = '', host = null, word, ident = ''] =
    match;
  const time = wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone);
  const facility = facilityOf(line) ?? wordOf(word);
  return { host, ident, time, seconds: null, level: levelOf(priority), facility, message: whole.length };
}

function full(line: string): SyslogPrefix | null {
  const match = FULL.exec(line);
  if (match === null) return null;
  const [whole, year, month, day, clock = '', fraction = '', zone = '', host = null, ident = ''] = match;
  const time = wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone);
  return { host, ident, time, seconds: null, level: null, facility: null, message: whole.length };
}

function rfc5424(line: string): SyslogPrefix | null {
  const match = RFC5424.exec(line);
  if (match === null) return null;
  const [whole, priority, dotted, year, month, day, clock = '', fraction = '', zone = '', host = null, ident = ''] =
    match;
  const time = wallStamp(Number(year), Number(month) - 1, Number(day), clock, fraction, zone);
  const facility = facilityOf(line);
  return { host, ident, time, seconds: null, level: levelOf(dotted ?? priority), facility, message: whole.length };
}

function unix(line: string): SyslogPrefix | null {
  const match = UNIX.exec(line);
  if (match === null) return null;
  const [whole, seconds = '', host = null, ident = ''] = match;
  const time: WallStamp = {
    us: Number(seconds.slice(0, -7)) * 1e6 + Number(seconds.slice(-6)),
    time: BigInt(seconds.replace('.', '')) * 1000n,
    clock: 'wall',
  };
  return { host, ident, time, seconds: null, level: null, facility: null, message: whole.length };
}

const FACILITY = /^<(\d{1,3})(\.\d)?>/;

/** Of the priority that a line begins with, `<14>` or SUSE's `<1.6>`. */
function facilityOf(line: string): Facility | null {
  const [, number, level] = FACILITY.exec(line) ?? [];
  if (number === undefined) return null;
  const facility = level === undefined ? Number(number) >> 3 : Number(number);
  if (facility > 1) return 'other';
  return facility === 0 ? 'kern' : 'user';
}

function wordOf(word: string | undefined): Facility | null {
  if (word === undefined) return null;
  return word === 'kern' ? 'kern' : 'other';
}

/** prioritynames of syslog.h, by number. */
const LEVELS: Readonly<Record<string, number>> = {
  emerg: 0,
  panic: 0,
  alert: 1,
  crit: 2,
  err: 3,
  error: 3,
  warn: 4,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** `<N>`: facility * 8 + level. */
function levelOf(priority: string | undefined): number | null {
  return priority === undefined ? null : Number(priority) & 7;
}
