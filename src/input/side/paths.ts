/** An entry of /sys that side data tell of. */
export interface SysEntry {
  /** Its path, split; it may begin anywhere. */
  readonly path: readonly string[];
  /** Where the link leads to; null for what is none, or where it is not told. */
  readonly target: readonly string[] | null;
  /** What the file holds, one line; null where it is not told. */
  readonly value: string | null;
}

const PATH_MAX = 4096;

// lrwxrwxrwx 1 root root 0 Nov 22 06:20 physfn -> ../0000:02:00.0    (ls -l of GNU coreutils and busybox, ls -d, ls -i)
const LISTED = /^[-bcdlps][-rwxsStT]{9}[.+@]? /;
// grep . /sys/bus/pci/devices/*/tsm/*: `/sys/bus/pci/devices/0000:02:00.0/tsm/connect:tsm0`. An address has colons of its own.
const VALUE = /^(\/[^\s"]{1,400}\/tsm\/[a-z]{1,20}):(.{0,80})$/;
// head -n1 FILE..: `==> /sys/bus/pci/devices/0000:02:00.0/tsm/connect <==`
const HEADED = /^==> (\/\S{1,400}) <==$/;

/**
 * Tells entries of /sys from lines: `ls`, `ls -l` and `ls -lR` with the name of the folder in front, `find`, `grep .`, `head`.
 */
export class PathReader {
  #folder = '';
  #headed: string | null = null;

  /** A file begins. */
  begin(): void {
    this.#folder = '';
    this.#headed = null;
  }

  /** Null where the line tells of no entry. */
  line(row: string): SysEntry | null {
    if (row.length > PATH_MAX) return null;
    const headed = this.#headed;
    this.#headed = null;
    if (headed !== null && !row.startsWith('==>')) return entry(headed, null, row.trim());
    if (row.startsWith('/') || row.startsWith('./')) return this.#path(row);
    this.#headed = HEADED.exec(row)?.[1] ?? null;
    if (LISTED.test(row)) return this.#listed(row);
    // `ls` of a folder, a name a line.
    return this.#folder !== '' && /^[\w:.-]{1,64}$/.test(row) ? entry(`${this.#folder}/${row}`, null, null) : null;
  }

  #path(row: string): SysEntry | null {
    const value = VALUE.exec(row);
    if (value?.[1] !== undefined) return entry(value[1], null, (value[2] ?? '').trim());
    if (row.endsWith(':')) {
      this.#folder = row.slice(0, -1);
      return null;
    }
    return /^\S+$/.test(row) ? entry(row, null, null) : null;
  }

  #listed(row: string): SysEntry | null {
    const arrow = row.startsWith('l') ? row.indexOf(' -> ') : -1;
    const end = arrow < 0 ? row.length : arrow;
    const name = row.slice(row.lastIndexOf(' ', end - 1) + 1, end);
    if (name === '' || name === '.' || name === '..') return null;
    const path = name.includes('/') ? name : `${this.#folder}/${name}`;
    return entry(path, arrow < 0 ? null : row.slice(arrow + 4), null);
  }
}

function entry(path: string, target: string | null, value: string | null): SysEntry {
  return { path: path.split('/'), target: target === null ? null : target.split('/'), value };
}
