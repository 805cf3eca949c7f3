import type { Capability } from './capabilities.ts';

/** What the bytes of a function's config space tell. Offsets and ids: include/uapi/linux/pci_regs.h, 7.1. */
export interface ConfigSpace {
  readonly capabilities: readonly Capability[];
  /** See `FunctionCapabilities`. */
  readonly upTo: number;
  /** Header type 1. */
  readonly isBridge: boolean;
  /** Secondary and subordinate bus of a bridge. */
  readonly buses: { readonly secondary: number; readonly subordinate: number } | null;
  readonly noSoftReset: boolean | null;
  /** TEE-IO Supported, in Device Capabilities. */
  readonly teeIo: boolean | null;
  readonly sriov: {
    readonly enabled: boolean;
    readonly count: number;
    readonly offset: number;
    readonly stride: number;
  } | null;
}

const STATUS = 0x06;
const HAS_CAPABILITIES = 0x10;
const HEADER_TYPE = 0x0e;
const BRIDGE = 1;
const CAPABILITY_LIST = 0x34;
const HEADER_END = 0x40;
const CONVENTIONAL_END = 0x100;
const END = 0x1000;
const POWER_MANAGEMENT = 0x01;
const EXPRESS = 0x10;
const SRIOV = 0x10;
/** PCI_EXP_DEVCAP_TEE */
const TEE_IO = 0x4000_0000;
/** A chain that loops is broken; there is room for no more. */
const CONVENTIONAL_MAX = 48;
const EXTENDED_MAX = 960;

// 40: 01 50 23 c8 00 21 00 00 00 00 00 00 00 00 00 00    (lspci -x, -xxx, -xxxx)
const ROW = /^([0-9a-f]{2,3}):((?: [0-9a-f]{2}){16})$/;

/** Collects the rows of a hex dump. */
export class HexDump {
  #bytes: Buffer | null = null;
  /** Bytes from 0 on without a gap. */
  #length = 0;

  /** False where the line is none of it. */
  row(row: string): boolean {
    const [, at, bytes] = ROW.exec(row) ?? [];
    if (at === undefined || bytes === undefined) return false;
    if (Number.parseInt(at, 16) === this.#length && this.#length < END) {
      this.#bytes ??= Buffer.alloc(END);
      this.#bytes.write(bytes.replaceAll(' ', ''), this.#length, 'hex');
      this.#length += 16;
    }
    return true;
  }

  /** The whole dump so far, taken away; null where there is none. */
  take(): Buffer | null {
    const bytes = this.#bytes?.subarray(0, this.#length) ?? null;
    this.#bytes = null;
    this.#length = 0;
    return bytes;
  }
}

/** Null where not even the header is there, or nobody answered (all ones). */
export function readConfigSpace(bytes: Buffer): ConfigSpace | null {
  if (bytes.length < HEADER_END || bytes.readUInt32LE(0) === 0xffff_ffff) return null;
  const isBridge = (bytes.readUInt8(HEADER_TYPE) & 0x7f) === BRIDGE;
  const { list, upTo } = capabilitiesOf(bytes);
  const find = (where: Capability['in'], id: number) => list.find((one) => one.in === where && one.id === id)?.offset;
  const power = find('capability', POWER_MANAGEMENT);
  const express = find('capability', EXPRESS);
  const sriov = find('extended-capability', SRIOV);
  return {
    capabilities: list,
    upTo,
    isBridge,
    buses: isBridge ? { secondary: bytes.readUInt8(0x19), subordinate: bytes.readUInt8(0x1a) } : null,
    noSoftReset: power !== undefined && power + 6 <= bytes.length ? (bytes.readUInt16LE(power + 4) & 8) !== 0 : null,
    teeIo:
      express !== undefined && express + 8 <= bytes.length ? (bytes.readUInt32LE(express + 4) & TEE_IO) !== 0 : null,
    sriov:
      sriov !== undefined && sriov + 0x18 <= bytes.length
        ? {
            enabled: (bytes.readUInt16LE(sriov + 8) & 1) !== 0,
            count: bytes.readUInt16LE(sriov + 0x10),
            offset: bytes.readUInt16LE(sriov + 0x14),
            stride: bytes.readUInt16LE(sriov + 0x16),
          }
        : null,
  };
}

function capabilitiesOf(bytes: Buffer): { list: Capability[]; upTo: number } {
  if (bytes.length < CONVENTIONAL_END) return { list: [], upTo: HEADER_END };
  const list: Capability[] = [];
  let next = (bytes.readUInt16LE(STATUS) & HAS_CAPABILITIES) === 0 ? 0 : bytes.readUInt8(CAPABILITY_LIST) & ~3;
  for (let count = 0; next !== 0; count++) {
    const id = bytes.readUInt8(next);
    // A chain that leads into the header, or in a circle, tells nothing.
    if (next < HEADER_END || id === 0xff || count >= CONVENTIONAL_MAX) return { list: [], upTo: HEADER_END };
    list.push({ in: 'capability', id, offset: next });
    next = bytes.readUInt8(next + 1) & ~3;
  }
  const conventional = [...list];
  if (bytes.length < END || !list.some(({ id }) => id === EXPRESS)) return sorted(list, CONVENTIONAL_END);
  for (let [at, count] = [CONVENTIONAL_END, 0]; at !== 0; count++) {
    const head = bytes.readUInt32LE(at);
    if (at < CONVENTIONAL_END || head === 0xffff_ffff || count >= EXTENDED_MAX)
      return sorted(conventional, CONVENTIONAL_END);
    if (head === 0) break;
    list.push({ in: 'extended-capability', id: head & 0xffff, offset: at });
    at = (head >>> 20) & ~3;
  }
  return sorted(list, END);
}

function sorted(list: Capability[], upTo: number): { list: Capability[]; upTo: number } {
  return { list: list.sort((a, b) => a.offset - b.offset), upTo };
}
