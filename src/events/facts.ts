import type { Decodes, HandleRow } from './catalogue.ts';
import { decodeText } from './codes.ts';
import type { Handle, HandleType, KernelEvent } from './event.ts';
import { parseNumber } from './numbers.ts';

/** What an event states, whatever record it stands in. */
export type Facts = Pick<KernelEvent, 'kind' | 'phase' | 'outcome' | 'code' | 'symbol' | 'args' | 'clues' | 'handles'>;

/** The arguments, and beside each number that stands for something its name, and what it does to a TDI. */
export function decoded(args: Readonly<Record<string, string>>, decodes: Decodes | undefined): Record<string, string> {
  if (decodes === undefined) return { ...args };
  const more: Record<string, string> = {};
  for (const [name, space] of Object.entries(decodes)) {
    const text = args[name];
    const meaning = text === undefined ? null : decodeText(space, text);
    if (meaning === null) continue;
    more[`${name}_name`] = meaning.name;
    if (meaning.means !== null) more[`${name}_means`] = meaning.means;
  }
  return { ...args, ...more };
}

export function handlesOf(
  rows: readonly HandleRow[] | undefined,
  argument: (name: string) => string | undefined,
): Handle[] {
  return (rows ?? []).flatMap((row) => {
    const value = row.arguments
      .map(argument)
      .find((one) => one !== undefined)
      ?.split(' ', 1)[0];
    if (value === undefined || !isHandle(row.type, value)) return [];
    return [{ type: row.type, value: row.hex ? `0x${value}` : value }];
  });
}

const POINTERS: ReadonlySet<HandleType> = new Set([
  'vm',
  'iommufd-context',
  'iommufd-pointer',
  'ide-pointer',
  'tsm-object',
]);

/** An id is 32 bits wide: a larger number is the address of one. */
function isHandle(type: HandleType, value: string): boolean {
  const number = parseNumber(value) ?? parseNumber(`0x${value}`);
  return number !== null && number >= 0n && (POINTERS.has(type) || number <= 0xffff_ffffn);
}

/** The groups of a pattern that took part. */
export function defined(groups: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
