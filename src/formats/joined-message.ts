import { type Joint, pasteEnd, withoutControls } from './clean.ts';
import { foldedTail, type TerminalFold } from './terminal-fold.ts';
import { unquoted, unquotedLike } from './unwrap.ts';

/** A further line of a record, and what joins it to the one before; `fold`: a terminal broke it there. */
export interface FurtherLine {
  readonly line: string;
  readonly joint: Joint | '\n' | 'fold';
}

/** What is known of the text that a message stands in. */
export interface Around {
  /** Where the message begins in its first line. */
  readonly column: number;
  readonly fold: TerminalFold | null;
  /** The first line, whose marks of quotation the further ones have too. */
  readonly first: string;
}

/**
 * A message together with its further lines.
 *
 * @param message what the first line holds of it.
 */
export function joinedMessage(message: string, more: readonly FurtherLine[], { column, fold, first }: Around): string {
  let joined = message;
  for (const { line, joint } of more) {
    const plain = withoutControls(line);
    if (joint === '\n') joined += joint + dedent(unquotedLike(first, plain), column);
    else if (joint === '=') joined = joined.slice(0, -1) + unquoted(plain);
    else if (joint === 'fold') joined += fold === null ? plain : foldedTail(fold, first, plain);
    else joined += joint + plain.slice(pasteEnd(plain));
  }
  return joined;
}

/** Without the first `width` blanks: what is indented deeper was so in the message. */
function dedent(line: string, width: number): string {
  let at = 0;
  while (at < width && line.charCodeAt(at) === 32) at++;
  return line.slice(at);
}
