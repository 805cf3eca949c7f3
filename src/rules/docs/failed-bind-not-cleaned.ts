import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'failed-bind-not-cleaned',
  title: 'Failed bind left the TDI locked',
  order:
    'A bind that fails after it has locked the TDI stops it, or has the firmware reclaim it, before anybody goes on with the function.',
  why: 'A bind is several steps: the firmware makes an object for the TDI, locks it, fetches its report and reads its state back. Where a step after the LOCK fails, pci_tsm_bind() returns an error and the core believes that nothing is bound, so that no unbind will come. What the driver does not undo on its way out stays locked in the device.',
  consequence:
    'The device stays in CONFIG_LOCKED with nobody responsible for it: the next LOCK is refused, and the next clear of Bus Master throws it into ERROR.',
  remedy: 'Let the error path of the driver send STOP and reclaim the object of the TDI before it returns.',
  evidence: [
    'A LOCK that succeeded (sev_tio_tdi_bind with run 0, tdx_tdi_request BIND) inside a pci_tsm_bind that failed.',
    'No STOP (sev_tio_tdi_unbind, tdx_tdi_request STOP) and no reclaim between that and the next bind or the close of the device.',
  ],
  disprove: [
    'The STOP was not recorded: probe the function that sends it, and say so with --complete firmware.',
    'A function level reset or a hot reset came between: neither leaves the TDI locked.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'tdi_bind() and its error path, AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'Xu Yilun, RFC PATCH 30/30, order inside the TDX unbind, 2025-05-29, <20250529053513.1592088-31-yilun.xu@linux.intel.com>',
  ],
};
