import { existsSync } from 'node:fs';
import { opendir, statfs } from 'node:fs/promises';
import { InputError } from '../base/errors.ts';
import { SOS_FOLDER } from './chosen.ts';
import { openError, shownPath } from './source.ts';

const DEPTH_MAX = 32;
/** Of one directory, and of files in all. */
const ENTRIES_MAX = 100_000;

/** Kernel files that a read empties, or that never end: include/uapi/linux/magic.h. */
export const LIVE: ReadonlyMap<number, string> = new Map([
  [0x74726163, 'tracefs'],
  [0x64626720, 'debugfs'],
  [0x62656572, 'sysfs'],
  [0x9fa0, 'proc'],
]);

/** What a walk came across. */
export interface Walk {
  /** Of regular files below `path`, relative, with `/`, in the order of their code units, a directory where its name stands. */
  readonly files: AsyncIterable<string>;
  /** Links and directories that were not followed, so far. */
  passed(): number;
  /** An unpacked sos report. */
  readonly isSos: boolean;
}

/**
 * Walks a directory. Links are not followed: what they name lies in it too, or is none of its business.
 *
 * @param unreadable told of a directory below that cannot be read.
 * @throws InputError the directory cannot be read, or belongs to the running kernel.
 */
export async function walk(path: string, unreadable: (error: InputError) => void): Promise<Walk> {
  const live = LIVE.get((await statfs(path).catch(() => ({ type: 0 }))).type);
  if (live !== undefined) {
    throw new InputError(
      `${shownPath(path)}: is a directory of the running kernel (${live}): name the one file, such as its trace, or a copy of it`,
    );
  }
  let passed = 0;
  let files = 0;
  const below = async function* (relative: string, depth: number): AsyncGenerator<string> {
    const entries = await list(relative === '' ? path : `${path}/${relative}`).catch((error: unknown) => {
      if (depth === 0) throw openError(path, error);
      unreadable(openError(`${path}/${relative}`, error));
      return null;
    });
    if (entries === null) return;
    passed += entries.passed;
    for (const { name, isFolder } of entries.list) {
      const inside = relative === '' ? name : `${relative}/${name}`;
      if (isFolder && (depth + 1 >= DEPTH_MAX || name.startsWith('.'))) passed += 1;
      else if (isFolder) yield* below(inside, depth + 1);
      else if (++files > ENTRIES_MAX) passed += 1;
      else yield inside;
    }
  };
  const isSos = /(?:^|\/)sosreport-[^/]*\/*$/.test(path) || existsSync(`${path}/${SOS_FOLDER}`);
  return { files: below('', 0), passed: () => passed, isSos };
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

async function list(path: string): Promise<{ list: Entry[]; passed: number }> {
  const entries: Entry[] = [];
  let passed = 0;
  for await (const entry of await opendir(path)) {
    const isWanted = (entry.isFile() || entry.isDirectory()) && entries.length < ENTRIES_MAX;
    if (isWanted) entries.push({ name: entry.name, isFolder: entry.isDirectory() });
    else passed += 1;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { list: entries, passed };
}
