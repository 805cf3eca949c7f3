import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'accept-before-report',
  title: 'Device accepted without its interface report',
  order:
    'Inside the guest the interface report is fetched and checked after the lock and before the device is accepted.',
  why: 'Accepting the device starts it and opens private memory to it. What the guest then trusts is what the report says: which MMIO ranges are private, what configuration was locked. The AMD guest refuses to accept a device whose report it has not got; others leave the check to user space.',
  consequence:
    'The guest refuses, and the device stays locked and unused. Where nobody refuses, a device is trusted that nobody has looked at.',
  remedy: 'Fetch and verify the report between tsm/lock and tsm/accept.',
  evidence: [
    '"Cannot accept without the report" (guest dmesg): asked too early, and refused; a note.',
    'sev_guest_accept that succeeds proves that the report was there.',
  ],
  disprove: ['The report had been fetched and was rejected: the line before it says so.', 'Somebody tried on purpose.'],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['guest-request'], state: ['guest-request'] },
  sources: [
    'sev_guest_accept(), AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5463a',
    'Dan Williams, PATCH 5/7, accept of a TDI in the guest, 2025-08-26, <20250827035259.1356758-6-dan.j.williams@intel.com>',
  ],
};
