import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'unbind-without-bind',
  title: 'Unbind asked of a function not bound',
  order: 'An unbind follows a bind of the same function.',
  why: 'pci_tsm_unbind() returns nothing and cannot fail: where the function has no TDI it does nothing. Whoever calls it then has lost track of what is bound, or cleans up after a bind that failed. It is harmless by itself, but the TDI that the caller meant may still be bound.',
  consequence: 'Nothing happens to the device; if the caller meant another function, that one stays bound.',
  remedy: 'Check which function the caller took for bound, and that a bind that failed is not undone twice.',
  evidence: [
    'pci_tsm_unbind on a function that an earlier unbind, a failed bind or its fresh start leaves without a TDI: a note.',
  ],
  disprove: [
    'The function was bound before without a record: probe pci_tsm_bind with its return value.',
    'The call came from iommufd, which unbinds the TDI of every vDEVICE that goes away, bound or not: look for iommufd_vdevice_abort around it.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['bind'], state: ['bind'] },
  sources: [
    'pci_tsm_bind(), pci_tsm_unbind() and pci_tsm_tdi_constructor(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
  ],
};
