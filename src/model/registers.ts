/**
 * What a change of a register does to an interface that is locked or runs. `error`: it falls to ERROR; the write itself
 * completes normally. `allowed`: nothing. `depends`: see the note. `vendor`: only the maker of the device knows. The list of
 * PCIe Base 6.x section 11.2.6 is informative; what binds a device is that a change which affects the configuration or the
 * security of the interface throws it into ERROR.
 */
export type RegisterEffect = 'error' | 'allowed' | 'depends' | 'vendor';

/** Where the registers stand: the type 0 header, or a capability by its id. */
export type RegisterPlace =
  | { readonly in: 'header'; readonly from: number; readonly to: number }
  | { readonly in: 'capability'; readonly id: number }
  | { readonly in: 'extended-capability'; readonly id: number };

/**
 * The bits that count, so that a write can be told from one that touches others: `at` and `bytes` within the header or the
 * capability; `mask` of the little-endian number there. `starts`: writing a 1 does it, whatever stood there.
 */
export interface RegisterBits {
  readonly at: number;
  readonly bytes: number;
  readonly mask: number;
  readonly starts?: true;
}

export interface RegisterClass {
  readonly name: string;
  readonly place: RegisterPlace;
  readonly change: string;
  readonly effect: RegisterEffect;
  readonly note: string | null;
  /** Absent: no write can be pinned down to it. */
  readonly bits?: readonly RegisterBits[];
}

// Capability ids: Linux include/uapi/linux/pci_regs.h (PCI_CAP_ID_*, PCI_EXT_CAP_ID_*), 7.1.
const header = (from: number, to: number = from): RegisterPlace => ({ in: 'header', from, to });
const cap = (id: number): RegisterPlace => ({ in: 'capability', id });
const ext = (id: number): RegisterPlace => ({ in: 'extended-capability', id });

function of(
  name: string,
  place: RegisterPlace,
  change: string,
  effect: RegisterEffect,
  note: string | null = null,
  bits: readonly RegisterBits[] = [],
): RegisterClass {
  return { name, place, change, effect, note, ...(bits.length > 0 ? { bits } : {}) };
}

/** Registers that count as a whole, one number after the other. */
function whole(at: number, bytes: number, count = 1): RegisterBits[] {
  const mask = 2 ** (8 * bytes) - 1;
  return Array.from({ length: count }, (_, index) => ({ at: at + index * bytes, bytes, mask }));
}

// PCI_REBAR_CTRL of each of at most six BARs (include/uapi/linux/pci_regs.h): BAR size, bits 8 to 13.
const RESIZABLE: readonly RegisterBits[] = [8, 16, 24, 32, 40, 48].map((at) => ({ at, bytes: 4, mask: 0x3f00 }));

/** Registers of the function itself. */
export const FUNCTION_REGISTERS: readonly RegisterClass[] = [
  of('Command', header(0x04, 0x05), 'clear Bus Master Enable', 'error', 'setting it is allowed'),
  of(
    'Command',
    header(0x04, 0x05),
    'clear Memory Space Enable',
    'error',
    'setting it is allowed; of a VF the bit is fixed at 0, and VF Memory Space Enable of its PF counts',
  ),
  of('Command', header(0x04, 0x05), 'other bits', 'allowed'),
  of('Status', header(0x06, 0x07), 'any', 'allowed'),
  of('Cache Line Size', header(0x0c), 'any', 'allowed'),
  of('Latency Timer', header(0x0d), 'any', 'allowed'),
  of('BIST', header(0x0f), 'start', 'error', null, [{ at: 0x0f, bytes: 1, mask: 0x40, starts: true }]),
  of(
    'Base Address Registers',
    header(0x10, 0x27),
    'modify',
    'error',
    'writing back what stands there, as a restore does, changes nothing that counts',
    whole(0x10, 4, 6),
  ),
  of('Expansion ROM Base Address', header(0x30, 0x33), 'modify', 'error', null, whole(0x30, 4)),
  of('Interrupt Line', header(0x3c), 'any', 'allowed'),
  of(
    'Power Management',
    cap(0x01),
    'D-state',
    'depends',
    'error where the function loses its state: D3cold, D3hot without No_Soft_Reset',
  ),
  of('Vital Product Data', cap(0x03), 'any', 'allowed'),
  of('MSI', cap(0x05), 'any', 'allowed'),
  of('Vendor-Specific', cap(0x09), 'any', 'vendor'),
  // PCI_EXP_DEVCTL_EXT_TAG, _PHANTOM, _NOSNOOP_EN.
  of('PCI Express Device Control', cap(0x10), 'Extended Tag, Phantom Functions or No Snoop enable', 'error', null, [
    { at: 0x08, bytes: 2, mask: 0x0b00 },
  ]),
  of('PCI Express Device Control', cap(0x10), 'Initiate Function Level Reset', 'error', 'of a PF it reaches its VFs'),
  of('PCI Express Device Control 2', cap(0x10), '10-bit Tag Requester enable', 'error', null, [
    { at: 0x28, bytes: 2, mask: 0x1000 },
  ]),
  of('PCI Express Device Control', cap(0x10), 'payload and read request size, Relaxed Ordering, timeouts', 'allowed'),
  of('PCI Express Link Control', cap(0x10), 'any', 'allowed', 'but a link that goes down takes its IDE stream with it'),
  of(
    'MSI-X',
    cap(0x11),
    'table or control',
    'depends',
    'error where the lock asked for LOCK_MSIX and the report shows the table',
  ),
  of('Advanced Features', cap(0x13), 'Initiate Function Level Reset', 'error'),
  of('Enhanced Allocation', cap(0x14), 'modify', 'error'),
  of('Advanced Error Reporting', ext(0x0001), 'any', 'allowed'),
  of('Virtual Channel', ext(0x0002), 'any', 'allowed'),
  of('Multi-Function Virtual Channel', ext(0x0008), 'any', 'allowed'),
  of('Vendor-Specific Extended', ext(0x000b), 'any', 'vendor'),
  of('Access Control Services', ext(0x000d), 'any', 'allowed'),
  of('Alternative Routing-ID', ext(0x000e), 'modify', 'error', null, whole(0x06, 2)),
  of(
    'Address Translation Services',
    ext(0x000f),
    'enable or disable',
    'allowed',
    'the report shows whether it was enabled',
  ),
  of(
    'Single Root I/O Virtualization',
    ext(0x0010),
    'VF Enable, VF Memory Space Enable, NumVFs, VF BARs, page size',
    'error',
    'written on the PF, it reaches every VF',
    // PCI_SRIOV_CTRL_VFE and _MSE, PCI_SRIOV_NUM_VF, PCI_SRIOV_SYS_PGSIZE, PCI_SRIOV_BAR.
    [{ at: 0x08, bytes: 2, mask: 0x0009 }, ...whole(0x10, 2), ...whole(0x20, 4), ...whole(0x24, 4, 6)],
  ),
  of('Multicast', ext(0x0012), 'modify', 'error'),
  // PCI_PRI_CTRL and PCI_PRI_ALLOC_REQ; the status between them is cleared by writing to it.
  of('Page Request Interface', ext(0x0013), 'modify', 'error', null, [...whole(0x04, 2), ...whole(0x0c, 4)]),
  of('Resizable BAR', ext(0x0015), 'modify', 'error', null, RESIZABLE),
  of('Dynamic Power Allocation', ext(0x0016), 'any', 'allowed'),
  of('TPH Requester', ext(0x0017), 'modify', 'vendor'),
  of('Latency Tolerance Reporting', ext(0x0018), 'any', 'allowed'),
  of('Process Address Space ID', ext(0x001b), 'modify', 'error', null, whole(0x06, 2)),
  of('L1 PM Substates', ext(0x001e), 'any', 'allowed'),
  of('Precision Time Measurement', ext(0x001f), 'any', 'allowed'),
  of('Designated Vendor-Specific', ext(0x0023), 'any', 'vendor'),
  of('VF Resizable BAR', ext(0x0024), 'modify', 'error', null, RESIZABLE),
  of('Data Object Exchange', ext(0x002e), 'any', 'allowed'),
  of('Device 3', ext(0x002f), '14-bit Tag Requester enable', 'error'),
  of(
    'Integrity and Data Encryption',
    ext(0x0030),
    'control or association of a stream that it is bound to',
    'error',
    'other streams are free',
  ),
];

/** Registers of the root port above it: what counts reaches the IDE stream first, and through it every interface below. */
export const ROOT_PORT_REGISTERS: readonly RegisterClass[] = [
  of('Command', header(0x04, 0x05), 'clear Memory Space Enable or Bus Master Enable', 'error'),
  of('BIST', header(0x0f), 'start', 'error'),
  of('Base Address Registers', header(0x10, 0x17), 'modify', 'error'),
  of('Bus Numbers', header(0x18, 0x1a), 'primary, secondary or subordinate bus', 'error'),
  of('Memory Base and Limit', header(0x20, 0x2f), 'modify', 'error'),
  of('Expansion ROM Base Address', header(0x38, 0x3b), 'modify', 'error'),
  of(
    'Bridge Control',
    header(0x3e, 0x3f),
    'Secondary Bus Reset',
    'depends',
    'the register is free, but below it this is a hot reset',
  ),
  of('Power Management', cap(0x01), 'D-state', 'depends', 'error where the port loses its state'),
  of('MSI', cap(0x05), 'any', 'allowed'),
  of('PCI Express Link Control', cap(0x10), 'disable or retrain', 'error'),
  of('MSI-X', cap(0x11), 'any', 'allowed'),
  of('Enhanced Allocation', cap(0x14), 'modify', 'error'),
  of('Flattening Portal Bridge', cap(0x15), 'modify', 'error'),
  of('Advanced Error Reporting', ext(0x0001), 'any', 'allowed'),
  of('Access Control Services', ext(0x000d), 'any', 'allowed'),
  of('Multicast', ext(0x0012), 'modify', 'error'),
  of('Resizable BAR', ext(0x0015), 'modify', 'error'),
  of('Downstream Port Containment', ext(0x001d), 'any', 'allowed'),
  of('Integrity and Data Encryption', ext(0x0030), 'registers of a stream in use', 'error'),
];

/** The classes that a write into the header of a function touches. `offset` and `count` in bytes. */
export function headerClasses(offset: number, count: number): readonly RegisterClass[] {
  return FUNCTION_REGISTERS.filter(
    ({ place }) => place.in === 'header' && place.from < offset + count && offset <= place.to,
  );
}

/** A register whose change throws a locked TDI into ERROR, and the bits of it that count. */
export interface Freezing {
  readonly name: string;
  readonly bits: RegisterBits;
}

// Asked for every write to configuration space.
const FREEZING: ReadonlyMap<string, readonly Freezing[]> = Map.groupBy(
  FUNCTION_REGISTERS.filter(({ effect }) => effect === 'error').flatMap(({ name, place, bits }) =>
    (bits ?? []).map((one) => ({ where: keyOf(place.in, place.in === 'header' ? null : place.id), name, bits: one })),
  ),
  ({ where }) => where,
);

function keyOf(where: RegisterPlace['in'], id: number | null): string {
  return `${where} ${id}`;
}

/** The registers of the header, or of one capability, whose change throws a locked TDI into ERROR, with the bits that count. */
export function freezing(where: RegisterPlace['in'], id: number | null): readonly Freezing[] {
  return FREEZING.get(keyOf(where, id)) ?? [];
}
