import type { Field } from './event-format.ts';
import { type Expression, NotUnderstood } from './print-expression.ts';
import type { RecordFields } from './record-fields.ts';

/** What an argument comes to. `array`: the elements that `__get_dynamic_array()` or an array field hold. */
export type Value = bigint | string | { readonly field: Field };

/** What an expression is evaluated over. */
export interface Scope {
  readonly fields: ReadonlyMap<string, Field>;
  readonly record: RecordFields;
  /** Bytes of a long. */
  readonly longSize: 4 | 8;
}

const TRUTH: Readonly<Record<string, (left: bigint, right: bigint) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
};

const ARITHMETIC: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
};

/** @throws NotUnderstood where the record or the format does not allow it. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.type) {
    case 'number':
    case 'string':
      return expression.value;
    case 'field':
      return fieldValue(fieldOf(expression.name, scope), scope);
    case 'index':
      return element(expression.of, number(expression.at, scope), scope);
    case 'cast':
      return cast(expression.to, evaluate(expression.of, scope), scope);
    case 'unary':
      return unary(expression.operator, number(expression.of, scope));
    case 'binary':
      return binary(expression.operator, expression.left, expression.right, scope);
    case 'choice':
      return evaluate(number(expression.if, scope) !== 0n ? expression.yes : expression.no, scope);
    case 'call':
      return call(expression.name, expression.arguments, scope);
    case 'group':
      throw new NotUnderstood();
  }
}

function number(expression: Expression | undefined, scope: Scope): bigint {
  if (expression === undefined) throw new NotUnderstood();
  const value = evaluate(expression, scope);
  if (typeof value !== 'bigint') throw new NotUnderstood();
  return value;
}

function fieldOf(name: string, scope: Scope): Field {
  const field = scope.fields.get(name);
  if (field === undefined) throw new NotUnderstood();
  return field;
}

function fieldValue(field: Field, { record }: Scope): Value {
  if (field.kind === 'number') {
    const value = record.number(field.offset, field.size, field.signed);
    if (value === null) throw new NotUnderstood();
    return value;
  }
  if (!field.text) return { field };
  const text = record.string(field);
  if (text === null) throw new NotUnderstood();
  return text;
}

const ELEMENT_SIZES: readonly (readonly [RegExp, number])[] = [
  [/\b(?:u64|s64|long long)\b/, 8],
  [/\b(?:u32|s32|pid_t)\b/, 4],
  [/\b(?:u16|s16|short)\b/, 2],
  [/\b(?:u8|s8|char|bool)\b/, 1],
  [/\b(?:int|unsigned)\b(?!.*\blong\b)/, 4],
];

/** Bytes of an element of an array, by its declared type. */
export function elementSize(type: string, longSize: number): number {
  const known = ELEMENT_SIZES.find(([pattern]) => pattern.test(type.slice(0, 64)))?.[1];
  if (known !== undefined) return known;
  if (/\blong\b|\*/.test(type.slice(0, 64))) return longSize;
  throw new NotUnderstood();
}

function element(of: Expression, at: bigint, scope: Scope): bigint {
  const field = arrayField(of, scope);
  const size = elementSize(field.type, scope.longSize);
  const place = scope.record.place(field);
  if (place === null || at < 0n || at >= BigInt(Math.floor(place.length / size))) throw new NotUnderstood();
  const value = scope.record.number(place.offset + Number(at) * size, size, field.signed);
  if (value === null) throw new NotUnderstood();
  return value;
}

/** The field that an array expression names, casts taken off. */
function arrayField(expression: Expression | undefined, scope: Scope): Field {
  if (expression === undefined) throw new NotUnderstood();
  if (expression.type === 'field') return fieldOf(expression.name, scope);
  if (expression.type === 'cast') return arrayField(expression.of, scope);
  if (expression.type === 'call' && /^__get_(?:rel_)?(?:dynamic_array|str)$/.test(expression.name)) {
    return namedField(expression.arguments[0], scope);
  }
  throw new NotUnderstood();
}

/** The argument of __get_str(): a bare name. */
function namedField(expression: Expression | undefined, scope: Scope): Field {
  if (expression?.type !== 'call' || expression.arguments.length > 0) throw new NotUnderstood();
  return fieldOf(expression.name, scope);
}

function cast(to: string, value: Value, { longSize }: Scope): Value {
  if (typeof value !== 'bigint') return value;
  const bits = castBits(to, longSize * 8);
  if (bits === null) return value;
  return /^(?:s\d|__s\d)/.test(to) || (!/unsigned|u\d|bool|size_t|\*/.test(to) && !/^ssize/.test(to))
    ? BigInt.asIntN(bits, value)
    : BigInt.asUintN(bits, value);
}

function castBits(to: string, long: number): number | null {
  const sized = /^(?:__)?[us](8|16|32|64)$/.exec(to)?.[1];
  if (sized !== undefined) return Number(sized);
  if (/\*/.test(to) || /size_t/.test(to)) return long;
  if (/long long/.test(to)) return 64;
  if (/\blong\b/.test(to)) return long;
  if (/\bshort\b/.test(to)) return 16;
  if (/\bchar\b|\bbool\b/.test(to)) return 8;
  return /\bint\b|^(?:un)?signed$/.test(to) ? 32 : null;
}

function unary(operator: string, value: bigint): bigint {
  switch (operator) {
    case '-':
      return -value;
    case '~':
      return ~value;
    case '!':
      return value === 0n ? 1n : 0n;
    default:
      return value;
  }
}

function binary(operator: string, leftSide: Expression, rightSide: Expression, scope: Scope): bigint {
  const left = number(leftSide, scope);
  if (operator === '&&' && left === 0n) return 0n;
  if (operator === '||' && left !== 0n) return 1n;
  const right = number(rightSide, scope);
  if (operator === '&&' || operator === '||') return right === 0n ? 0n : 1n;
  const truth = TRUTH[operator];
  if (truth !== undefined) return truth(left, right) ? 1n : 0n;
  if (operator === '/' || operator === '%') {
    if (right === 0n) throw new NotUnderstood();
    return operator === '/' ? left / right : left % right;
  }
  if (operator === '<<' || operator === '>>') {
    if (right < 0n || right > 63n) throw new NotUnderstood();
    return BigInt.asIntN(64, operator === '<<' ? left << right : left >> right);
  }
  const combine = ARITHMETIC[operator];
  if (combine === undefined) throw new NotUnderstood();
  return BigInt.asIntN(65, combine(left, right));
}

function call(name: string, parsed: readonly Expression[], scope: Scope): Value {
  switch (name) {
    case '__get_str':
    case '__get_rel_str': {
      const text = scope.record.string(namedField(parsed[0], scope));
      if (text === null) throw new NotUnderstood();
      return text;
    }
    case '__get_dynamic_array':
    case '__get_rel_dynamic_array':
      return { field: namedField(parsed[0], scope) };
    case '__get_dynamic_array_len':
    case '__get_rel_dynamic_array_len': {
      const place = scope.record.place(namedField(parsed[0], scope));
      if (place === null) throw new NotUnderstood();
      return BigInt(place.length);
    }
    case '__print_symbolic':
    case '__print_symbolic_u64':
      return symbolic(number(parsed[0], scope), parsed.slice(1), scope);
    case '__print_flags':
    case '__print_flags_u64':
      return flags(number(parsed[0], scope), parsed[1], parsed.slice(2), scope);
    case '__print_array':
      return array(parsed, scope);
    case '__print_hex':
    case '__print_hex_str':
      return hex(parsed, name === '__print_hex' ? ' ' : '', scope);
    case '__builtin_expect':
      return number(parsed[0], scope);
    default:
      // A constant that the kernel did not resolve, or a function of a plugin of trace-cmd.
      throw new NotUnderstood();
  }
}

function pairs(groups: readonly Expression[], scope: Scope): (readonly [bigint, string])[] {
  return groups.map((group) => {
    if (group.type !== 'group') throw new NotUnderstood();
    const [value, text] = group.items;
    const word = text === undefined ? null : evaluate(text, scope);
    if (typeof word !== 'string') throw new NotUnderstood();
    return [number(value, scope), word] as const;
  });
}

function symbolic(value: bigint, groups: readonly Expression[], scope: Scope): string {
  const known = pairs(groups, scope).find(([candidate]) => same(candidate, value));
  return known?.[1] ?? `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** trace_print_flags_seq() in kernel/trace/trace_output.c. */
function flags(value: bigint, delimiter: Expression | undefined, groups: readonly Expression[], scope: Scope): string {
  const joint = delimiter === undefined ? null : evaluate(delimiter, scope);
  if (typeof joint !== 'string') throw new NotUnderstood();
  let left = value;
  const words: string[] = [];
  for (const [mask, text] of pairs(groups, scope)) {
    if (mask === 0n ? left === 0n && words.length === 0 && value === 0n : (left & mask) === mask) {
      words.push(text);
      left &= ~mask;
    }
  }
  if (left !== 0n) words.push(`0x${BigInt.asUintN(64, left).toString(16)}`);
  return words.join(joint === '' ? '|' : joint);
}

/** 64 bits, and an enum of 32 that the format writes as -1. */
function same(candidate: bigint, value: bigint): boolean {
  return (
    BigInt.asUintN(64, candidate) === BigInt.asUintN(64, value) ||
    (value >> 32n === 0n && BigInt.asUintN(32, candidate) === value && candidate < 0n)
  );
}

const MAX_ELEMENTS = 512;

/** `{0x1,0x2}`: trace_print_array_seq(). */
function array(parsed: readonly Expression[], scope: Scope): string {
  const field = arrayField(parsed[0], scope);
  const count = number(parsed[1], scope);
  const size = Number(number(parsed[2], scope));
  const place = scope.record.place(field);
  if (place === null || count < 0n || count > BigInt(MAX_ELEMENTS)) throw new NotUnderstood();
  const words: string[] = [];
  for (let i = 0; i < Number(count); i++) {
    const value = scope.record.number(place.offset + i * size, size, false);
    if (value === null) throw new NotUnderstood();
    words.push(`0x${value.toString(16)}`);
  }
  return `{${words.join(',')}}`;
}

/** `0a 0b`: trace_print_hex_seq(). */
function hex(parsed: readonly Expression[], joint: string, scope: Scope): string {
  const place = scope.record.place(arrayField(parsed[0], scope));
  const count = number(parsed[1], scope);
  if (place === null || count < 0n || count > BigInt(MAX_ELEMENTS)) throw new NotUnderstood();
  const words: string[] = [];
  for (let i = 0; i < Number(count); i++) {
    const value = scope.record.number(place.offset + i, 1, false);
    if (value === null) throw new NotUnderstood();
    words.push(value.toString(16).padStart(2, '0'));
  }
  return words.join(joint);
}
