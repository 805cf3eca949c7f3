import { lookBehind } from './refused-prefix.ts';

// Options raw and hex print the number of an event and nothing of it, trace_print_raw_fmt() and print_hex_fmt() in
// kernel/trace/trace_output.c: `291 1 112856497293 type: 621`, `00000127 00000000 0000001c725595a2 type: 621`. A marker
// prints its text: `17287 1 925155327312 # ffffffff8149ab1a x: y=1`.
const NUMBERS = /^(?:\d{1,10} \d{1,6} \d{1,20}|[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{16}) (?:type: \d{1,6}$|# )/;
const USAGE = /^trace-cmd version \S/;
const STATISTICS = /^(?:entries|overrun|commit overrun): \d{1,20}$/;

// A cloud's copy of the serial port: `gcloud compute instances get-serial-port-output --format=json`, `aws ec2
// get-console-output`. All of the log is one string, which no line of a log is.
const CLOUD = /^\s*"(contents|Output)": ?"/;
// trace-cmd report of several files puts the name of each before its rows: `  host.dat:              drv-278  [001] ...`.
const SEVERAL = /^ *\S{1,64}\.dat: +\S.{0,24}-\d{1,10} +\[/;

// docker's own files: `{"log":"[   13.377318] vfio-pci ...\n","stream":"stdout","time":"..."}`.
const DOCKER = /^\{"log":"/;
// RFC 2045, 6.1 and 6.8; what is left of it when the head of the mail is cut off; uuencode of POSIX.
const BASE64_MAIL = /^Content-Transfer-Encoding: {0,4}base64\s*$/i;
const MULTIPART = /^Content-Type: {0,4}multipart\//i;
const BASE64 = /^[A-Za-z\d+/]{56,76}={0,2}$/;
const UUENCODED = /^begin [0-7]{3,4} \S/;
/** Two line ends as a string of some language has them. */
const ESCAPED = /\\n.*\\n/;
const ENDS =
  "the ends of the lines stand there as \\n: give them back with: sed 's/\\\\n/\\n/g' FILE | tdi-trace analyze -";
/** Lines of a text that is one string, with what stands around it. */
const MAX_STRINGS = 3;

/** Why lines are of no use that were packed for their way here. */
function whyPacked(lines: readonly string[]): string | null {
  if (lines.some((line) => BASE64_MAIL.test(line))) {
    const how = lines.some((line) => MULTIPART.test(line))
      ? 'munpack -t FILE (package mpack), or save the attachment from the mail program'
      : "sed '1,/^\\r*$/d' FILE | base64 -di | tdi-trace analyze -";
    return `it is a mail whose text is in base64: take it out with: ${how}`;
  }
  const filled = lines.filter((line) => line.trim() !== '');
  if (filled.length > 1 && filled.slice(0, -1).every((line) => BASE64.test(line))) {
    return 'it is base64: take it out with: base64 -d FILE > FILE.decoded';
  }
  if (lines.some((line) => UUENCODED.test(line))) return 'it is uuencoded: take it out with: uudecode FILE';
  if (filled.length > 0 && filled.every((line) => DOCKER.test(line))) {
    return 'the lines are strings inside JSON, as docker keeps them: take them out with: jq -rj .log FILE | tdi-trace analyze -';
  }
  return null;
}

/**
 * Why lines that belong to no form are of no use, as the end of "holds no kernel log line: ..."; null where nothing is known about them.
 *
 * @param lines latin1. @param first number of the first one.
 */
export function whyRefused(lines: readonly string[], first: number): string | null {
  const packed = whyPacked(lines);
  if (packed !== null) return packed;
  const filled = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const share = (pattern: RegExp) => filled.filter((line) => pattern.test(line.slice(0, 80))).length;
  if (filled.length === 0) {
    if (lines.some((line) => ESCAPED.test(line.slice(0, 4096)))) return ENDS;
    return lines.some((line) => line.startsWith('# tracer: '))
      ? 'only the header of a trace: was the buffer read before it was traced, or after it was cleared?'
      : null;
  }
  if (share(NUMBERS) * 2 > filled.length) {
    const count = `${share(NUMBERS)} of the first ${filled.length} lines are ftrace entries printed as numbers`;
    return `${count} (trace option raw or hex), which mean nothing without the event formats of that kernel: switch the option off and read the trace again`;
  }
  const cloud = filled.map((line) => CLOUD.exec(line.slice(0, 80))?.[1]).find((name) => name !== undefined);
  if (cloud !== undefined) {
    return `the log is a string inside JSON: take it out with: jq -r .${cloud} FILE > serial.txt`;
  }
  if (share(SEVERAL) * 2 > filled.length) {
    return 'trace-cmd report of several files, of a host and its guests perhaps, whose tasks cannot be told apart: report each file by itself';
  }
  if (share(STATISTICS) >= 2) return 'only the statistics of a trace buffer';
  if (share(USAGE) > 0) return 'only the help of trace-cmd: did it know every option of the command?';
  if (filled.length <= MAX_STRINGS && filled.some((line) => ESCAPED.test(line.slice(0, 4096)))) {
    return ENDS;
  }
  return lookBehind(lines, first);
}
