import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'vm-destroy-while-bound',
  title: 'VM destroyed while a TDI was bound',
  order: 'Every TDI is unbound before the VM that it is bound to is destroyed.',
  why: 'The firmware ties the TDI to the VM: its device memory stands in the private address space of the VM, its DMA goes through tables of the VM. The RMM refuses to destroy a realm that has a VDEV, and the TDX module counts the interfaces of a TD. The core keeps a pointer to struct kvm for as long as the function is bound, so a VM that goes first leaves it dangling unless whoever bound it holds a reference.',
  consequence:
    'The firmware refuses to free the VM, whose memory then is lost to the host, or the TDI stays bound to a VM that is gone.',
  remedy:
    'Unbind every TDI before the last reference to the VM is dropped: at the latest when the vDEVICE or the vfio device is closed.',
  evidence: [
    'kvm_destroy_vm with the pointer that an earlier pci_tsm_bind was given as kvm, with no unbind between them.',
    'A refusal of the firmware to destroy the realm or the TD: confirms it.',
  ],
  disprove: [
    'The close of the VM file is no destruction: others may hold the VM. Only kvm_destroy_vm counts.',
    'An unbind was not recorded: probe pci_tsm_unbind and __pci_tsm_unbind.',
    'The pointer was reused: another VM got the address of the first one.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['bind'], state: ['bind'] },
  sources: [
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
    'Jason Gunthorpe, when the host has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>',
    'Realm destroy, count of VDEVs, TF-RMM/tf-rmm runtime/rmi/realm.c@9a7f8ef46378',
  ],
};
