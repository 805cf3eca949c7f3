import type { EventKind } from '../events/event.ts';

type Callers = Partial<Record<EventKind, readonly EventKind[]>>;

/** Which calls on a function print a message about it: it tells of the call, and is no second step. */
export const PRINTED_BY_OWN: Callers = {
  'pci.reset': ['pci.reset'],
  'pci.reset_done': ['pci.reset'],
  'pci.flr': ['pci.flr', 'pci.reset'],
  'pci.bus_reset': ['pci.bus_reset', 'pci.reset'],
  'pci.clear_master': ['pci.clear_master'],
  'pci.set_master': ['pci.set_master'],
};

/** The same inside a trace, where a message belongs into the call around it, whomever that names. */
export const PRINTED_BY: Callers = {
  ...PRINTED_BY_OWN,
  // The enumeration of a VF is printed inside the call on its PF.
  'pci.add': ['pci.sriov_enable'],
  // tio_tdi_mmio_validate() and tio_tdi_sdte_write() print, sev_guest_accept() and sev_guest_enable_dma() call them.
  'mmio.accept': ['guest.accept'],
  'guest.dma': ['guest.dma'],
};
