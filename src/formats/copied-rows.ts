import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { type Damage, Repairs } from './repairs.ts';
import { decodeText, ownCopy } from './text.ts';
import { copiedFrom } from './unwrap.ts';
import type { RowParser } from './wrapped-rows.ts';

const QUOTE = 62;

/** Rows that may have been quoted or gone through grep: each is read as it had been, and handed over as it stands in the source. */
export class CopiedRows implements RowParser {
  readonly #rows: LineParser;
  readonly #repairs: Repairs;
  /** The line as it stands in the source, while something else is read for it. */
  #raw: string | null = null;

  constructor(context: ParserContext, create: (context: ParserContext) => LineParser) {
    const { emit } = context;
    this.#repairs = new Repairs(context.health);
    this.#rows = create({
      ...context,
      emit: (record) => emit(this.#raw === null ? record : { ...record, text: decodeText(ownCopy(this.#raw)) }),
    });
  }

  get clock(): ClockInfo {
    return this.#rows.clock;
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    // No row begins with the mark of a quotation, and a name may begin so only behind blanks.
    const kind = line.charCodeAt(0) === QUOTE ? 'unparsed' : this.#rows.parse(line, number, truncated);
    return kind === 'unparsed' ? this.#parseCopied(line, number, truncated) : kind;
  }

  #parseCopied(line: string, number: number, truncated: boolean): LineKind {
    for (const { plain, damage } of copiedFrom(line)) {
      this.#raw = line;
      const kind = this.#rows.parse(plain, number, truncated);
      this.#raw = null;
      if (kind === 'unparsed') continue;
      if (damage !== null && kind === 'record') this.#repairs.note(damage, number);
      return kind;
    }
    return 'unparsed';
  }

  repaired(damage: Damage, number: number): void {
    this.#repairs.note(damage, number);
  }

  end(): void {
    this.#rows.end();
    this.#repairs.end();
  }

  span(): TimeSpan {
    return this.#rows.span();
  }
}
