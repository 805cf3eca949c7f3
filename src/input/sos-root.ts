import { SOS_FOLDER } from './chosen.ts';

/** sos packs all that it collects of a machine below `sosreport-HOST-...`: `get_archive_name` in sos/policies. */
const NAMED = /^sosreport-[^:]+$/;

/**
 * What a report copies of its own machine: what the kernel says of itself, sos asked it for, or its logging daemon wrote. Below
 * /var/log that daemon may keep a folder for each machine that it takes messages from, and libvirt one of guests' consoles.
 */
const OWN = /^(?:sos_commands\/|sys\/|proc\/|var\/log\/[^/]+$|var\/crash\/|var\/lib\/systemd\/pstore\/)/;

/**
 * Of each path the sos report that it lies in, as what its path begins with, where the file tells of the machine that the report was
 * made of; null for all others. A report is one machine by construction. It is told by the name of its folder, or, as it may have
 * been packed or unpacked under another name, by `sos_commands` in it.
 *
 * @param paths of sources: of a file, `DIRECTORY/FILE`, `ARCHIVE:MEMBER`.
 */
export function sosRoots(paths: readonly string[]): readonly (string | null)[] {
  const roots = new Set<string>();
  for (const path of paths) for (const root of rootsIn(path)) roots.add(root);
  return paths.map((path) => {
    const inner = rootsOf(path).find((start) => roots.has(start));
    return inner !== undefined && OWN.test(path.slice(inner.length)) ? inner : null;
  });
}

/** Folders above the files of a report: names in an archive may hold any number of slashes. */
const DEPTH_MAX = 64;

/** What a path may be cut behind, from the longest beginning to the shortest. */
function rootsOf(path: string): string[] {
  const roots: string[] = [];
  for (const { index } of path.matchAll(/[/:]/g)) {
    if (roots.length === DEPTH_MAX) break;
    roots.unshift(path.slice(0, index + 1));
  }
  return roots;
}

function rootsIn(path: string): string[] {
  const starts = rootsOf(path).reverse();
  const found: string[] = [];
  let from = 0;
  for (const start of starts) {
    const part = path.slice(from, start.length - 1);
    if (start.endsWith('/') && NAMED.test(part)) found.push(start);
    // Not where the user stands in the report: its other files begin with nothing in common then.
    else if (start.endsWith('/') && part === SOS_FOLDER && from > 0) found.push(path.slice(0, from));
    from = start.length;
  }
  return found;
}
