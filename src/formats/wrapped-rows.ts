import type { HealthSink } from '../base/health.ts';
import type { Chunk } from '../input/chunk.ts';
import type { Skimmed } from '../input/skim-engine.ts';
import type { ClockInfo, LineKind, LineParser, ParserContext, TimeSpan } from './format.ts';
import { doubtfulRest } from './remark.ts';
import type { Damage } from './repairs.ts';
import { decodeText, ownCopy } from './text.ts';
import { unquoted } from './unwrap.ts';
import { type Places, WrapFinder } from './wrap-finder.ts';

/** The last words of the header of columns. */
const HEADER_END = /^ {0,16}(?:TIMESTAMP {1,8})?(?:FUNCTION(?: CALLS)?|CALLS|(?:\| {0,16}){1,4})$/;

/** A row and what was broken off it. */
interface Row {
  readonly lines: string[];
  joined: string;
  readonly number: number;
  truncated: boolean;
}

/** Reads rows that are whole. */
export interface RowParser extends LineParser {
  /** A line was read as it had been; for the health row at the end. */
  repaired(damage: Damage, number: number): void;
}

/**
 * Text whose rows a mail program or a terminal may have broken for their width: then a row is read once the next one begins. Where the first
 * lines do not show that, every line goes to the parser of the rows as it is.
 */
export class WrappedRows<P extends RowParser> implements LineParser {
  protected readonly rows: P;
  readonly #finder: WrapFinder;
  #row: Row | null = null;
  /** The line before is a header, whose end may stand below. */
  #header = false;
  /** The line before, where a terminal may have broken some. */
  #before = '';
  /** It was said of the lines since the last row that they are lost. */
  #lost = false;
  /** The line that was last said to be doubtful. */
  #doubted = 0;
  /** The line before is a row. */
  #afterRow = false;
  readonly #health: HealthSink;

  constructor(context: ParserContext, places: Places, create: (context: ParserContext) => P) {
    this.#health = context.health;
    this.#finder = new WrapFinder(places);
    this.rows = create({
      ...context,
      emit: (record) => {
        const row = this.#row;
        if (row === null || row.lines.length === 1 || record.line !== row.number) context.emit(record);
        else {
          const text = decodeText(ownCopy(row.lines.join('\n')));
          context.emit({ ...record, endLine: row.number + row.lines.length - 1, text });
        }
      },
    });
  }

  get clock(): ClockInfo {
    return this.rows.clock;
  }

  learn(lines: readonly string[]): void {
    if (this.#finder.width === 0) this.#finder.learn(lines);
  }

  parse(line: string, number: number, truncated: boolean): LineKind {
    if (this.#finder.suspects) this.#look(line, number);
    if (this.#finder.width === 0) {
      this.flush();
      return this.#doubt(this.rows.parse(line, number, truncated), line, number);
    }
    const row = this.#row;
    const previous = row?.lines.at(-1);
    if (row !== null && previous !== undefined && this.#finder.isBrokenOff(row.joined, previous, line)) {
      row.joined = this.#finder.joined(row.joined, line);
      row.lines.push(line);
      row.truncated ||= truncated;
      this.rows.repaired('wrapped', number);
      return 'continuation';
    }
    this.flush();
    const isHeaderEnd = this.#header && HEADER_END.test(unquoted(line));
    const place = this.#finder.place(line);
    this.#header = place === 'header';
    if (isHeaderEnd) return 'skipped';
    if (place !== 'row' && place !== 'part') return this.#tellLost(this.rows.parse(line, number, truncated), number);
    this.#lost = false;
    this.#row = { lines: [line], joined: line, number, truncated };
    return 'record';
  }

  skim(chunk: Chunk, start: number, number: number): Skimmed | null {
    if (this.#finder.width > 0) return null;
    const skimmed = this.rows.skim?.(chunk, start, number) ?? null;
    if (skimmed !== null) this.#afterRow = true;
    if (skimmed !== null && this.#finder.suspects) this.#lookAlong(chunk, start, skimmed.end);
    return skimmed;
  }

  /** What is skimmed are rows, none of which is the rest of another one: only how wide they are matters, and the last one. */
  #lookAlong(chunk: Chunk, start: number, end: number): void {
    for (let at = start; at < end && this.#finder.suspects; ) {
      const wide = chunk.endOfLineBeyond(this.#finder.suspectWidth, at, end);
      if (wide < 0) break;
      this.#finder.see(chunk.lineBefore(wide));
      at = wide;
    }
    this.#before = chunk.lineBefore(end);
  }

  #sayDoubtful(number: number): void {
    if (this.#doubted !== number) this.#health(doubtfulRest(number));
    this.#doubted = number;
  }

  /** Nothing shows that rows were broken for their width; but one of them may have been, and says something else with its rest. */
  #doubt(kind: LineKind, line: string, number: number): LineKind {
    if (kind === 'unparsed' && this.#afterRow && this.#finder.looksCutOff(line)) this.#sayDoubtful(number);
    this.#afterRow = kind === 'record';
    return kind;
  }

  /** Where the line may be the rest of a row that is readable without it neither is certain. */
  #look(line: string, number: number): void {
    this.#finder.see(line);
    const row = this.#row?.joined ?? this.#before;
    const isJoined = this.#row !== null && this.#finder.isBrokenOff(row, this.#before, line);
    if (!isJoined && this.#finder.isDoubtful(this.#before, line)) this.#sayDoubtful(number);
    this.#before = line;
  }

  retract(count: number): void {
    const row = this.#row;
    if (row === null) return;
    row.lines.splice(Math.max(1, row.lines.length - count));
    row.joined = row.lines.reduce((joined, line) => this.#finder.joined(joined, line));
  }

  end(): void {
    this.flush();
    this.rows.end();
  }

  span(): TimeSpan {
    return this.rows.span();
  }

  /** A broken row that cannot be put together is lost, and what it called with it. */
  #tellLost(kind: LineKind, number: number): LineKind {
    if (kind !== 'unparsed' || this.#lost) return kind;
    this.#lost = true;
    const message = 'a row that was broken for its width cannot be put together here: what it told is missing';
    this.#health({ code: 'lines-elided', line: number, message, count: 1 });
    return kind;
  }

  /** Hands over the row that is held back: what comes next is none of its. */
  flush(): void {
    const row = this.#row;
    if (row === null) return;
    this.#tellLost(this.rows.parse(row.joined, row.number, row.truncated), row.number);
    this.#row = null;
  }
}
