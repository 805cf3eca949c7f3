import type { SideFact } from './fact.ts';

/** A capability in the config space of a function; ids as in include/uapi/linux/pci_regs.h. */
export interface Capability {
  readonly in: 'capability' | 'extended-capability';
  /** Null where lspci has a name for it that is not known here. */
  readonly id: number | null;
  /** Of its first byte in config space. */
  readonly offset: number;
}

/** The capabilities of one function, as of the moment when they were stored. */
export interface FunctionCapabilities {
  /** By offset, ascending. */
  readonly list: readonly Capability[];
  /** What is at or above this offset of config space was not readable: 0x40, 0x100 or 0x1000. */
  readonly upTo: number;
  readonly fact: SideFact;
}

/** Where a byte of config space lies. */
export interface CapabilityPlace extends Capability {
  /** The byte's offset from the first byte of the capability. */
  readonly within: number;
}

/** The first byte after the header, and the first of extended config space. */
const HEADER_END = 0x40;
const EXTENDED = 0x100;

/**
 * The capability whose register stands at `offset`, in bytes: the nearest one that begins there or below. Where a capability
 * ends is not told: a caller that knows its registers compares `within` with them. Null in the header, where the list was not
 * readable, and before the first capability.
 */
export function capabilityAt({ list, upTo }: FunctionCapabilities, offset: number): CapabilityPlace | null {
  if (offset < HEADER_END || offset >= upTo) return null;
  const nearest = list.findLast((one) => one.offset <= offset);
  // Extended capabilities begin at 0x100: nothing of the first 256 bytes reaches beyond them.
  if (nearest === undefined || (offset >= EXTENDED && nearest.offset < EXTENDED)) return null;
  return { ...nearest, within: offset - nearest.offset };
}

/** The capability with an id; null where the function has none, or it was not readable. */
export function capabilityWithId(
  { list }: FunctionCapabilities,
  where: Capability['in'],
  id: number,
): Capability | null {
  return list.find((one) => one.in === where && one.id === id) ?? null;
}

// How the heads of capabilities begin in pciutils 3.9 to 3.15, by the ids of its lib/header.h: show_caps (ls-caps.c),
// show_vendor_caps (ls-caps-vendor.c), show_ext_caps (ls-ecaps.c).
const NAMES: readonly (readonly [string, number])[] = [
  ['Power Management version', 0x01],
  ['AGP version', 0x02],
  ['Vital Product Data', 0x03],
  ['Slot ID:', 0x04],
  ['MSI:', 0x05],
  ['CompactPCI hot-swap', 0x06],
  ['PCI-X', 0x07],
  ['HyperTransport', 0x08],
  ['Vendor Specific Information', 0x09],
  ['Debug port', 0x0a],
  ['CompactPCI central resource control', 0x0b],
  ['Hot-plug capable', 0x0c],
  ['Subsystem:', 0x0d],
  ['AGP3', 0x0e],
  ['Secure device', 0x0f],
  ['Express ', 0x10],
  ['MSI-X:', 0x11],
  ['SATA HBA', 0x12],
  ['PCI Advanced Features', 0x13],
  ['Enhanced Allocation', 0x14],
];

const EXTENDED_NAMES: readonly (readonly [string, number])[] = [
  ['Advanced Error Reporting', 0x01],
  ['Virtual Channel', 0x02],
  ['Device Serial Number', 0x03],
  ['Power Budgeting', 0x04],
  ['Root Complex Link', 0x05],
  ['Root Complex Internal Link', 0x06],
  ['Root Complex Event Collector', 0x07],
  ['Multi-Function Virtual Channel', 0x08],
  ['Root Complex Register Block', 0x0a],
  ['Vendor Specific Information', 0x0b],
  ['Access Control Services', 0x0d],
  ['Alternative Routing-ID', 0x0e],
  ['Address Translation Service', 0x0f],
  ['Single Root I/O Virtualization', 0x10],
  ['Multi-Root I/O Virtualization', 0x11],
  ['Multicast', 0x12],
  ['Page Request Interface', 0x13],
  ['Physical Resizable BAR', 0x15],
  ['Dynamic Power Allocation', 0x16],
  ['Transaction Processing Hints', 0x17],
  ['Latency Tolerance Reporting', 0x18],
  ['Secondary PCI Express', 0x19],
  ['Protocol Multiplexing', 0x1a],
  ['Process Address Space ID', 0x1b],
  ['LN Requester', 0x1c],
  ['Downstream Port Containment', 0x1d],
  ['L1 PM Substates', 0x1e],
  ['Precision Time Measurement', 0x1f],
  ['PCI Express over M_PHY', 0x20],
  ['FRS Queueing', 0x21],
  ['Readiness Time Reporting', 0x22],
  ['Designated Vendor-Specific', 0x23],
  ['Virtual Resizable BAR', 0x24],
  ['Data Link Feature', 0x25],
  ['Physical Layer 16.0 GT/s', 0x26],
  ['Lane Margining at the Receiver', 0x27],
  ['Hierarchy ID', 0x28],
  ['Native PCIe Enclosure Management', 0x29],
  ['Physical Layer 32.0 GT/s', 0x2a],
  ['Data Object Exchange', 0x2e],
  ['Device 3', 0x2f],
  ['Integrity & Data Encryption', 0x30],
  ['Physical Layer 64.0 GT/s', 0x31],
  ['Flit Logging', 0x32],
  ['Flit Error Injection', 0x34],
  ['MMIO Register Block Locator', 0x36],
];

// What lspci has no name for: `Capability ID 0x15 [0000]`, `Extended Capability ID 0x2c`.
const UNNAMED = /^(?:Extended )?Capability ID 0x([0-9a-f]{1,4})/;

/** A capability by what lspci prints behind its offset, `[148 v1] Single Root I/O Virtualization (SR-IOV)`. */
export function namedCapability(offset: number, head: string): Capability {
  const where = offset < EXTENDED ? 'capability' : 'extended-capability';
  const id =
    (where === 'capability' ? NAMES : EXTENDED_NAMES).find(([name]) => head.startsWith(name))?.[1] ??
    Number.parseInt(UNNAMED.exec(head)?.[1] ?? '', 16);
  return { in: where, id: Number.isNaN(id) ? null : id, offset };
}
