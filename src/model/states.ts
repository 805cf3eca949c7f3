/**
 * The four TDI states of TDISP (PCIe Base 6.x chapter 11; the same codes in libspdm `pci_tdisp.h`): CONFIG_UNLOCKED,
 * CONFIG_LOCKED, RUN, ERROR.
 */
export const TDISP_STATES = ['unlocked', 'locked', 'run', 'error'] as const;
export type TdispState = (typeof TDISP_STATES)[number];

/** What host, TSM and guest agreed on with the last message that succeeded. There is no agreement to be in ERROR. */
export const CONTRACT_STATES = ['unlocked', 'locked', 'run'] as const;
export type ContractState = (typeof CONTRACT_STATES)[number];

/**
 * The host's link to the TSM (drivers/pci/tsm.c, Linux 7.x). `unbound`: no TSM context; `connected`: SPDM session and IDE
 * stream are up; `bound`: given to a VM with pci_tsm_bind().
 */
export const BIND_STATES = ['unbound', 'connected', 'bound'] as const;
export type BindState = (typeof BIND_STATES)[number];

/** One hypothesis of what a TDI is in: the three layers are correlated, so they are kept together. */
export interface TdiState {
  readonly bind: BindState;
  readonly contract: ContractState;
  readonly device: TdispState;
}

/** Platforms whose teardown order differs; `generic` is what `auto` says when the evidence decides nothing. */
export const PLATFORMS = ['generic', 'tdx', 'sev-tio', 'cca'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Classes of events that a user or a capture manifest can declare complete (`--complete`). */
export const EVENT_CLASSES = [
  'start',
  'link',
  'bind',
  'guest-request',
  'doe',
  'config-write',
  'reset',
  'power',
  'mmio',
  'iommu',
  'dma-gate',
  'ide',
  'driver',
  'hotplug',
  'firmware',
] as const;
export type EventClass = (typeof EVENT_CLASSES)[number];
