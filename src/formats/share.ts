import type { LineParser, ParserContext } from './format.ts';

/** Nobody wants anything: records are counted only. */
export const NOBODY: ParserContext = {
  emit: () => undefined,
  health: () => undefined,
  interest: { symbol: () => false, event: () => false, message: () => false },
};

/**
 * The share of the non-blank lines that a parser explains, 0 where none of them is a record or its header alone. Parsers
 * are cheap on lines that nobody wants, so detection and parsing cannot disagree.
 *
 * @param learns the parser is shown the lines first, as at the beginning of a part.
 */
export function shareExplained(
  lines: readonly string[],
  create: (context: ParserContext) => LineParser,
  learns = false,
): number {
  const parser = create(NOBODY);
  if (learns) parser.learn?.(lines);
  let filled = 0;
  let explained = 0;
  let records = 0;
  for (const [index, line] of lines.entries()) {
    const kind = parser.parse(line, index + 1, false);
    if (line.trim() === '') continue;
    filled++;
    if (kind === 'record') records++;
    if (kind !== 'unparsed') explained++;
  }
  parser.end();
  return records === 0 ? 0 : explained / filled;
}
