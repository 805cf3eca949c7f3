import { ESCAPED, isDirty, pasteEnd, tidyRow, withoutControls, withoutEntities, withoutTags } from './clean.ts';
import type { Damage } from './repairs.ts';

/** A line without something that stood before its stamp, and what that was; null for terminal controls, which are no damage. */
export interface Unwrapped {
  readonly plain: string;
  readonly damage: Damage | null;
}

// `\[   13.377318\] vfio\_bar\_restore`: Markdown that was never rendered.
const ESCAPED_STAMP = /^\\\[ *\d{1,10}\.\d{6}\\?\]/;
/** Emphasis and code end behind the line, too. */
const EMPHASIS = /[*`]{1,3}$/;
// An item of a list, if a stamp or a priority follows.
const BULLET = /^(?:[-+]|\xe2\x80\xa2) {1,4}(?=<\d{1,3}>|\[ *\d)/;
// `12:[   13.37`, `kern.log:[   13.37`, `kern.log-12-Nov 22 05:53:14`: grep -n, -H, -C.
const GREP = /^(?:[\w./@+-]{1,160}[:-])?(?:\d{1,9}[:-])?(?=[[<]|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\d[T ]\d\d:)/;
// LAVA, KernelCI, conserver, the ts of moreutils, Xen's console daemon: `2024-03-26T13:35:12.607377 [    1.400000]`,
// `[2024-01-09 23:29:48] [    1.422280]`, `13:35:12.607377  <6>[    1.400000]`, `Nov 22 05:53:14 [    1.400000]`.
const OUTER_TIME =
  /^\[?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:? {1,4}(?=(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\])/;
// A login prompt or a shell waits in the line that the kernel then writes to.
const PROMPT = /^[^[]{0,120}(?:login: |[#$] )(?=\[ *\d{1,10}\.\d{6}\][ [])/;

/** What a line may have been; the first one that has a stamp is it. */
export function* unwrapped(line: string): Generator<Unwrapped> {
  let plain = withoutControls(line);
  if (plain !== line) yield { plain, damage: null };
  const raw = line.lastIndexOf('\r');
  if (raw > 0) yield { plain: withoutControls(line.slice(raw + 1)), damage: 'overwritten' };
  const markup = withoutMarkup(plain);
  if (markup !== plain) {
    plain = markup;
    yield { plain, damage: 'markup' };
  }
  const prompt = PROMPT.exec(plain)?.[0] ?? '';
  const start = pasteEnd(plain);
  if (start > 0) {
    const emphasis = /[*`]/.test(plain.slice(0, start));
    plain = emphasis ? plain.slice(start).replace(EMPHASIS, '') : plain.slice(start);
    yield { plain, damage: 'quoted' };
  }
  for (const [pattern, damage] of [
    [BULLET, 'quoted'],
    [GREP, 'grep'],
    [OUTER_TIME, 'outer-time'],
  ] as const) {
    const before = pattern.exec(plain)?.[0] ?? '';
    if (before !== '') yield { plain: plain.slice(before.length), damage };
  }
  if (prompt !== '') yield { plain: markup.slice(prompt.length), damage: 'prompt' };
}

function withoutMarkup(line: string): string {
  if (ESCAPED_STAMP.test(line.slice(pasteEnd(line)))) return line.replace(ESCAPED, '$1');
  const bare = withoutTags(line);
  return bare === line ? line : withoutEntities(bare);
}

const QUOTES = /^(?:> ?){1,8}/;
// `12:             drv-278     [001] ...`, `trace.txt-13-  0)   2.123 us |  ...`: grep -n, -H, -C.
const GREP_TRACE = /^(?:[\w./@+-]{1,160}[:-])?\d{1,9}[:-](?=[ #])/;

/** Without the marks of a quotation. */
export function unquoted(line: string): string {
  return line.startsWith('>') ? line.slice(QUOTES.exec(line)?.[0].length ?? 0) : line;
}

/** Without as many marks as `previous` has before it: what goes on there may begin with another one, the end of `->`. */
export function unquotedLike(previous: string, line: string): string {
  let marks = (QUOTES.exec(previous)?.[0] ?? '').replaceAll(' ', '').length;
  let at = 0;
  for (; marks > 0 && line[at] === '>'; marks--) at += line[at + 1] === ' ' ? 2 : 1;
  return line.slice(at);
}

/** The same for a line of a trace, whose indent tells how deep a call is and whose tasks may be called anything. */
export function* copiedFrom(line: string): Generator<Unwrapped> {
  const { plain, damage } = isDirty(line) ? tidyRow(line) : { plain: line, damage: null };
  if (plain !== line) yield { plain, damage };
  const quotes = QUOTES.exec(plain)?.[0] ?? '';
  if (quotes !== '') yield { plain: plain.slice(quotes.length), damage: 'quoted' };
  const grep = GREP_TRACE.exec(plain.slice(quotes.length))?.[0] ?? '';
  if (grep !== '') yield { plain: plain.slice(quotes.length + grep.length), damage: 'grep' };
}
