import { readFileSync, statSync } from 'node:fs';
import { type Bdf, parseBdfWithoutDomain } from '../base/bdf.ts';
import { UsageError } from '../base/errors.ts';
import { Hints, NO_HINTS, pointerKey } from '../identity/hints.ts';
import type { SideData } from '../input/side-data.ts';
import type { Arguments } from './arguments.ts';

const MAX_FILE_BYTES = 2 ** 20;

/**
 * `--map POINTER=BDF`, any number of them, and the lines `POINTER BDF` of `--hints FILE`; `#` begins a comment.
 *
 * @param side tells of files by their names, and of functions by their addresses.
 * @throws UsageError that names the option, or the line of the file.
 */
export function hintsOf(args: Arguments, side: SideData | null = null): Hints {
  const found = new Map<string, Bdf>();
  for (const text of args.all('map')) {
    const [pointer = '', bdf = '', ...rest] = text.split('=');
    add(found, rest.length > 0 ? '' : pointer, bdf, `--map ${text}`, 'POINTER=BDF, as 0xffff8880037a1000=0000:02:00.0');
  }
  const file = args.text('hints');
  if (file !== null) {
    for (const [index, line] of linesOf(file).entries()) {
      const [said = ''] = line.split('#', 1);
      const words = said.trim().split(/[\s=]+/);
      if (words[0] === '') continue;
      const where = `--hints ${file}:${index + 1}`;
      add(found, words.length === 2 ? (words[0] ?? '') : '', words[1] ?? '', where, 'POINTER BDF');
    }
  }
  return found.size === 0 && side === null ? NO_HINTS : new Hints(found, side);
}

function add(into: Map<string, Bdf>, pointer: string, bdf: string, where: string, form: string): void {
  const [key, parsed] = [pointerKey(pointer), parseBdfWithoutDomain(bdf)];
  if (key === null || parsed === null) throw new UsageError(`${where}: is not ${form}`);
  const known = into.get(key);
  if (known !== undefined && known !== parsed) throw new UsageError(`${where}: ${key} was ${known} before`);
  into.set(key, parsed);
}

function linesOf(file: string): string[] {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new UsageError(`--hints ${file}: is larger than a mebibyte`);
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`--hints ${file}: cannot be read (${code})`);
  }
}
