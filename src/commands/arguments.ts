import type { Options } from 'yargs';
import { UsageError } from '../base/errors.ts';

/**
 * Stands for a lone `-` while yargs parses: yargs-parser 22 drops it from the positionals of a command (yargs#1312). No
 * argument of a process can hold a NUL, so it clashes with nothing.
 */
export const DASH = '\u0000-';

/** An option with one value. All options are strings to yargs: its numbers accept `abc` as NaN and read `1e5` as 100000. */
export function valueOption(description: string, placeholder?: string): Options {
  return {
    type: 'string',
    requiresArg: true,
    description: placeholder === undefined ? description : `${description} [${placeholder}]`,
  };
}

/** An option without a value. */
export function flagOption(description: string): Options {
  return { type: 'boolean', description };
}

/**
 * The parsed command line. yargs turns a repeated option into an array without a word; every accessor refuses that, so that
 * no command can take the last of two contradicting values by accident.
 */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** @throws UsageError where the option is given twice or empty. */
  text(name: string): string | null {
    const value = this.#single(name);
    if (value === null) return null;
    const text = String(value);
    if (text === '') throw new UsageError(`${spell(name)} needs a value`);
    return restoreDash(text);
  }

  /** Every value of an option that may be repeated. @throws UsageError where one is empty. */
  all(name: string): string[] {
    const values = toArray(this.#values[name]).map((value) => restoreDash(String(value)));
    if (values.includes('')) throw new UsageError(`${spell(name)} needs a value`);
    return values;
  }

  flag(name: string): boolean {
    return this.#single(name) === true;
  }

  /** A comma-separated list; null where the option is not given. */
  list(name: string): string[] | null {
    const text = this.text(name);
    if (text === null) return null;
    const items = text.split(',').map((item) => item.trim());
    if (items.includes('')) throw new UsageError(`${spell(name)}: empty item in the list '${text}'`);
    return [...new Set(items)];
  }

  /** A value out of `allowed`, or `fallback` where the option is not given. */
  choice<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const text = this.text(name);
    return text === null ? fallback : oneOf(name, text, allowed);
  }

  /** A list of values out of `allowed`; null where the option is not given. */
  choices<T extends string>(name: string, allowed: readonly T[]): T[] | null {
    return this.list(name)?.map((item) => oneOf(name, item, allowed)) ?? null;
  }

  /** What stands before and after `--`, under the name of the variadic positional; a lone `-` is one of them. */
  positionals(name: string): string[] {
    return [...toArray(this.#values[name]), ...toArray(this.#values['--'])].map((item) => restoreDash(String(item)));
  }

  #single(name: string): unknown {
    const value = this.#values[name];
    if (Array.isArray(value)) throw new UsageError(`${spell(name)} is given more than once`);
    return value === undefined ? null : value;
  }
}

/** `text` as one of `allowed`. @throws UsageError that names the allowed values, and the nearest one. */
export function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === text);
  if (found !== undefined) return found;
  const near = nearest(text, allowed);
  const hint = near === null ? '' : ` (did you mean '${near}'?)`;
  throw new UsageError(`${spell(name)}: '${text}' is none of ${allowed.join(', ')}${hint}`);
}

/** Letters that tell what a cut word begins. */
const PREFIX_MIN = 3;

/** The entry of `words` that `text` is most likely a misspelling of, or the beginning of; null where none is close. */
export function nearest(text: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(text.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(text.toLowerCase().slice(0, 64), word);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return (
    best ?? (text.length < PREFIX_MIN ? null : (words.find((word) => word.startsWith(text.toLowerCase())) ?? null))
  );
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function spell(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function restoreDash(text: string): string {
  return text === DASH ? '-' : text;
}

function toArray(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** No input is named. The entry prints the help of the command below it where stdin is a terminal. */
export class NoInputError extends UsageError {
  constructor(stdinIsTerminal: boolean) {
    super(stdinIsTerminal ? 'no input given' : "no input given: name a file, or '-' to read stdin");
  }
}
