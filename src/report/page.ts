import { escapeForTerminal, type Untrusted } from '../base/untrusted.ts';

export type Style = 'plain' | 'strong' | 'error' | 'warning' | 'good' | 'dim';

/** A piece of a line. A bare string is plain. */
export type Span = Untrusted | { readonly text: Untrusted; readonly style: Style };

const SGR: Readonly<Record<Exclude<Style, 'plain'>, string>> = {
  strong: '1',
  error: '1;31',
  warning: '33',
  good: '32',
  dim: '2',
};

/** Marks where a line was cut; ASCII, since the terminal at the other end may not be UTF-8. */
export const CUT = ' [...]';

/** How much further in the second row of a log line stands. */
const CONTINUE = 4;

/**
 * Text for a terminal or a file, line by line. The one place where text reaches it: every span is escaped here, and colour is
 * only added around spans, so that the page without colour is the page with its SGR codes taken out.
 */
export class Page {
  readonly width: number;
  readonly #color: boolean;
  readonly #lines: string[] = [];

  /** `width` in columns. */
  constructor(width: number, color: boolean) {
    this.width = width;
    this.#color = color;
  }

  /** A line as it is, however long: what scripts may grep for is never cut. */
  line(indent: number, ...spans: readonly Span[]): void {
    this.#lines.push(blanks(indent) + spans.map((span) => this.#paint(span)).join(''));
  }

  /**
   * A line of a log, cut to `rows` rows of the width, with a mark where something is missing. `marked`: it was cut before it
   * came here.
   */
  cut(indent: number, text: Untrusted, rows = 1, marked = false): void {
    let rest = Array.from(escapeForTerminal(text).trimEnd());
    for (let row = 1; rest.length > 0; row++) {
      const column = row === 1 ? indent : indent + CONTINUE;
      const room = Math.max(20, this.width - column - (row === rows || marked ? CUT.length : 0));
      const isLast = rest.length <= room || row === rows;
      const end = rest.length <= room ? rest.length : isLast ? room : breakAt(rest, room);
      const mark = isLast && (marked || rest.length > room) ? CUT : '';
      this.line(column, rest.slice(0, end).join('').trimEnd() + mark);
      if (isLast) return;
      rest = rest.slice(end);
      while (rest[0] === ' ') rest.shift();
    }
  }

  /** A paragraph: broken at blanks, its first line after `lead`, the others at `hang` columns. A long word stays whole. */
  paragraph(
    indent: number,
    lead: Span | readonly Span[],
    text: Untrusted,
    hang: number = indent + 2,
    style: Style = 'plain',
  ): void {
    const words = escapeForTerminal(text)
      .split(' ')
      .filter((word) => word !== '');
    const leads: readonly Span[] = Array.isArray(lead) ? lead : [lead as Span];
    let column = indent + leads.reduce((sum, span) => sum + lengthOf(span), 0);
    let current: string[] = [];
    let isFirst = true;
    const flush = (): void => {
      const body: Span = { text: current.join(' '), style };
      if (isFirst) this.line(indent, ...leads, body);
      else this.line(hang, body);
      isFirst = false;
      current = [];
      column = hang;
    };
    for (const word of words) {
      const length = Array.from(word).length;
      if (current.length > 0 && column + length > this.width) flush();
      current.push(word);
      column += length + 1;
    }
    if (current.length > 0 || isFirst) flush();
  }

  /** An empty line, never two in a row and none at the top. */
  blank(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('');
  }

  heading(text: string): void {
    this.blank();
    this.line(0, { text, style: 'strong' });
  }

  toString(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`;
  }

  #paint(span: Span): string {
    if (typeof span === 'string') return escapeForTerminal(span);
    const safe = escapeForTerminal(span.text);
    if (!this.#color || span.style === 'plain' || safe === '') return safe;
    return `\u001b[${SGR[span.style]}m${safe}\u001b[0m`;
  }
}

/** Where to break a row of at most `room` characters: at its last blank, unless that wastes more than half of it. */
function breakAt(characters: readonly string[], room: number): number {
  for (let i = room; i > room / 2; i--) if (characters[i] === ' ') return i;
  return room;
}

function lengthOf(span: Span): number {
  return Array.from(escapeForTerminal(typeof span === 'string' ? span : span.text)).length;
}

function blanks(count: number): string {
  return ' '.repeat(Math.max(0, count));
}

/** `1 line`, `2 lines`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
