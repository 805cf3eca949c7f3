/** Records of which people know how they begin, and what takes off whatever stands before them. */
const HEADS: readonly { readonly of: RegExp; readonly form: string; readonly pick: string }[] = [
  {
    of: /(?:<\d{1,3}>)?\[ {0,8}\d{1,7}\.\d{6}\] \S/,
    form: 'dmesg',
    pick: String.raw`grep -oE '\[ *[0-9]+\.[0-9]{6}\] .*' FILE`,
  },
  {
    of: / {0,16}[^\s-]\S{0,24}-\d{1,10} +(?:\( *[\d-]{1,10}\) +)?\[\d{3,}\] +(?:\S{4,8} +)?\d{1,10}\.\d{6}: \S/,
    form: 'ftrace',
    pick: String.raw`grep -oE '[^ ]+-[0-9]+ .*\[[0-9]{3,}\] .*' FILE`,
  },
];
/** Longest that is looked at, of lines and of what stands before. */
const MAX_HEAD = 320;
const MAX_PREFIX = 160;
/** Share of the lines that look so, and of those that have as much before them as the others. */
const MIN_SHARE = 0.5;
const SAME_SHARE = 0.9;
const MIN_LINES = 2;

/**
 * What lines look like behind something that stands before each of them, with what takes it off; null where they do not.
 *
 * @param lines latin1. @param first number of the first one.
 */
export function lookBehind(lines: readonly string[], first: number): string | null {
  const filled = lines.filter((line) => line.trim() !== '').length;
  for (const { of, form, pick } of HEADS) {
    const found = lines.flatMap((line, index) => {
      const column = line.slice(0, MAX_HEAD).search(of);
      return column > 0 && column <= MAX_PREFIX ? [{ column, number: first + index }] : [];
    });
    const [from] = found;
    const to = found.at(-1);
    if (from === undefined || to === undefined || found.length < Math.max(MIN_LINES, filled * MIN_SHARE)) continue;
    const { column } = from;
    const isSame = found.filter((one) => one.column === column).length >= found.length * SAME_SHARE;
    const how = isSame
      ? `a prefix of ${column} characters: take it off with: cut -c${column + 1}- FILE`
      : `prefixes that differ: take them off with: ${pick}`;
    return `lines ${from.number} to ${to.number} look like ${form} behind ${how} | tdi-trace analyze -`;
  }
  return null;
}
