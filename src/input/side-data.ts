import { closeSync, type Dirent, openSync, readdirSync, readlinkSync, readSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { SOS_FOLDER } from './chosen.ts';
import { LIVE } from './folder.ts';
import { HEAD_BYTES, SideCollector, type SideData } from './side/collector.ts';
import { isSideDataOfSos } from './side/sos.ts';

export type { SideData } from './side/collector.ts';
export type { SideFact } from './side/fact.ts';

const DEPTH_MAX = 24;
/** Files and links of a folder and what is below it. A machine has some thousands of functions, and more files in /sys. */
const ENTRIES_MAX = 65_536;
/** Entries that are looked at, wanted or not. */
const WALK_MAX = 500_000;
/** Of a sos report: where side data are. */
const SOS_FOLDERS: ReadonlySet<string> = new Set([SOS_FOLDER, 'proc', 'sys']);
/** Bytes of all of them. */
const BYTES_MAX = 256 * 2 ** 20;

/** Whether a path is that of an unpacked sos report. */
export function isSosReport(path: string): boolean {
  try {
    return statSync(join(path, SOS_FOLDER)).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Reads a folder and what is below it: output of lspci, listings of /sys, copies of files of /sys and /proc, or an unpacked sos
 * report. What a file is, its content tells, and for copies of /sys their path; everything else is passed over.
 *
 * @throws InputError where there is no such folder.
 */
export function readSideData(folder: string): SideData {
  refuseLive(folder);
  const collector = new SideCollector();
  const entries = entriesOf(folder);
  const isSos = entries.some((entry) => entry.name === SOS_FOLDER && entry.isDirectory());
  const budget = { entries: ENTRIES_MAX, bytes: BYTES_MAX };
  const wanted = isSos ? entries.filter((entry) => SOS_FOLDERS.has(entry.name)) : entries;
  let walked = 0;
  for (const [name, entry] of below(folder, '', wanted, collector, 0)) {
    walked += 1;
    if (walked > WALK_MAX) {
      collector.leave(`more than ${WALK_MAX} files and links: the others were not looked at`);
      break;
    }
    if (isSos && !isSideDataOfSos(name)) continue;
    budget.entries -= 1;
    if (budget.entries < 0) {
      collector.leave(`more than ${ENTRIES_MAX} files: the others were not read`);
      break;
    }
    try {
      if (entry.isSymbolicLink()) collector.link(name, readlinkSync(join(folder, name)));
      else if (entry.isFile()) readFile(folder, name, collector, budget);
    } catch (error) {
      collector.leave(`${name}: ${codeOf(error)}`);
    }
  }
  return collector.finish(folder);
}

function readFile(folder: string, name: string, collector: SideCollector, budget: { bytes: number }): void {
  const path = join(folder, name);
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
    readSync(file, head, 0, head.length, 0);
    const limit = SideCollector.limit(head);
    if (size > limit) {
      collector.leave(`${name}: larger than ${limit / 2 ** 20} MiB`);
    } else if (size > budget.bytes) {
      collector.leave(`${name}: the files are larger than ${BYTES_MAX / 2 ** 20} MiB in all`);
    } else {
      budget.bytes -= size;
      const bytes = Buffer.alloc(size);
      const read = readSync(file, bytes, 0, size, 0);
      collector.file(name, bytes.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

/** Files and links below a folder, in the order of their names. Links are not followed. */
function* below(
  folder: string,
  prefix: string,
  entries: readonly Dirent[],
  collector: SideCollector,
  depth: number,
): Generator<[name: string, entry: Dirent]> {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of sorted) {
    const name = prefix + entry.name;
    if (!entry.isDirectory()) yield [name, entry];
    else if (depth < DEPTH_MAX && !entry.name.startsWith('.')) {
      try {
        const inside = readdirSync(join(folder, name), { withFileTypes: true });
        yield* below(folder, `${name}/`, inside, collector, depth + 1);
      } catch (error) {
        collector.leave(`${name}: ${codeOf(error)}`);
      }
    }
  }
}

/** @throws InputError for /sys and /proc themselves: reading some of their files does things. */
function refuseLive(folder: string): void {
  let live: string | undefined;
  try {
    live = LIVE.get(statfsSync(folder).type);
  } catch {
    return;
  }
  if (live !== undefined) {
    throw new InputError(`--side ${folder}: is a directory of the running kernel (${live}): name a copy of it`);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = codeOf(error);
    const why = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'is no folder' : 'cannot be read';
    throw new InputError(`--side ${folder}: ${why}; name the folder with the output of lspci -vv`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
