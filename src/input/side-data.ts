import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Bdf } from '../base/bdf.ts';
import { InputError } from '../base/errors.ts';
import type { FunctionCapabilities } from './side/capabilities.ts';
import type { BridgeBuses, PhysicalFunction, SideFact } from './side/fact.ts';
import { LinkReader } from './side/links.ts';
import { LspciReader } from './side/lspci.ts';

export type { SideFact } from './side/fact.ts';

/** What a capture kit stored beside the log, as of the moment when it did. */
export interface SideData {
  /** The folder, as it was named. */
  readonly folder: string;
  /** Files that told something, by name. */
  readonly files: readonly string[];
  /** What could not be read, a sentence each. */
  readonly left: readonly string[];
  /** VFs and their PFs. */
  readonly physical: ReadonlyMap<Bdf, PhysicalFunction>;
  readonly bridges: ReadonlyMap<Bdf, BridgeBuses>;
  /** No_Soft_Reset of the power management capability: whether D3hot keeps the state of the function. */
  readonly noSoftReset: ReadonlyMap<Bdf, { readonly value: boolean; readonly fact: SideFact }>;
  /** Where the capabilities of a function stand in its config space; see `capabilityAt`. */
  readonly capabilities: ReadonlyMap<Bdf, FunctionCapabilities>;
}

const FILES_MAX = 256;
const BYTES_MAX = 16 * 2 ** 20;

/**
 * Reads the files of a folder, not those below it. What a file is, its lines tell, not its name: `lspci -vv` and the listing of
 * links in /sys are known, everything else is passed over.
 *
 * @throws InputError where there is no such folder.
 */
export function readSideData(folder: string): SideData {
  const readers = new Readers();
  const left: string[] = [];
  const names = entriesOf(folder)
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  if (names.length > FILES_MAX) left.push(`${names.length - FILES_MAX} files: only the first ${FILES_MAX} are read`);
  for (const name of names.slice(0, FILES_MAX)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > BYTES_MAX) left.push(`${name}: larger than ${BYTES_MAX / 2 ** 20} MiB`);
      else readers.file(name, readFileSync(path, 'latin1'));
    } catch (error) {
      left.push(`${name}: ${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'}`);
    }
  }
  return { folder, left, ...readers.finish() };
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const why = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'is no folder' : 'cannot be read';
    throw new InputError(`--side ${folder}: ${why}; name the folder with the output of lspci -vv`);
  }
}

class Readers {
  readonly #lspci = new LspciReader();
  readonly #links = new LinkReader();

  file(name: string, text: string): void {
    this.#lspci.begin();
    this.#links.begin();
    let number = 0;
    for (const line of text.split('\n')) {
      number += 1;
      const place = `${name}:${number}`;
      const row = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (!this.#lspci.line(row, place)) this.#links.line(row, place);
    }
  }

  finish(): Omit<SideData, 'folder' | 'left'> {
    this.#lspci.finish();
    // What lspci says of a bridge is all of its buses; a path has those of one function.
    const bridges = new Map([...this.#links.bridges, ...this.#lspci.bridges]);
    const physical = new Map([...this.#lspci.physical, ...this.#links.physical]);
    const { noSoftReset, capabilities } = this.#lspci;
    const facts = [bridges, physical, noSoftReset, capabilities].flatMap((map) => [...map.values()]);
    const files = new Set(facts.map(({ fact }) => fact.place.slice(0, fact.place.lastIndexOf(':'))));
    return { files: [...files].sort(), physical, bridges, noSoftReset, capabilities };
  }
}
