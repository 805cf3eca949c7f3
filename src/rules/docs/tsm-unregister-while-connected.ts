import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'tsm-unregister-while-connected',
  title: 'TSM unregistered with devices still connected',
  order: 'Every device is disconnected from a TSM before the TSM is unregistered.',
  why: 'The sessions and keys of connected devices live in the firmware behind the TSM. pci_tsm_unregister() walks all devices, unbinds and disconnects those that are connected to the TSM that goes away, so that nothing is left behind as long as that walk runs through. On SEV-TIO the firmware must still be up for it: SNP is shut down after the disconnect of all devices.',
  consequence:
    'Guests lose their TDIs without being asked; where the disconnect does not happen, sessions and IDE streams outlive the TSM.',
  remedy: 'Write to tsm/disconnect of every device before the module of the TSM is unloaded.',
  evidence: [
    'pci_tsm_unregister while a device that was seen to connect was not seen to disconnect.',
    '__pci_tsm_disconnect of the device, or __pci_tsm_unbind of the function, inside that call, before it returns: the core put it right, and there is no finding. A function other than function 0 has no disconnect of its own: it is unbound and removed, which leaves no record where it was not bound.',
    'No such record in a capture that holds every event of the link: probable for function 0, because no record tells which TSM went away.',
  ],
  disprove: [
    'The device belongs to another TSM: read tsm/connect, which names it.',
    'The disconnect was not recorded: probe disconnect_store and __pci_tsm_disconnect.',
    'Unloading and loading a TSM is a common test, and the core is made for it.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['link'], state: ['link'] },
  sources: [
    'pci_tsm_unregister() and __pci_tsm_destroy(), torvalds/linux drivers/pci/tsm.c@3225f52cde56',
    'Dan Williams, PATCH v8 4/9, sessions and link encryption, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>',
  ],
};
