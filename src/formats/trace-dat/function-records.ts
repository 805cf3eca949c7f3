import type { ParserContext } from '../format.ts';
import { NO_ARGUMENTS } from '../record.ts';
import { decodeText } from '../text.ts';
import { bareSymbol } from '../wanted.ts';
import type { CurrentRecord } from './current-record.ts';
import type { EventFormat, Field } from './event-format.ts';
import type { Symbols } from './symbols.ts';
import type { WantedPlaces } from './wanted-places.ts';

/** The records of the function tracer: struct ftrace_entry in kernel/trace/trace_entries.h. */
export class FunctionRecords {
  readonly #ip: Field;
  readonly #parent: Field | undefined;
  readonly #context: ParserContext;
  readonly #places: WantedPlaces;
  readonly #symbols: Symbols;

  private constructor(ip: Field, format: EventFormat, context: ParserContext, places: WantedPlaces, symbols: Symbols) {
    this.#ip = ip;
    this.#parent = format.fields.get('parent_ip');
    this.#context = context;
    this.#places = places;
    this.#symbols = symbols;
  }

  /** Null where the format lacks what the records are read by. */
  static of(
    format: EventFormat,
    context: ParserContext,
    places: WantedPlaces,
    symbols: Symbols,
  ): FunctionRecords | null {
    const ip = format.fields.get('ip');
    return ip === undefined ? null : new FunctionRecords(ip, format, context, places, symbols);
  }

  /** @returns `short`: the record lacks its fields; `nameless`: it cannot be told which function it is. */
  take(current: CurrentRecord): 'taken' | 'short' | 'nameless' {
    const key = current.fields.address(this.#ip);
    if (key === null) return 'short';
    const { symbol, place } = this.#places.at(key);
    if (place === null) return 'nameless';
    if (symbol === null) return 'taken';
    const parent = this.#caller(current);
    this.#context.emit({
      ...current.head(),
      text: decodeText(`${current.rowHead('function')}${place.name} <-- ${parent ?? ''}`),
      type: 'function',
      symbol,
      parent: parent === null ? null : bareSymbol(parent),
      args: NO_ARGUMENTS,
    });
    return 'taken';
  }

  #caller({ fields }: CurrentRecord): string | null {
    const key = this.#parent === undefined ? null : fields.address(this.#parent);
    return key === null ? null : (this.#symbols.find(key)?.name ?? null);
  }
}
