// What trace-cmd report prints of the function_graph tracer: lib/trace-cmd/trace-ftrace.c.

const INDENT = 2;
/** Deeper calls are not indented further: FTRACE_RETFUNC_DEPTH is 50. */
const MAX_INDENT = 256;

/** `|  vfio_pci_core_enable() {`, with the blanks where the others have the duration. */
export function entryText(name: string, caller: string | null, depth: number): string {
  return `             |  ${indent(depth)}${name}()${caller === null ? '' : ` /* <-${caller} */`} {`;
}

/** `+ 38.397 us  |      pci_clear_master(); (ret=0x0)`. */
export function leafText(
  name: string,
  caller: string | null,
  depth: number,
  duration: bigint | null,
  ret: string | null,
): string {
  return `${durationText(duration)}${indent(depth)}${name}();${caller === null ? '' : ` /* <-${caller} */`}${returnText(ret)}`;
}

/** `! 788.311 us |    } (ret=0xffff8880055cfae0)`. */
export function exitText(depth: number, duration: bigint | null, ret: string | null): string {
  return `${durationText(duration)}${indent(depth)}}${returnText(ret)}`;
}

function indent(depth: number): string {
  return ' '.repeat(Math.min(depth * INDENT, MAX_INDENT));
}

function returnText(ret: string | null): string {
  return ret === null ? '' : ` (ret=${ret})`;
}

function durationText(duration: bigint | null): string {
  if (duration === null) return '             |  ';
  const whole = (duration / 1000n).toString();
  // No more than seven digits.
  const digits = whole.length < 7 ? `${whole}.${(duration % 1000n).toString().padStart(3, '0')}` : whole;
  return `${mark(duration)} ${digits} us ${' '.repeat(Math.max(0, 7 - digits.length))}|  `;
}

function mark(duration: bigint): string {
  if (duration > 1_000_000_000n) return '$';
  if (duration > 1_000_000n) return '#';
  if (duration > 100_000n) return '!';
  return duration > 10_000n ? '+' : ' ';
}

const MAX_ERRNO = 4095n;

/** Error codes in decimal, everything else in hexadecimal. @param value 64 bits. */
export function returnValue(value: bigint): string {
  const error = BigInt.asIntN(64, value);
  return error < 0n && error >= -MAX_ERRNO ? error.toString() : `0x${value.toString(16)}`;
}
