import type { Bdf } from '../base/bdf.ts';
import { functionNames } from '../formats/address-names.ts';
import type { FunctionNames } from '../formats/record.ts';
import { fileOf } from '../input/side/fact.ts';
import type { SideData } from '../input/side-data.ts';

/** What the user says of pointers that the log does not tell. The log wins where it says otherwise. */
export class Hints {
  readonly #bdfs: ReadonlyMap<string, Bdf>;
  readonly #used = new Set<string>();
  /** What was stored beside the log; null where nothing was. */
  readonly side: SideData | null;
  #functions: FunctionNames | null | undefined;

  /** @param bdfs by pointer, as {@link pointerKey} has it. */
  constructor(bdfs: ReadonlyMap<string, Bdf>, side: SideData | null = null) {
    this.#bdfs = bdfs;
    this.side = side;
  }

  /** The function that the object at this address belongs to, as the user says. */
  of(pointer: string): Bdf | null {
    const bdf = this.#bdfs.size === 0 ? undefined : this.#bdfs.get(pointerKey(pointer) ?? '');
    if (bdf === undefined) return null;
    this.#used.add(pointerKey(pointer) ?? '');
    return bdf;
  }

  /** The kernel's functions by their addresses, where they were stored. */
  get functions(): FunctionNames | null {
    const symbols = this.side?.symbols ?? null;
    this.#functions ??= symbols === null ? null : functionNames(symbols.kallsyms, fileOf(symbols.fact));
    return this.#functions;
  }

  get used(): ReadonlyMap<string, Bdf> {
    return new Map([...this.#bdfs].filter(([pointer]) => this.#used.has(pointer)));
  }

  get unused(): readonly string[] {
    return [...this.#bdfs.keys()].filter((pointer) => !this.#used.has(pointer));
  }
}

export const NO_HINTS = new Hints(new Map());

/** `0xffff8880037a1000`, however many zeros are in front and in whatever case; null for what is no kernel pointer. */
export function pointerKey(text: string): string | null {
  const digits = /^0x0{0,16}([0-9a-f]{8,16})$/i.exec(text)?.[1];
  return digits === undefined ? null : `0x${digits.toLowerCase()}`;
}

const TOLD = ' (as told)';

/** How a device's list of names says that the user alone knows this pointer to be its. */
export function toldAlias(pointer: string): string {
  return `${pointer}${TOLD}`;
}

/** The pointer of such a name; null for every other one. */
export function toldPointer(alias: string): string | null {
  return alias.endsWith(TOLD) ? alias.slice(0, -TOLD.length) : null;
}
