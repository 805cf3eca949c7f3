import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'driver-probe-before-accept',
  title: 'Driver attached to a TDI before it is accepted',
  order:
    'Inside the guest the driver is taken from the device before lock, and attached again only after the device was verified and accepted.',
  why: 'Between lock and accept the device is frozen and not trusted yet: that is the time in which its evidence is looked at. A driver that is there meanwhile uses a device that nobody has verified, keeps mappings of the shared world, and writes the registers that the lock froze. The guest core refuses lock and accept with -EBUSY while a driver is attached.',
  consequence:
    'The guest uses a device that it has not attested; a write of the driver to COMMAND may throw the TDI into ERROR. Where the core refused, nothing happened to the device.',
  remedy: 'Unbind the driver, lock, verify the evidence, accept, and let the driver bind then.',
  evidence: [
    'pci_device_probe that succeeds in the guest after pci_tsm_lock and before pci_tsm_accept: with --complete guest-request there was no accept between them. Probable at most.',
    'pci_tsm_lock or pci_tsm_accept with result -EBUSY: refused, for a driver or another reason; a note.',
    'pci_tsm_lock or pci_tsm_accept that succeeds: no driver was attached.',
  ],
  disprove: [
    'The guest lets a driver use a device that it has not accepted, as one it does not trust: that is its policy, and no kernel forbids it.',
    'The accept, or an unlock, came between without a record: probe pci_tsm_accept and pci_tsm_unlock.',
    'The driver was attached for a moment only to be found wanting: look at what pci_device_probe returned.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['guest-request'], state: ['driver'] },
  sources: [
    'Dan Williams, PATCH v3 13/13, guest side of PCI/TSM, 2025-05-15, <20250516054732.2055093-14-dan.j.williams@intel.com>',
    'Dan Williams, PATCH 5/7, accept of a TDI in the guest, 2025-08-26, <20250827035259.1356758-6-dan.j.williams@intel.com>',
    'pci_device_probe(), drivers/pci/pci-driver.c, Linux 6.12',
  ],
};
