import type { HealthItem } from '../base/health.ts';
import { isProse, isSentence } from './elision.ts';
import { isOpen } from './open-row.ts';
import type { Interest } from './record.ts';
import { mayGoOn } from './terminal-fold.ts';

/** What stands below a message that fills the width of a mail: what somebody said of it, or the rest of it. `open`: either. */
export type Below = 'remark' | 'rest' | 'open';

/** No remark is that short: a word may be the end of any message. */
const WORDS_MIN = 2;
/** A message goes on so, and no remark begins so. */
const REST = /^[([{=,;:)\]}]/;
/** No message ends so. */
const UNFINISHED = /[:,(=[-]$/;

/**
 * Tells a remark from the rest of a message that a mail program broke off, where the widths leave it open. The words of the
 * kernel decide: a message that it prints is whole without what stands below, one that is none without it goes on there.
 *
 * @param message of the kernel so far.
 * @param line below it, without marks of quotation.
 */
export function below(message: string, line: string, meaning: Interest['meaning']): Below {
  if (isSentence(line)) return 'remark';
  if (isUnfinished(message)) return 'rest';
  const alone = meaning?.(message) ?? null;
  if (alone === null) return 'rest';
  const together = meaning?.(`${message} ${line.trimStart()}`) ?? null;
  // It means nothing with what stands below.
  if (together === null) return 'remark';
  const words = line.trim().split(' ').length;
  if (words < WORDS_MIN || !isProse(line) || REST.test(line.trimStart())) return 'rest';
  return together === alone ? 'remark' : 'open';
}

/**
 * The same where a terminal may have broken the message, whose width it fills.
 *
 * @param tail that follows without a blank.
 * @param certain that there was a terminal.
 */
export function folded(message: string, tail: string, certain: boolean, meaning: Interest['meaning']): Below {
  const alone = meaning?.(message) ?? null;
  const together = meaning?.(message + tail) ?? null;
  if (alone === null && together !== null) return 'rest';
  if (alone !== null && together === null) return 'remark';
  if (alone === together && alone !== null) return 'remark';
  if ((certain && isOpen(message)) || isArrow(message, tail)) return 'rest';
  return mayGoOn(message, tail) ? 'open' : 'remark';
}

/** Nothing but `->` or `<-` stands so. */
function isArrow(message: string, tail: string): boolean {
  return (message.endsWith(' -') && tail.startsWith('> ')) || (message.endsWith(' <') && tail.startsWith('-'));
}

/** What to say of a line that may be the rest of the one before, where nothing tells. */
export function doubtfulRest(line: number): HealthItem {
  const message = 'what stands below a message may be the rest of it, or what somebody wrote: it was read without';
  return { code: 'rest-doubtful', line, message, count: 1 };
}

/** A bracket is open, or more has to follow. */
function isUnfinished(message: string): boolean {
  const text = message.trimEnd();
  return (
    UNFINISHED.test(text) ||
    text.lastIndexOf('(') > text.lastIndexOf(')') ||
    text.lastIndexOf('[') > text.lastIndexOf(']')
  );
}
