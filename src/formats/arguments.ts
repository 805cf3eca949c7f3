import { type CallArguments, NO_ARGUMENTS } from './record.ts';
import { decodeText, identifierEnd } from './text.ts';

/** More than any traced call or probe has (BTF prints up to 6 registers, a probe event takes up to 128 arguments). */
const MAX_PAIRS = 128;

/**
 * Arguments of a traced call, as printed by print_function_args() in kernel/trace/trace_output.c:
 * `vdev=0xffff888003c26000, scope=1 [PCI_TSM_REQ_STATE_CHANGE], req_in=(STRUCT)[0xffffc90000747d2f:0x1]`.
 * A comma inside brackets belongs to the value.
 *
 * @param text what stands between the parentheses, latin1.
 */
export function parseCallArguments(text: string): CallArguments {
  if (text.trim() === '') return NO_ARGUMENTS;
  const pairs = new Map<string, string>();
  let start = 0;
  let depth = 0;
  for (let at = 0; at <= text.length && pairs.size < MAX_PAIRS; at++) {
    const character = text[at];
    if (character === '(' || character === '[' || character === '{') depth++;
    else if (character === ')' || character === ']' || character === '}') depth = Math.max(0, depth - 1);
    else if (character === undefined || (character === ',' && depth === 0)) {
      addPair(pairs, text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return pairs;
}

function addPair(pairs: Map<string, string>, text: string): void {
  const equals = identifierEnd(text, 0);
  if (equals === 0 || text[equals] !== '=') return;
  const name = text.slice(0, equals);
  if (!pairs.has(name)) pairs.set(name, decodeText(text.slice(equals + 1)));
}

/**
 * Fields of a dynamic event, as printed by print_probe_args() in kernel/trace/trace_probe.c:
 * `bdf="0000:02:00.0" kvm=0x1000 ret=0`. The kernel does not escape a quote inside a string, so a string ends at the quote
 * that another field or the end follows, else at the last one; of two fields of one name the first counts.
 *
 * @param text what follows the location, latin1.
 */
export function parseFields(text: string): CallArguments {
  const pairs = new Map<string, string>();
  let at = fieldStart(text, 0);
  while (at < text.length && pairs.size < MAX_PAIRS) {
    const equals = identifierEnd(text, at);
    const name = text.slice(at, equals);
    const quoted = text[equals + 1] === '"';
    const from = equals + (quoted ? 2 : 1);
    let end = from;
    let next = text.length;
    for (;;) {
      end = text.indexOf(quoted ? '"' : ' ', end);
      if (end < 0) {
        // Behind the last quote somebody has written something of his own.
        const last = quoted ? text.lastIndexOf('"') : -1;
        end = last >= from ? last : text.length;
        break;
      }
      const after = quoted ? end + 1 : end;
      if (after >= text.length) break;
      if (text[after] === ' ') {
        const follower = skipBlanks(text, after);
        if (follower >= text.length || startsField(text, follower)) {
          next = follower;
          break;
        }
      }
      end++;
    }
    if (!pairs.has(name)) pairs.set(name, decodeText(text.slice(from, end)));
    at = next;
  }
  return pairs.size === 0 ? NO_ARGUMENTS : pairs;
}

function fieldStart(text: string, from: number): number {
  let at = skipBlanks(text, from);
  while (at < text.length && !startsField(text, at)) {
    const blank = text.indexOf(' ', at);
    at = blank < 0 ? text.length : skipBlanks(text, blank);
  }
  return at;
}

function startsField(text: string, at: number): boolean {
  const end = identifierEnd(text, at);
  return end > at && text[end] === '=';
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}
