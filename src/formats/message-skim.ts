// What the parsers proper have to see of a message, told by its first and last bytes.

const STAR = 42;
const DASH = 45;
const DOT = 46;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const CAPITAL_A = 65;
const CAPITAL_D = 68;
const CAPITAL_Z = 90;
const OPEN = 91;
const CLOSE = 93;
const LETTER_D = 100;
const LETTER_S = 115;
const BRACE = 123;

/** What may be a loss mark, a colour, a further stamp, the head of a vendor, or `Dumping ftrace buffer:`. */
export function mayBegin(code: number, next: number): boolean {
  if (code <= DIGIT_9) return code <= STAR || code >= DIGIT_0 || code === DASH || code === DOT;
  return (
    code === CAPITAL_D || code === OPEN || code === BRACE || (next === OPEN && code >= CAPITAL_A && code <= CAPITAL_Z)
  );
}

/** What may say that messages are missing, see `begin` of PrintkStream. */
export function mayEnd(last: number, text: string, end: number): boolean {
  if (last === LETTER_S) return text.startsWith('messages', end - 8);
  if (last === LETTER_D) return text.startsWith('suppressed', end - 10);
  return last === CLOSE && text.startsWith('data]', end - 5);
}
