/** A place in the kernel's text. `name` as kallsyms has it, with what the compiler appended. */
export interface Place {
  readonly name: string;
  readonly offset: number;
}

/** Lines of kallsyms: a kernel has some 200,000, with modules. */
const MAX_SYMBOLS = 1 << 22;
/** No function is longer: what lies further behind a symbol is of a module that kallsyms does not list. */
const MAX_OFFSET = 1 << 20;
const SPACE = 32;
const NEWLINE = 10;
const TAB = 9;
/** Text, weak and indirect functions, as nm(1) prints them. */
const FUNCTION_TYPES = new Set([...'tTwWiI'].map((letter) => letter.charCodeAt(0)));
const HIGH = 2 ** 32;

/**
 * An address as a number: without its highest 11 bits, which are all the same in the kernel's half.
 *
 * @param high the upper 32 bits, 0 where a long has 32.
 */
export function addressKey(high: number, low: number): number {
  return (high & 0x1fffff) * HIGH + low;
}

/** The functions of /proc/kallsyms, as `ffffffff8142e200 T pcie_flr`, `ffffffffa0400e90 t iommufd_device_bind	[iommufd]`. */
export class Symbols {
  readonly #text: Buffer;
  /** Ascending; of equal ones the last in the file counts, as for trace-cmd report. */
  readonly #addresses: Float64Array;
  readonly #names: Uint32Array;

  constructor(kallsyms: Buffer) {
    this.#text = kallsyms;
    const { addresses, names } = parse(kallsyms);
    this.#addresses = addresses;
    this.#names = names;
  }

  get size(): number {
    return this.#addresses.length;
  }

  /** The function that the address lies in, or null. @param key see {@link addressKey}. */
  find(key: number): Place | null {
    const addresses = this.#addresses;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] ?? 0) <= key) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    const address = addresses[at];
    if (address === undefined || key - address > MAX_OFFSET) return null;
    return { name: this.#name(this.#names[at] ?? 0), offset: key - address };
  }

  #name(start: number): string {
    const text = this.#text;
    let end = start;
    while (end < text.length && end - start < 512) {
      const code = text[end];
      if (code === NEWLINE || code === TAB || code === SPACE) break;
      end++;
    }
    return text.toString('latin1', start, end);
  }
}

function parse(text: Buffer): { readonly addresses: Float64Array; readonly names: Uint32Array } {
  const count = Math.min(MAX_SYMBOLS, Math.ceil(text.length / 12));
  let addresses = new Float64Array(count);
  let names = new Uint32Array(count);
  let found = 0;
  let sorted = true;
  let at = 0;
  while (at < text.length && found < count) {
    let high = 0;
    let low = 0;
    let code = text[at] ?? 0;
    let digits = 0;
    while (code !== SPACE && digits < 16) {
      const digit = code < 58 ? code - 48 : (code | 32) - 87;
      if (digit < 0 || digit > 15) break;
      high = ((high << 4) | (low >>> 28)) >>> 0;
      low = ((low << 4) | digit) >>> 0;
      digits++;
      code = text[++at] ?? 0;
    }
    // Without the right to see them (kptr_restrict) all addresses are 0.
    if (code === SPACE && FUNCTION_TYPES.has(text[at + 1] ?? 0) && text[at + 2] === SPACE && (high | low) !== 0) {
      const address = addressKey(high, low);
      if (found > 0 && address < (addresses[found - 1] ?? 0)) sorted = false;
      addresses[found] = address;
      names[found] = at + 3;
      found++;
    }
    const end = text.indexOf(NEWLINE, at);
    if (end < 0) break;
    at = end + 1;
  }
  addresses = addresses.slice(0, found);
  names = names.slice(0, found);
  return sorted ? { addresses, names } : sort(addresses, names);
}

function sort(addresses: Float64Array, names: Uint32Array) {
  const order = new Uint32Array(addresses.length).map((_, index) => index);
  // Of equal addresses the order of the file is kept.
  order.sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0) || a - b);
  return {
    addresses: Float64Array.from(order, (index) => addresses[index] ?? 0),
    names: Uint32Array.from(order, (index) => names[index] ?? 0),
  };
}
