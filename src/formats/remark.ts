import { isProse, isSentence } from './elision.ts';
import type { Interest } from './record.ts';

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
  const words = line.trim().split(' ').length;
  if (words < WORDS_MIN || !isProse(line) || REST.test(line.trimStart()) || isUnfinished(message)) return 'rest';
  const alone = meaning?.(message) ?? null;
  if (alone === null) return 'rest';
  const together = meaning?.(`${message} ${line.trimStart()}`) ?? null;
  // What it means is the same either way, or it means nothing with what stands below.
  return together === null || together === alone ? 'remark' : 'open';
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
