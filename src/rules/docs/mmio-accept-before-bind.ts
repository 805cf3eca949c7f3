import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'mmio-accept-before-bind',
  title: 'MMIO validated for a TDI that is not bound',
  order: 'On SEV-TIO the TDI is bound, and asked to run, before the guest validates its MMIO.',
  why: 'With MMIO_VALIDATE the guest asks the firmware to make the pages that the report lists its private ones. The firmware does that only for a TDI that is bound to this guest. One whose bind failed, or was undone behind the back of the guest, is refused with a status of its own.',
  consequence: 'The firmware refuses, and the guest cannot use the device as a trusted one.',
  remedy:
    'Lock the device and check the result before the accept; where it had been locked, look for an unbind on the host.',
  evidence: [
    '"MMIO validate failed with ... status=2" (guest): the firmware says that the TDI is not bound; possible, since the line is the same where the pages were to be given back. Definite where it stands inside sev_guest_accept or pci_tsm_accept, whose return is recorded: that call gives none back before it.',
    '"MMIO #... validated" (guest dmesg): it was bound.',
  ],
  disprove: [
    '"MMIO invalidate" stands before it: sev_guest_unlock takes the pages back with the same request. The host had undone the bind first.',
    'The numbers are of other firmware: 2 means "not bound" in every revision that was read, those from 4 on moved by one.',
  ],
  platforms: ['sev-tio'],
  needs: { trigger: ['mmio'], state: ['guest-request'] },
  sources: [
    'tio_tdi_mmio_validate(), AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5463a',
    'Alexey Kardashevskiy, RFC PATCH v2 9/22, firmware interface, 2025-02-18, <20250218111017.491719-10-aik@amd.com>',
  ],
};
