import type { ParserContext } from '../format.ts';
import { decodeText } from '../text.ts';
import { bareSymbol, type Wanted } from '../wanted.ts';
import type { CurrentRecord } from './current-record.ts';
import type { EventFormat, Field } from './event-format.ts';
import type { Resolve } from './print-text.ts';
import { ProbeFields } from './probe-fields.ts';
import type { Place } from './symbols.ts';
import type { TaskStacks } from './task-stacks.ts';
import type { WantedPlaces } from './wanted-places.ts';

/** Where a dynamic event says to sit. */
interface Location {
  readonly where: Field;
  /** Of a return: where it returns to. */
  readonly returnsTo: Field | null;
}

/**
 * Null for an event that is not dynamic. Kprobes and fprobes at entry have `__probe_ip`, at return `__probe_func` and
 * `__probe_ret_ip`: kernel/trace/trace_probe.h.
 */
export function probeLocation({ fields }: EventFormat): Location | null {
  const ip = fields.get('__probe_ip');
  if (ip !== undefined) return { where: ip, returnsTo: null };
  const func = fields.get('__probe_func');
  const returnsTo = fields.get('__probe_ret_ip');
  return func === undefined || returnsTo === undefined ? null : { where: func, returnsTo };
}

/** The records of one dynamic event. */
export class ProbeRecords {
  readonly #event: EventFormat;
  readonly #location: Location;
  readonly #context: ParserContext;
  readonly #places: WantedPlaces;
  readonly #stacks: TaskStacks;
  readonly #resolve: Resolve;
  readonly #longSize: 4 | 8;
  readonly #wantedByName: boolean;
  /** Only for those that are wanted. */
  #fields: ProbeFields | null = null;

  constructor(
    event: EventFormat,
    location: Location,
    context: ParserContext,
    events: Wanted,
    places: WantedPlaces,
    stacks: TaskStacks,
    resolve: Resolve,
    longSize: 4 | 8,
  ) {
    this.#event = event;
    this.#location = location;
    this.#context = context;
    this.#places = places;
    this.#stacks = stacks;
    this.#resolve = resolve;
    this.#longSize = longSize;
    this.#wantedByName = events.name(event.name) !== null;
  }

  /** @returns as `FunctionRecords.take` does. */
  take(current: CurrentRecord): 'taken' | 'short' | 'nameless' {
    const { where, returnsTo } = this.#location;
    const key = current.fields.address(where);
    if (key === null) return 'short';
    const { symbol, place } = this.#places.at(key);
    if (symbol === null && !this.#wantedByName) return place === null ? 'nameless' : 'taken';
    const caller = returnsTo === null ? null : this.#callerOf(current, returnsTo);
    const { name, fields } = this.#event;
    this.#fields ??= new ProbeFields(this.#event, this.#resolve);
    const { text, values } = this.#fields.print({ fields, record: current.fields, longSize: this.#longSize });
    const shown = place === null ? hexadecimal(current, where) : placeText(place, returnsTo !== null);
    const body =
      returnsTo === null
        ? `(${shown})${text}`
        : `(${caller === null ? hexadecimal(current, returnsTo) : placeText(caller, false)} <- ${shown})${text}`;
    const stack = this.#stacks.known(current.pid, current.cpu);
    this.#context.emit({
      ...current.head(),
      text: decodeText(current.rowHead(name) + body),
      type: 'event',
      name,
      body: decodeText(body),
      symbol: symbol ?? (place === null ? null : bareSymbol(place.name)),
      offset: returnsTo === null && place !== null ? place.offset : null,
      isReturn: returnsTo !== null,
      caller: caller === null ? null : bareSymbol(caller.name),
      fields: values,
      enclosingLine: stack?.open.at(-1)?.line ?? null,
      stack: stack?.id ?? null,
    });
    return place === null ? 'nameless' : 'taken';
  }

  #callerOf({ fields }: CurrentRecord, field: Field): Place | null {
    const key = fields.address(field);
    return key === null ? null : this.#places.at(key).place;
  }
}

/** As the kernel prints it, but for the size of the function, which the file does not tell. */
function placeText({ name, offset }: Place, bare: boolean): string {
  return bare ? name : `${name}+0x${offset.toString(16)}`;
}

function hexadecimal({ fields }: CurrentRecord, field: Field): string {
  return fields.number(field.offset, field.size, false)?.toString(16) ?? '?';
}
