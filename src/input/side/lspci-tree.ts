import { type Bdf, parseBdf } from '../../base/bdf.ts';

/** A bridge of `lspci -t` and its buses, hexadecimal. */
export interface TreeBridge {
  readonly bridge: Bdf;
  readonly secondary: string;
  readonly subordinate: string;
}

// show_tree_bus, show_tree_dev and show_tree_bridge of pciutils 3.9 to 3.14 (ls-tree.c; -v adds names behind the functions):
//   -[0000:00]-+-00.0
//              +-05.0-[02-03]--+-[0000:02]-+-00.0
//              |               \-[0000:03]---00.0
//              \-06.0-[04]----00.0
const ROOT = /^[-+\\| ]{1,8}\[[0-9a-f]{4,8}:[0-9a-f]{2}\]-/;
const LABEL = /^\[([0-9a-f]{4,8}):([0-9a-f]{2})\]-/;
const BRIDGE = /^([01][0-9a-f]\.[0-7])-\[([0-9a-f]{2})(?:-([0-9a-f]{2}))?\]-/;
/** Buses that are nested, and what a line of lspci holds (LINE_BUF_SIZE). */
const DEPTH_MAX = 64;
const LINE_MAX = 1100;

/** Reads `lspci -t`, line by line: what stands below what shows in its columns. */
export class TreeReader {
  /** The bus whose functions branch off at a column. */
  readonly #buses = new Map<number, string>();
  #inside = false;

  /** A file begins. */
  begin(): void {
    this.#buses.clear();
    this.#inside = false;
  }

  /** Bridges that the line tells of. */
  line(row: string): readonly TreeBridge[] {
    if (row.length > LINE_MAX) return [];
    if (row.startsWith('-')) this.#begin(ROOT.test(row));
    if (!this.#inside) return [];
    const first = row.search(/[^ |]/);
    if (first < 0 || !'-+\\'.includes(row[first] ?? '')) {
      this.#begin(false);
      return [];
    }
    return this.#branch(row, first);
  }

  #begin(inside: boolean): void {
    this.#buses.clear();
    this.#inside = inside;
  }

  #branch(row: string, first: number): TreeBridge[] {
    const found: TreeBridge[] = [];
    // A root begins with one dash more.
    let at = row.startsWith('-') && first === 0 ? 1 : first;
    let bus = this.#buses.get(at) ?? '';
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const rest = row.slice(/^[-+\\]-/.test(row.slice(at)) ? at + 2 : at);
      const start = row.length - rest.length;
      const label = LABEL.exec(rest);
      const bridge = label === null ? BRIDGE.exec(rest) : null;
      if (label !== null) {
        bus = `${label[1]}:${label[2]}`;
        at = start + label[0].length;
      } else if (bridge !== null && bus !== '') {
        const [whole, slot = '', secondary = '', subordinate = secondary] = bridge;
        const bdf = parseBdf(`${bus}:${slot}`);
        if (bdf !== null) found.push({ bridge: bdf, secondary, subordinate });
        bus = `${bus.slice(0, bus.indexOf(':'))}:${secondary}`;
        // The bridge leaves one dash before its bus.
        at = start + whole.length + 1;
      } else break;
      this.#buses.set(at, bus);
    }
    return found;
  }
}
