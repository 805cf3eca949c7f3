import { printedBody } from '../ftrace-printed.ts';
import type { EventFormat, Field } from './event-format.ts';
import { NotUnderstood, type PrintFormat, parsePrintFormat } from './print-expression.ts';
import { printText, type Resolve } from './print-text.ts';
import { elementSize, type Scope } from './print-value.ts';

/** Elements of an array that are printed where its format is not understood. */
const MAX_ELEMENTS = 64;

/** Prints the records of one event as the kernel would. */
export class EventBody {
  readonly #event: EventFormat;
  readonly #resolve: Resolve;
  readonly #format: PrintFormat | null;

  constructor(event: EventFormat, resolve: Resolve) {
    this.#event = event;
    this.#resolve = resolve;
    this.#format = understood(event.printFormat);
  }

  /** Latin1, without the newline that some formats end in. */
  print(scope: Scope): string {
    const text = this.#printed(scope) ?? printedBody(this.#event.name, plainFields(this.#event, scope));
    return text.endsWith('\n') ? text.slice(0, -1) : text;
  }

  #printed(scope: Scope): string | null {
    if (this.#format === null) return null;
    try {
      return printText(this.#format, scope, this.#resolve);
    } catch (error) {
      if (error instanceof NotUnderstood) return null;
      throw error;
    }
  }
}

function understood(source: string): PrintFormat | null {
  try {
    return parsePrintFormat(source);
  } catch (error) {
    if (error instanceof NotUnderstood) return null;
    throw error;
  }
}

/** `iova=0x100000 size=0x1000`: what is there, where the print format cannot be followed. */
function plainFields(event: EventFormat, scope: Scope): string {
  const words: string[] = [];
  for (const field of event.fields.values()) {
    if (!field.name.startsWith('common_')) words.push(`${field.name}=${plainValue(field, scope)}`);
  }
  return words.join(' ');
}

function plainValue(field: Field, scope: Scope): string {
  const { record } = scope;
  if (field.text) return record.string(field) ?? '';
  if (field.kind === 'number') return plainNumber(record.number(field.offset, field.size, field.signed));
  const place = record.place(field);
  const size = sizeOf(field, scope);
  if (place === null || size === null) return '';
  const values: string[] = [];
  for (let at = 0; at + size <= place.length && values.length < MAX_ELEMENTS; at += size) {
    values.push(plainNumber(record.number(place.offset + at, size, field.signed)));
  }
  return `{${values.join(',')}}`;
}

function plainNumber(value: bigint | null): string {
  if (value === null) return '';
  return value < 0n ? value.toString() : `0x${value.toString(16)}`;
}

function sizeOf(field: Field, { longSize }: Scope): number | null {
  try {
    return elementSize(field.type, longSize);
  } catch (error) {
    if (error instanceof NotUnderstood) return null;
    throw error;
  }
}
