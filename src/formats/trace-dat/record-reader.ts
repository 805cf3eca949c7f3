import type { ParserContext } from '../format.ts';
import { Wanted } from '../wanted.ts';
import type { CurrentRecord } from './current-record.ts';
import type { EventFormat } from './event-format.ts';
import { EventRecords } from './event-records.ts';
import { FunctionRecords } from './function-records.ts';
import { type Following, GraphRecords } from './graph-records.ts';
import type { Resolve } from './print-text.ts';
import { ProbeRecords, probeLocation } from './probe-records.ts';
import type { CpuRecords } from './ring-buffer.ts';
import type { Symbols } from './symbols.ts';
import { TaskStacks } from './task-stacks.ts';
import { WantedPlaces } from './wanted-places.ts';

/** Bytes behind the start of a function where its entry can be traced: behind endbr, bti or the padding for call thunks. */
const ENTRY = 64;
const ANYWHERE = Number.POSITIVE_INFINITY;

/** What is done with the records of one type. */
type Handler =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'function'; readonly records: FunctionRecords }
  | { readonly kind: 'entry' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'event'; readonly records: EventRecords }
  | { readonly kind: 'probe'; readonly records: ProbeRecords };

const IGNORED: Handler = { kind: 'ignored' };

/** Makes records of what the ring buffer holds: one of these for all buffers of a file. */
export class RecordReader {
  /** Records of a type that no format describes, or too short for it; the first one. */
  unparsed = 0;
  firstUnparsed = 0;
  /** Records that name an address where no function is known; the first one. */
  nameless = 0;
  firstNameless = 0;
  readonly #current: CurrentRecord;
  readonly #graph: GraphRecords;
  readonly #handlers: (Handler | undefined)[] = [];
  /** Makes the handler of a type at its first record: of the thousands of formats of a file few are used. */
  readonly #learn: (format: EventFormat) => Handler;
  readonly #formats: ReadonlyMap<number, EventFormat>;

  constructor(
    formats: ReadonlyMap<number, EventFormat>,
    context: ParserContext,
    current: CurrentRecord,
    symbols: Symbols,
    longSize: 4 | 8,
  ) {
    this.#current = current;
    const stacks = new TaskStacks();
    const wantedSymbols = Wanted.symbols(context.interest);
    const events = Wanted.events(context.interest);
    const functions = new WantedPlaces(symbols, wantedSymbols, ENTRY);
    const places = new WantedPlaces(symbols, wantedSymbols, ANYWHERE);
    const resolve: Resolve = (key) => symbols.find(key);
    this.#graph = new GraphRecords(context, functions, symbols, stacks);
    const tracer = (format: EventFormat): Handler => {
      switch (format.name) {
        case 'function': {
          const records = FunctionRecords.of(format, context, functions, symbols);
          return records === null ? IGNORED : { kind: 'function', records };
        }
        case 'funcgraph_entry':
        case 'fgraph_retaddr_entry':
          return this.#graph.addEntry(format) ? { kind: 'entry' } : IGNORED;
        case 'funcgraph_exit':
          return this.#graph.addExit(format) ? { kind: 'exit' } : IGNORED;
        default:
          return IGNORED;
      }
    };
    this.#formats = formats;
    this.#learn = (format) => {
      const location = probeLocation(format);
      if (location !== null) {
        const records = new ProbeRecords(format, location, context, events, places, stacks, resolve, longSize);
        return { kind: 'probe', records };
      }
      if (events.name(format.name) === null) return IGNORED;
      return { kind: 'event', records: new EventRecords(format, context, stacks, resolve, longSize) };
    };
    // A call's begin asks for the format of its end.
    for (const [id, format] of formats) if (format.system === 'ftrace') this.#handlers[id] = tracer(format);
  }

  /** Takes the record that `stream` stands at, and advances `following` by it, and by those that belong to it. */
  take(stream: CpuRecords, following: Following, prefix: string): void {
    const current = this.#current;
    current.begin(stream, prefix);
    const id = current.typeOf(stream);
    const handler = this.#handlers[id] ?? this.#unknown(id);
    let taken: 'taken' | 'short' | 'nameless' = 'taken';
    switch (handler?.kind) {
      case undefined:
        taken = 'short';
        break;
      case 'function':
        taken = handler.records.take(current);
        break;
      case 'entry':
        taken = this.#graph.enter(current, id, stream, following);
        break;
      case 'exit':
        taken = this.#graph.leave(current);
        break;
      case 'probe':
        taken = handler.records.take(current);
        break;
      case 'event':
        handler.records.take(current);
        break;
      default:
        break;
    }
    if (handler?.kind !== 'entry') following.advance();
    if (taken === 'taken') return;
    if (taken === 'short') {
      if (this.unparsed === 0) this.firstUnparsed = current.number;
      this.unparsed++;
    } else {
      if (this.nameless === 0) this.firstNameless = current.number;
      this.nameless++;
    }
  }

  #unknown(id: number): Handler | undefined {
    const format = this.#formats.get(id);
    if (format === undefined) return undefined;
    const handler = this.#learn(format);
    this.#handlers[id] = handler;
    return handler;
  }
}
