import { NotUnderstood, type PrintFormat } from './print-expression.ts';
import { evaluate, type Scope, type Value } from './print-value.ts';
import { addressKey, type Place } from './symbols.ts';

/** Names the function that an address lies in. */
export type Resolve = (key: number) => Place | null;

/** Longest text that one record is printed as. */
const MAX_TEXT = 16 * 1024;
const MAX_WIDTH = 512;

// Flags, width, precision, length, conversion; of a pointer the letters behind it (Documentation/core-api/printk-formats.rst).
const CONVERSION = /%([-+ #0]{0,5})(\*|\d{1,4})?(?:\.(\*|\d{1,4})?)?(hh|h|ll|l|L|q|j|z|t)?([%a-zA-Z])([A-Za-z0-9]*)/g;

interface Style {
  readonly flags: string;
  readonly width: number;
  /** null where the format has none. */
  readonly precision: number | null;
}

/** Prints a record as its format says. Latin1. @throws NotUnderstood */
export function printText(format: PrintFormat, scope: Scope, resolve: Resolve): string {
  return new Printer(format, scope, resolve).print();
}

class Printer {
  readonly #format: PrintFormat;
  readonly #scope: Scope;
  readonly #resolve: Resolve;
  #used = 0;

  constructor(format: PrintFormat, scope: Scope, resolve: Resolve) {
    this.#format = format;
    this.#scope = scope;
    this.#resolve = resolve;
  }

  print(): string {
    const { text } = this.#format;
    let result = '';
    let from = 0;
    CONVERSION.lastIndex = 0;
    for (const match of text.matchAll(CONVERSION)) {
      const [whole, flags = '', width, precision, length = '', letter = '', more = ''] = match;
      result += text.slice(from, match.index);
      from = match.index + whole.length;
      if (letter === '%') {
        result += `%${more}`;
        continue;
      }
      const style = {
        flags,
        width: this.#measure(width) ?? 0,
        precision: whole.includes('.') ? (this.#measure(precision) ?? 0) : null,
      };
      const extension = letter === 'p' ? pointerLetters(more) : '';
      result += this.#convert(letter, length, extension, style) + more.slice(extension.length);
      if (result.length > MAX_TEXT) return result.slice(0, MAX_TEXT);
    }
    return result + text.slice(from);
  }

  #measure(text: string | undefined): number | null {
    if (text === undefined) return null;
    const value = text === '*' ? this.#next() : BigInt(text);
    if (typeof value !== 'bigint' || value < 0n) throw new NotUnderstood();
    return value > BigInt(MAX_WIDTH) ? MAX_WIDTH : Number(value);
  }

  #next(): Value {
    const expression = this.#format.arguments[this.#used++];
    if (expression === undefined) throw new NotUnderstood();
    return evaluate(expression, this.#scope);
  }

  #convert(letter: string, length: string, extension: string, style: Style): string {
    const value = this.#next();
    switch (letter) {
      case 's':
        return padded(cut(this.#string(value), style.precision), style);
      case 'c':
        return padded(String.fromCharCode(Number(BigInt.asUintN(8, integer(value)))), style);
      case 'd':
      case 'i':
        return signed(BigInt.asIntN(this.#bits(length), integer(value)), style);
      case 'u':
        return digits(BigInt.asUintN(this.#bits(length), integer(value)).toString(), '', style);
      case 'o':
        return digits(
          BigInt.asUintN(this.#bits(length), integer(value)).toString(8),
          style.flags.includes('#') ? '0' : '',
          style,
        );
      case 'x':
      case 'X': {
        const text = BigInt.asUintN(this.#bits(length), integer(value)).toString(16);
        const prefix = style.flags.includes('#') && text !== '0' ? `0${letter}` : '';
        return digits(letter === 'X' ? text.toUpperCase() : text, prefix, style);
      }
      case 'p':
        return padded(this.#pointer(integer(value), extension), style);
      default:
        throw new NotUnderstood();
    }
  }

  #string(value: Value): string {
    if (typeof value === 'string') return value;
    // A pointer into the kernel's memory, which is not in the file.
    if (typeof value === 'bigint') return `0x${BigInt.asUintN(64, value).toString(16)}`;
    const text = this.#scope.record.string(value.field);
    if (text === null) throw new NotUnderstood();
    return text;
  }

  #bits(length: string): number {
    switch (length) {
      case 'hh':
        return 8;
      case 'h':
        return 16;
      case 'll':
      case 'L':
      case 'q':
      case 'j':
        return 64;
      case 'l':
      case 'z':
      case 't':
        return this.#scope.longSize * 8;
      default:
        return 32;
    }
  }

  #pointer(value: bigint, extension: string): string {
    const wide = BigInt.asUintN(64, value);
    switch (extension.charAt(0)) {
      case '':
      case 'K':
      case 'x':
        return `0x${wide.toString(16)}`;
      case 's':
      case 'f':
      case 'S':
      case 'F':
      case 'B': {
        const place = this.#resolve(addressKey(Number(wide >> 32n), Number(wide & 0xffffffffn)));
        if (place === null) return `0x${wide.toString(16)}`;
        return /[sf]/.test(extension) ? place.name : `${place.name}+0x${place.offset.toString(16)}`;
      }
      default:
        throw new NotUnderstood();
    }
  }
}

/** The letters that belong to `%p`: `%ps:` has one, `%pK`; of other words none. */
function pointerLetters(text: string): string {
  return /^(?:[sSfFBKx](?![A-Za-z])|[A-Z]\w?)/.exec(text)?.[0] ?? '';
}

function integer(value: Value): bigint {
  if (typeof value !== 'bigint') throw new NotUnderstood();
  return value;
}

function cut(text: string, precision: number | null): string {
  return precision === null ? text : text.slice(0, precision);
}

function signed(value: bigint, style: Style): string {
  const sign = value < 0n ? '-' : style.flags.includes('+') ? '+' : style.flags.includes(' ') ? ' ' : '';
  return digits((value < 0n ? -value : value).toString(), sign, style);
}

function digits(text: string, prefix: string, style: Style): string {
  const { flags, width, precision } = style;
  let body = precision === null ? text : text.padStart(precision, '0');
  if (precision === null && flags.includes('0') && !flags.includes('-'))
    body = body.padStart(width - prefix.length, '0');
  return padded(prefix + body, style);
}

function padded(text: string, { flags, width }: Style): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}
