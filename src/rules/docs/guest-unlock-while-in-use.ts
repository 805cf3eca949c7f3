import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'guest-unlock-while-in-use',
  title: 'Guest unlocks a TDI that is still in use',
  order:
    'Inside the guest the driver lets go of the device, and its private MMIO is invalidated, before the TDI is unlocked.',
  why: 'Unlock stops the TDI: the device aborts its DMA and forgets its secrets. A driver that is still attached then talks to a device that does not answer. Private mappings that are left make the stop fail on Arm, where the RMM refuses to unlock a device with memory still mapped, and leave stale private addresses elsewhere. The guest core warns of both, and does nothing at all while a driver is attached.',
  consequence:
    'With a driver attached the TDI stays locked or running although it was told to stop. With mappings left, the guest reaches memory that is private no more.',
  remedy: 'Unbind the driver and release the MMIO resources, then write to tsm/unlock.',
  evidence: [
    '"unlock attempted on driver attached device" (guest dmesg, a WARN): the core did nothing; definite.',
    '"MMIO resource still assigned" (guest dmesg): the unlock went on; probable.',
    'pci_tsm_unlock behind a pci_device_probe() of the same device that returned 0, with no pci_device_remove() between: the core does nothing; probable.',
    'pci_tsm_unlock with neither says little: a WARN is printed once a boot.',
  ],
  disprove: [
    'The line is of a kernel with other words: it is of a series that is in no release yet.',
    'Somebody tried on purpose.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['guest-request'], state: ['guest-request'] },
  sources: [
    'Dan Williams, PATCH 5/7, accept and unlock of a TDI in the guest, 2025-08-26, <20250827035259.1356758-6-dan.j.williams@intel.com>',
    'Aneesh Kumar K.V, PATCH v2 7/11, unlock of a device in the Realm, 2025-11-17, <20251117140007.122062-8-aneesh.kumar@kernel.org>',
  ],
};
