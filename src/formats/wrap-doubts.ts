import { pasteEnd, wrapJoint } from './clean.ts';
import { ownCopy } from './text.ts';

const QUOTE = '>';

/**
 * Lines that look like the rest of the one before, and are not: beside them begins a record with a line that is longer than the
 * one before would be with the first word of the rest, so no mail program broke it there. Paragraphs are told apart, and what is quoted
 * from what is not: one mail may hold both what was broken and what was not.
 *
 * @param lines the first ones of a part.
 * @param begins whether a record begins with a line.
 * @returns of each such line itself and the one before, see {@link pairOf}.
 */
export function wrapDoubts(lines: readonly string[], begins: (line: string) => boolean): ReadonlySet<string> {
  const doubts = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    if (previous === undefined || wrapJoint(previous, line, 0) !== ' ') continue;
    const bare = line.slice(pasteEnd(line));
    const blank = bare.indexOf(' ');
    const room = lengthOf(previous) + 1 + (blank < 0 ? bare.length : blank);
    if (beside(lines, index).some((other) => lengthOf(other) >= room && begins(other)))
      doubts.add(ownCopy(pairOf(previous, line)));
  }
  return doubts;
}

/** How {@link wrapDoubts} names a line below another one. */
export function pairOf(previous: string, line: string): string {
  return `${previous}\n${line}`;
}

/** The lines of a paragraph, by one of them. */
function beside(lines: readonly string[], index: number): readonly string[] {
  const quoted = lines[index]?.startsWith(QUOTE) === true;
  const isOther = (line: string) => line.slice(pasteEnd(line)).trim() === '' || line.startsWith(QUOTE) !== quoted;
  const from = lines.findLastIndex((line, at) => at < index && isOther(line)) + 1;
  const to = lines.findIndex((line, at) => at > index && isOther(line));
  return lines.slice(from, to < 0 ? lines.length : to);
}

function lengthOf(line: string): number {
  return line.length - pasteEnd(line);
}
