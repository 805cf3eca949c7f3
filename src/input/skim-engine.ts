import { CHUNK_MAX, type Chunk } from './chunk.ts';
import { SKIM_MODULE } from './skim-module.ts';

/** An address or a length that the module is made with. */
interface Global {
  readonly value: number;
}

/** What assembly/index.ts exports. Addresses are those of the module's memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly CHUNK: Global;
  readonly FOUND: Global;
  readonly FOUND_TIME: Global;
  readonly HINTS: Global;
  readonly PREFIX: Global;
  readonly PREFIX_SLACK: Global;
  readonly PREFIX_MAX: Global;
  readonly NAME: Global;
  isWanted(start: number, end: number): number;
  skimMessages(from: number, limit: number, prefix: number, previous: number): number;
  skimRows(from: number, limit: number, previous: number): number;
  layOut(column: number, dot: number, seconds: number, pad: number): void;
  addName(length: number): void;
  forgetNames(): void;
  scan(length: number): void;
}

/** Of the platform, as far as it is used: @types/node does not declare it. */
interface Platform {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** What stands before the head of every line: at most `slack[i]` more than `0` where that is not 0, else exactly `bytes[i]`. */
export interface LinePrefix {
  readonly bytes: Uint8Array;
  readonly slack: Uint8Array;
}

/** Lines of a chunk that are done with: how many they are, and where the next one begins. */
export interface Skimmed {
  readonly lines: number;
  readonly end: number;
}

/** `stamp`: of the last one, microseconds; it stands from `lastStart` to `lastEnd`. `longest`: of all, in bytes. */
export interface SkimmedMessages extends Skimmed {
  readonly stamp: number;
  readonly lastStart: number;
  readonly lastEnd: number;
  readonly longest: number;
}

/** `fraction`: the six digits behind the dot of the last one. */
export interface SkimmedRows extends Skimmed {
  readonly fraction: number;
}

const BLANK = 32;
/** Names of kernel symbols are shorter (KSYM_NAME_LEN). */
const NAME_MAX = 512;

/**
 * Goes over lines that nobody wants, many at once: the code is that of assembly/. One for the whole process, since one source
 * is read at a time; what it has learnt belongs to who used it last.
 */
export class SkimEngine {
  static #only: SkimEngine | null | undefined;
  readonly #exports: Exports;
  readonly #memory: Uint8Array;
  /** What the last look has found. A number of the module itself takes ten times as long to be read. */
  readonly #found: Int32Array;
  readonly #foundTime: Float64Array;
  /** Where the chunk stands. */
  readonly #base: number;
  #chunk: Chunk | null = null;
  #hints: Uint8Array | null = null;
  /** The chunk of which the module knows where its lines end, and where in it something stands that is looked for. */
  #scanned: Chunk | null = null;
  #prefix: LinePrefix | null = null;
  #owner: object | null = null;

  /** Null where this Node runs no WebAssembly (--jitless), or none that compares bytes sixteen at a time. */
  static get(): SkimEngine | null {
    SkimEngine.#only ??= SkimEngine.#create();
    return SkimEngine.#only;
  }

  static #create(): SkimEngine | null {
    const { WebAssembly: platform } = globalThis as { WebAssembly?: Platform };
    if (platform === undefined) return null;
    try {
      const module = new platform.Module(Buffer.from(SKIM_MODULE, 'base64'));
      return new SkimEngine(new platform.Instance(module).exports as Exports);
    } catch {
      // Only slower without it.
      return null;
    }
  }

  private constructor(exports: Exports) {
    this.#exports = exports;
    const { buffer } = exports.memory;
    this.#memory = new Uint8Array(buffer);
    this.#found = new Int32Array(buffer, exports.FOUND.value, 4);
    this.#foundTime = new Float64Array(buffer, exports.FOUND_TIME.value, 1);
    this.#base = exports.CHUNK.value;
  }

  /**
   * Messages of a kernel log, from the line at `start` on.
   *
   * @param hints what is wanted, as `HintFinder` lays it out.
   * @param previous time that the next one must not fall behind, microseconds.
   */
  messages(
    chunk: Chunk,
    start: number,
    hints: Uint8Array,
    prefix: LinePrefix | null,
    previous: number,
  ): SkimmedMessages | null {
    this.#scan(chunk, hints);
    const length = prefix === null ? 0 : this.#loadPrefix(prefix);
    const base = this.#base;
    const end = this.#exports.skimMessages(base + start, base + chunk.end, length, Math.max(0, Math.ceil(previous)));
    const found = this.#found;
    const lines = found[0] ?? 0;
    if (lines === 0) return null;
    return {
      lines,
      end: end - base,
      stamp: this.#foundTime[0] ?? 0,
      lastStart: (found[1] ?? 0) - base,
      lastEnd: (found[2] ?? 0) - base,
      longest: found[3] ?? 0,
    };
  }

  /** As {@link messages} of the rows of a trace, laid out as {@link layOut} was told, the names of which were all added. */
  rows(chunk: Chunk, start: number, fraction: number): SkimmedRows | null {
    const base = this.#base;
    this.#load(chunk);
    const end = this.#exports.skimRows(base + start, base + chunk.end, fraction);
    const lines = this.#found[0] ?? 0;
    return lines === 0 ? null : { lines, end: end - base, fraction: this.#found[1] ?? 0 };
  }

  /** What rows are compared with belongs to `owner` from now on. @returns whether it did so before. */
  claim(owner: object): boolean {
    if (this.#owner === owner) return true;
    this.#owner = owner;
    this.#exports.forgetNames();
    return false;
  }

  /**
   * How rows are laid out.
   *
   * @param column of `[`, `dot` that of the stamp's dot.
   * @param seconds the four bytes before the dot, `pad` the two before those, as numbers, the first byte the lowest.
   */
  layOut(column: number, dot: number, seconds: number, pad: number): void {
    this.#exports.layOut(column, dot, seconds, pad);
  }

  /** Nobody wants rows whose text begins with this word of printable ASCII. */
  addName(name: string): void {
    if (name.length > NAME_MAX) return;
    const at = this.#exports.NAME.value;
    for (let i = 0; i < name.length; i++) this.#memory[at + i] = name.charCodeAt(i);
    this.#memory.fill(BLANK, at + name.length, at + name.length + 4);
    this.#exports.addName(name.length);
  }

  /** Whether a part of a line of the chunk holds what somebody looks for. */
  isWanted(chunk: Chunk, start: number, end: number, hints: Uint8Array): boolean {
    const base = this.#base;
    this.#scan(chunk, hints);
    return this.#exports.isWanted(base + start, base + end) !== 0;
  }

  #load(chunk: Chunk): void {
    if (chunk === this.#chunk) return;
    if (chunk.bytes.length > CHUNK_MAX) throw new Error(`a chunk of ${chunk.bytes.length} bytes`);
    this.#memory.set(chunk.bytes, this.#base);
    this.#chunk = chunk;
  }

  #scan(chunk: Chunk, hints: Uint8Array): void {
    this.#load(chunk);
    if (hints === this.#hints && chunk === this.#scanned) return;
    if (hints !== this.#hints) this.#memory.set(hints, this.#exports.HINTS.value);
    this.#hints = hints;
    this.#exports.scan(chunk.bytes.length);
    this.#scanned = chunk;
  }

  /** @returns the length; a longer prefix than there is room for is one that no line has. */
  #loadPrefix(prefix: LinePrefix): number {
    const { length } = prefix.bytes;
    if (length > this.#exports.PREFIX_MAX.value) return CHUNK_MAX;
    if (prefix !== this.#prefix) {
      this.#memory.set(prefix.bytes, this.#exports.PREFIX.value);
      this.#memory.set(prefix.slack, this.#exports.PREFIX_SLACK.value);
      this.#prefix = prefix;
    }
    return length;
  }
}
