/** Functions by their addresses, of /proc/kallsyms. */
export class SymbolTable {
  readonly #addresses: BigUint64Array;
  readonly #names: readonly string[];

  /** @param symbols in any order. */
  constructor(symbols: readonly { readonly address: bigint; readonly name: string }[]) {
    const sorted = symbols.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#addresses = BigUint64Array.from(sorted, ({ address }) => address);
    this.#names = sorted.map(({ name }) => name);
  }

  get size(): number {
    return this.#names.length;
  }

  /** The function that an address lies in or behind, and how far; several names of one address: the first. */
  find(address: bigint): { readonly name: string; readonly offset: number } | null {
    let [low, high] = [0, this.#addresses.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#addresses[middle] ?? 0n) <= address) low = middle + 1;
      else high = middle;
    }
    const start = this.#addresses[low - 1];
    if (start === undefined) return null;
    let first = low - 1;
    while (first > 0 && this.#addresses[first - 1] === start) first--;
    return { name: this.#names[first] ?? '', offset: Number(address - start) };
  }

  /** All names of the functions that begin at an address. */
  at(address: bigint): readonly string[] {
    const found = this.find(address);
    if (found === null || found.offset !== 0) return [];
    const names: string[] = [];
    let index = this.#addresses.indexOf(address);
    for (; index >= 0 && this.#addresses[index] === address; index++) names.push(this.#names[index] ?? '');
    return names;
  }
}

/** Symbols of a kernel: a large distribution has some 250,000. */
const SYMBOLS_MAX = 1_000_000;

// ffffffff81000000 T _stext
// ffffffffc0400e90 t vfio_pci_core_disable	[vfio_pci_core]    (s_show, kernel/kallsyms.c; 2.6 to 7.1)
const ROW = /^([0-9a-f]{16}) ([A-Za-z]) ([\w.$]{1,512})(?:\t\[[\w-]{1,64}\])?$/;

/** Whether a text begins as /proc/kallsyms does. */
export function isKallsyms(head: string): boolean {
  return head
    .split('\n', 3)
    .slice(0, 2)
    .every((row) => ROW.test(row));
}

/**
 * Reads /proc/kallsyms. Null where the kernel hid the addresses: without privileges all of them read as zeros, and what `%p`
 * prints instead of an address is another number (kptr_restrict, Documentation/admin-guide/sysctl/kernel.rst).
 */
export function readKallsyms(text: string): SymbolTable | null {
  const symbols: { address: bigint; name: string }[] = [];
  let start = 0;
  while (start < text.length && symbols.length < SYMBOLS_MAX) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const [, digits, type, name] = ROW.exec(text.slice(start, end)) ?? [];
    // Text, also weak: what a probe may sit on.
    if (digits !== undefined && name !== undefined && 'tTwW'.includes(type ?? '')) {
      // Addresses of the kernel are in the upper half; per-cpu offsets and hidden ones are not.
      if (digits.startsWith('ffff')) symbols.push({ address: BigInt(`0x${digits}`), name });
    }
    start = end + 1;
  }
  return symbols.length === 0 ? null : new SymbolTable(symbols);
}
