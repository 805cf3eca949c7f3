import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'disconnect-while-bound',
  title: 'Disconnect asked while a function is bound',
  order: 'Every function below the DSM is unbound by its owner before tsm/disconnect of the DSM is written.',
  why: 'A disconnect ends the SPDM session and the IDE streams, and every TDI that was locked over them depends on both. The core of Linux 7.1 guards against this: __pci_tsm_disconnect() unbinds all functions, the DSM last, before it calls the disconnect of the TSM driver. What remains is that the VM loses its device without being asked, and that vfio and KVM are not told. The unbind of the TSM driver returns nothing, so a refusal by the firmware does not stop the disconnect.',
  consequence:
    'The bound VM loses the TDI at a moment that it did not choose. If the firmware refuses the implied unbind, the interface stays registered under a link that is being torn down.',
  remedy:
    'Let the VMM unbind, or end the VM, before the device is disconnected. Check that tsm/bound is empty for every function of the device.',
  evidence: [
    'disconnect_store or __pci_tsm_disconnect on the DSM: the disconnect was asked. It reaches the other functions of the device, their VFs as far as records or --side tell them, and functions whose context line names that DSM.',
    '__pci_tsm_unbind on the functions below it, inside, before the disconnect returns: the core unbound them first, which is why the verdict is possible at most and a warning. It also runs for functions without a TDI and is no proof of a bind.',
    'The unbind of the TSM driver inside __pci_tsm_unbind, for example TIO_TDI_UNBIND: that function was bound.',
    'Default dmesg prints nothing for connect, bind or disconnect.',
  ],
  disprove: [
    'An unlogged unbind before it: probe pci_tsm_unbind, or read tsm/bound of each function just before the write.',
    'disconnect_store returned -ENXIO (not connected) or -EINVAL (another TSM named): nothing was disconnected.',
    'The disconnect came from another device: the functions of one DSM share its BDF in tsm/dsm.',
    'The bound function is gone: a VF removed earlier was unbound by pci_tsm_destroy().',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['link'], state: ['bind'] },
  sources: [
    'disconnect_store(), __pci_tsm_disconnect() and pci_tsm_unbind_all(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'VDEV unlock, check for mapped granules, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
    'Dan Williams, PATCH v8 4/9, sessions and link encryption, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>',
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
  ],
};
