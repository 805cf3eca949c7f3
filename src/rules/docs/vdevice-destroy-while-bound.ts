import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'vdevice-destroy-while-bound',
  title: 'vDEVICE destroyed while its TDI was bound',
  order: 'The TDI is unbound before its vDEVICE is destroyed.',
  why: 'The vDEVICE ties the function to the VM for iommufd and names it by its address there. Once it is gone nobody can ask to unbind the TDI by it any more. The series that adds bind and unbind to iommufd therefore unbinds in iommufd_vdevice_abort(), which every destruction runs through: rude to a guest that still uses the device, but in order. Without that the TDI stays bound to a VM that does not know it.',
  consequence:
    'The guest loses its TDI without being asked; where iommufd does not unbind, the TDI stays bound until its TSM context goes away.',
  remedy: 'Unbind with IOMMU_VDEVICE_TSM_OP before the vDEVICE is destroyed and before its file is closed.',
  evidence: [
    'iommufd_vdevice_destroy on a function that a bind had bound, with no unbind before it.',
    'pci_tsm_unbind, tsm_unbind or __pci_tsm_unbind inside that call, before it returns: iommufd put it right, and there is no finding.',
    'The end of the call without an unbind in it, in a capture that holds every bind and unbind: it was not put right.',
  ],
  disprove: [
    'An unbind stands inside the destruction, or was not recorded: probe pci_tsm_unbind.',
    'The vDEVICE was another one: the record names it by a pointer, which is reused.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['bind'], state: ['bind'] },
  sources: [
    'Aneesh Kumar K.V, PATCH v5 4/5, unbind in iommufd_vdevice_abort(), 2026-05-25, <20260525154816.1029642-5-aneesh.kumar@kernel.org>',
    'Xu Yilun, order of close and vdevice destruction, 2025-06-06, <aEML7kUPSibTaAYk@yilunxu-OptiPlex-7050>',
    'Jason Gunthorpe, when the host has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>',
  ],
};
