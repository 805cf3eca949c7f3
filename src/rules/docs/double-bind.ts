import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'double-bind',
  title: 'Bind asked of a function bound elsewhere',
  order: 'A function is unbound from one VM before it is bound to another.',
  why: 'A TDI belongs to one VM: its private MMIO, its DMA and its attestation are tied to that one. pci_tsm_bind() looks whether the function has a TDI already: for the same VM it returns 0 and does nothing, for another one it returns -EBUSY. So a bind that succeeds a second time is no second LOCK, and a refused one leaves the TDI with its first VM.',
  consequence: 'The core refuses the bind, and the second VM has no TDI. The first one keeps it.',
  remedy:
    'Unbind the function from its first VM, or find out why that VM still holds it: a process that lives on, or a close that never came.',
  evidence: [
    'pci_tsm_bind with result -EBUSY, on a function that may be bound: a note, because nothing happened to the device.',
    'An earlier pci_tsm_bind with success and another value of its argument kvm: names the VM that holds the TDI.',
  ],
  disprove: [
    'The TSM driver can fail with -EBUSY, too: pci_tsm_tdi_constructor inside the call shows that the core had let it pass.',
    'The function was unbound before without a record: probe pci_tsm_unbind.',
    'A probe with the kvm argument shows that both binds were for one VM.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['bind'], state: ['bind'] },
  sources: [
    'pci_tsm_bind(), pci_tsm_unbind() and pci_tsm_tdi_constructor(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
  ],
};
