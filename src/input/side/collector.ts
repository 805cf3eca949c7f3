import { type Bdf, parseBdf } from '../../base/bdf.ts';
import type { BarRegisters } from './bars.ts';
import { agreeOnBridges } from './bridges.ts';
import type { FunctionCapabilities } from './capabilities.ts';
import type { Claim } from './claims.ts';
import { readConfigSpace } from './config-space.ts';
import { type BridgeBuses, fileOf, keep, type PhysicalFunction, type SideFact } from './fact.ts';
import { hasAddresses, isKallsyms } from './kallsyms.ts';
import { type KernelRelease, kernelRelease } from './kernel.ts';
import { LspciReader } from './lspci.ts';
import { PathReader } from './paths.ts';
import { agreeOnVirtuality } from './physical-functions.ts';
import { type IommuGroup, SysReader, type TsmAttribute } from './sysfs.ts';

/** What a capture kit stored beside the log, as of the moment when it did. */
export interface SideData {
  /** The folder, as it was named. */
  readonly folder: string;
  /** Files that told something, by name. */
  readonly files: readonly string[];
  /** What could not be read, or not be used, a sentence each. */
  readonly left: readonly string[];
  /** VFs and their PFs. */
  readonly physical: ReadonlyMap<Bdf, PhysicalFunction>;
  /** Functions that are no VFs, whatever they are. */
  readonly noVfs: ReadonlyMap<Bdf, SideFact>;
  /** What two files say differently of a function, so that neither counts. */
  readonly disputed: readonly SideFact[];
  readonly bridges: ReadonlyMap<Bdf, BridgeBuses>;
  /** Bridges of which two files say different buses, so that neither counts. */
  readonly disputedBridges: readonly SideFact[];
  /** No_Soft_Reset of the power management capability: whether D3hot keeps the state of the function. */
  readonly noSoftReset: ReadonlyMap<Bdf, Claim<boolean>>;
  /** What the registers of the BARs held. */
  readonly bars: ReadonlyMap<Bdf, BarRegisters>;
  /** Where the capabilities of a function stand in its config space; see `capabilityAt`. */
  readonly capabilities: ReadonlyMap<Bdf, FunctionCapabilities>;
  /** Whether a function says that it supports TEE-IO; only PFs and functions without VFs say so. */
  readonly teeIo: ReadonlyMap<Bdf, { readonly value: boolean; readonly fact: SideFact }>;
  /** What drove a function at that moment. */
  readonly drivers: ReadonlyMap<Bdf, { readonly driver: string; readonly fact: SideFact }>;
  readonly groups: ReadonlyMap<number, IommuGroup>;
  /** Functions by N of /dev/vfio/devices/vfioN; null where two files claim it. */
  readonly cdevs: ReadonlyMap<number, { readonly bdf: Bdf | null; readonly fact: SideFact }>;
  /** What tsm/ of functions said. It is no start of the log: when it was stored nobody tells. */
  readonly tsm: readonly TsmAttribute[];
  readonly kernel: KernelRelease | null;
  /** /proc/kallsyms, as bytes. */
  readonly symbols: { readonly kallsyms: Buffer; readonly fact: SideFact } | null;
}

/** Bytes of a file; of /proc/kallsyms, which is 10 to 20 MB on usual kernels. */
export const FILE_MAX = 16 * 2 ** 20;
export const KALLSYMS_MAX = 64 * 2 ** 20;
/** Lines of a file; a machine with thousands of functions has some hundred thousand. */
const LINES_MAX = 1_000_000;
/** Bytes by which a file is told. */
export const HEAD_BYTES = 4096;
/** Sentences on what could not be read. */
const LEFT_MAX = 16;

/** Takes files one by one; what each is, its content tells, and of files of /sys their path. */
export class SideCollector {
  readonly #sys = new SysReader();
  readonly #lspci = new LspciReader(this.#sys);
  readonly #paths = new PathReader();
  readonly #raw = new Map<Bdf, FunctionCapabilities>();
  readonly #left: string[] = [];
  #leftCount = 0;
  #kernel: KernelRelease | null = null;
  #symbols: SideData['symbols'] = null;

  /** What could not be read, and why. */
  leave(sentence: string): void {
    this.#leftCount += 1;
    if (this.#left.length < LEFT_MAX) this.#left.push(sentence);
  }

  /** A link of a copy of /sys; `name` is its path in it. */
  link(name: string, target: string): void {
    this.#sys.take({ path: name.split('/'), target: target.split('/'), value: null }, `${name}:1`);
  }

  /** How many bytes of a file are wanted, by its name and first bytes. */
  static limit(head: Buffer): number {
    return isKallsyms(head.toString('latin1')) ? KALLSYMS_MAX : FILE_MAX;
  }

  /** @param name its path in the folder, with `/`. */
  file(name: string, bytes: Buffer): void {
    const path = name.split('/');
    const [folder, base] = [path.at(-2) ?? '', path.at(-1) ?? ''];
    const owner = parseBdf(folder);
    const head = bytes.subarray(0, HEAD_BYTES);
    const place = `${name}:1`;
    this.#sys.take({ path, target: null, value: null }, place);
    if (base === 'config' && owner !== null) this.#config(place, owner, bytes);
    else if (head.includes(0)) return;
    else if (folder === 'tsm' && bytes.length < HEAD_BYTES) {
      this.#sys.take({ path, target: null, value: head.toString('latin1').trim() }, place);
    } else if (isKallsyms(head.toString('latin1'))) this.#kallsyms(name, bytes);
    else this.#lines(name, bytes.toString('latin1'));
  }

  finish(folder: string): SideData {
    this.#lspci.finish();
    const sys = this.#sys;
    const { teeIo, drivers, bars: said } = this.#lspci;
    const noSoftReset = this.#lspci.noSoftReset.agreed;
    const bars = said.agreed;
    const { agreed: bridges, disputed: disputedBridges } = agreeOnBridges(this.#lspci.bridges, sys.bridges);
    const capabilities = new Map([...this.#lspci.capabilities, ...this.#raw]);
    const virtuality = agreeOnVirtuality({
      physical: sys.virtual.agreed,
      ofTwo: sys.virtual.ofTwo,
      shown: sys.noVfs,
      capabilities,
    });
    const { physical, noVfs } = virtuality;
    const disputed = [
      ...sys.virtual.disputed,
      ...virtuality.disputed,
      ...this.#lspci.noSoftReset.disputed,
      ...said.disputed,
    ];
    const { groups, cdevs } = sys;
    const tsm = [...sys.tsm.values()];
    const [kernel, symbols] = [this.#kernel, this.#symbols];
    const told = [bridges, physical, noSoftReset, capabilities, teeIo, drivers, groups, cdevs];
    const facts = [
      ...told.flatMap((map): { fact: SideFact }[] => [...map.values()]),
      ...tsm,
      ...[...noVfs.values()].map((fact) => ({ fact })),
      ...[...bars.values()].flatMap((own) => [...own.values()]),
      ...[...disputed, ...disputedBridges].map((fact) => ({ fact })),
      ...[kernel, symbols].filter((one) => one !== null),
    ];
    const files = [...new Set(facts.map(({ fact }) => fileOf(fact)))].sort();
    const more = this.#leftCount - this.#left.length;
    const left = more > 0 ? [...this.#left, `${more} more`] : this.#left;
    const known = {
      physical,
      noVfs,
      disputed,
      bridges,
      disputedBridges,
      noSoftReset,
      bars,
      capabilities,
      teeIo,
      drivers,
    };
    return { folder, files, left, ...known, groups, cdevs, tsm, kernel, symbols };
  }

  #lines(name: string, text: string): void {
    this.#lspci.begin();
    this.#paths.begin();
    let number = 0;
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf('\n', start);
      const end = newline < 0 ? text.length : newline;
      number += 1;
      if (number > LINES_MAX) {
        this.leave(`${name}: more than ${LINES_MAX} lines: the others were not read`);
        return;
      }
      this.#line(text.slice(start, text[end - 1] === '\r' ? end - 1 : end), name, number);
      start = end + 1;
    }
  }

  #line(row: string, name: string, number: number): void {
    const place = `${name}:${number}`;
    if (this.#lspci.line(row, place)) return;
    const entry = this.#paths.line(row);
    if (entry !== null) this.#sys.take(entry, place);
    const release = this.#kernel === null ? kernelRelease(row, name) : null;
    if (release !== null) this.#kernel = { release, fact: { place, text: `the kernel was ${release}` } };
  }

  /** A copy of the file `config` of a function. */
  #config(place: string, bdf: Bdf, bytes: Buffer): void {
    const space = readConfigSpace(bytes);
    if (space === null) return;
    const fact = { place, text: `where the capabilities of ${bdf} stand` };
    this.#lspci.tellRegisters(bdf, bytes, space, place);
    keep(this.#raw, bdf, { list: space.capabilities, upTo: space.upTo, fact });
  }

  #kallsyms(name: string, kallsyms: Buffer): void {
    if (!hasAddresses(kallsyms)) {
      this.leave(`${name}: the kernel hid its addresses (kptr_restrict): read /proc/kallsyms as root`);
    } else if (this.#symbols !== null) {
      this.leave(`${name}: ${fileOf(this.#symbols.fact)} has symbols, too, and counts`);
    } else {
      this.#symbols = { kallsyms, fact: { place: `${name}:1`, text: 'the addresses of functions' } };
    }
  }
}
