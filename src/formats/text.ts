import type { Untrusted } from '../base/untrusted.ts';

export { ownCopy } from '../base/own-copy.ts';

const BEYOND_ASCII = /[\x80-\xff]/;

/** Bytes, one character each, as the UTF-8 text that they are; what is no UTF-8 becomes U+FFFD. */
export function decodeText(latin1: string): Untrusted {
  return BEYOND_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}

const DIGIT_0 = 48;
const DIGIT_9 = 57;

export function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

/** 1 for the bytes of a C identifier, and the dot and dollar that compilers add. */
export const identifierCodes = new Uint8Array(256);
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$') {
  identifierCodes[character.charCodeAt(0)] = 1;
}

/** Index behind the identifier that starts at `start`; `start` where there is none. `text` is latin1 or decoded. */
export function identifierEnd(text: string, start: number): number {
  const length = text.length;
  let at = start;
  while (at < length && identifierCodes[text.charCodeAt(at)] === 1) at++;
  return at;
}
