import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'guest-request-while-unbound',
  title: 'Guest request for a function that is not bound',
  order: 'Requests of the guest are passed on with pci_tsm_guest_req() only between bind and unbind of the function.',
  why: 'A guest request is addressed to the TDI that the bind created. pci_tsm_guest_req() looks for it under the lock of the DSM and returns -ENXIO before it calls the TSM driver if there is none, so a refused request has no effect on the device. Such a refusal tells that guest and host disagree on the life of the TDI: the guest asks too early, or after an unbind that it was not told of. A request that succeeds proves a bound function.',
  consequence:
    'The core refuses the request and the guest sees an error; its lock, attestation or start does not happen. If the request is recorded as successful, a bind is missing from the capture.',
  remedy:
    'Bind before requests are passed on, and tell the guest when the host unbinds, so that it locks and attests again instead of asking a TDI that is gone.',
  evidence: [
    'pci_tsm_guest_req with result -ENXIO: refused before the TSM driver was asked. A note, because nothing happened to the device.',
    'pci_tsm_unbind, __pci_tsm_unbind or pci_tsm_destroy on the function before it, or no pci_tsm_bind at all: why it was unbound.',
    'Default dmesg and dynamic debug show no guest request at all; a return probe on pci_tsm_guest_req is needed.',
  ],
  disprove: [
    '-EINVAL is another refusal: a scope above STATE_CHANGE is rejected before the bind is looked at, and says nothing about it.',
    'A TSM driver may return -ENXIO for reasons of its own: if its guest_req callback was called inside, the function was bound.',
    'A request that was interrupted while it waited for the lock fails without the bind having been looked at.',
    'The bind was made before the capture began: tsm/bound names a TSM, or an earlier request succeeded.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['guest-request'], state: ['bind'] },
  sources: [
    'pci_tsm_guest_req(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'enum pci_tsm_req_scope, include/linux/pci-tsm.h, Linux 7.1 merge window',
    'Dan Williams, PATCH v2 7/8, pci_tsm_guest_req(), 2025-11-12, <20251113021446.436830-8-dan.j.williams@intel.com>',
  ],
};
