import { errnoOf } from './errno.ts';
import type { Outcome } from './event.ts';

const MINUS = 0x2d;

/** A number in the kernel's notation: `4`, `-5`, `0x107`. Null for anything else; exact up to 64 bits. */
export function parseNumber(text: string): bigint | null {
  const match = /^(-?)(0x[0-9a-fA-F]{1,16}|\d{1,20})$/.exec(text);
  if (!match?.[2]) return null;
  const value = BigInt(match[2]);
  return match[1] === '-' ? -value : value;
}

/** Of these a number holds each exactly. */
const SHORT = /^-?(?:0x[0-9a-fA-F]{1,12}|\d{1,15})$/;

/** Like {@link parseNumber}, for what fits a register of at most 53 bits; null otherwise. */
export function parseInteger(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (SHORT.test(text)) return text.charCodeAt(0) === MINUS ? 0 - Number(text.slice(1)) : Number(text);
  const value = parseNumber(text);
  return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)
    ? null
    : Number(value);
}

// What terminals and editors leave in a copied text, or show in the place of it (`^M`, `ESC[0m` of less), and what has no
// width: none of it can be a part of a number.
const CONTROLS = /(?:\x1b|\^\[|ESC)\[[0-9;?]{0,32}[A-Za-z]|\^M$/g;
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
/** A word processor writes these for the sign of a number. */
const MINUS_SIGN = /^[\u2010-\u2013\u2212\ufe63\uff0d](?=\d)/;
// What somebody wrote behind the number: `-5   <--- fails here`. What could be more of its digits leaves it open.
const REMARK = /^(-?(?:0x[0-9a-fA-F]{1,16}|\d{1,20}))\s+(?![\da-fA-FxX])\S/;
const ERRNO = /^-(E[A-Z0-9_]{2,15})$/;

/** A return value as the kernel printed it, as far as that is certain from what copying made of it; else as it stands. */
export function plainReturn(text: string): string {
  if (parseNumber(text) !== null) return text;
  const bare = text.replace(CONTROLS, '').replace(INVISIBLE, '').trim().replace(MINUS_SIGN, '-');
  const number = REMARK.exec(bare)?.[1];
  if (number !== undefined) return number;
  const errno = errnoOf(ERRNO.exec(bare)?.[1]);
  return errno === null ? bare : `-${errno}`;
}

// The highest errno that ERR_PTR() and IS_ERR() know (include/linux/err.h).
const MAX_ERRNO = 4095n;

/**
 * What a printed return value says. Traces print the register: a negative errno of an `int` may appear as -22, 0xffffffea or
 * 0xffffffffffffffea; an error pointer as the latter.
 */
export function parseReturn(text: string, pointer: boolean): { outcome: Outcome; code: number | null } {
  const raw = parseNumber(text);
  if (raw === null) return { outcome: 'unknown', code: null };
  const wide = BigInt.asIntN(64, raw);
  const narrow = BigInt.asIntN(32, raw);
  if (wide < 0n && wide >= -MAX_ERRNO) return { outcome: 'failed', code: Number(wide) };
  // NULL is how those fail that know no error pointer (pci_ide_stream_alloc); no function of the catalogue means success by it.
  if (pointer) return { outcome: raw === 0n ? 'failed' : 'ok', code: null };
  if (raw <= 0xffffffffn && narrow < 0n && narrow >= -MAX_ERRNO) return { outcome: 'failed', code: Number(narrow) };
  return { outcome: 'ok', code: wide <= 0x7fffffffn ? Number(wide) : null };
}

/**
 * The same of a function that returns 0 or a negative errno and nothing else. A fetch of 16 bits prints 0xffea for -22; of other
 * numbers nobody knows what they are.
 */
export function parseZeroOrError(text: string): { outcome: Outcome; code: number | null } {
  const whole = parseReturn(text, false);
  if (whole.outcome !== 'ok' || whole.code === 0) return whole;
  const cut = whole.code !== null && whole.code <= 0xffff ? (whole.code << 16) >> 16 : 0;
  return cut < 0 && cut >= -Number(MAX_ERRNO) ? { outcome: 'failed', code: cut } : { outcome: 'unknown', code: null };
}
