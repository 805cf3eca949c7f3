import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'reclaim-order',
  title: 'TDI reclaimed before it was unbound',
  order: 'On SEV-TIO a TDI is unbound with TIO_TDI_UNBIND before TIO_TDI_RECLAIM takes its object away.',
  why: 'TIO_TDI_UNBIND sends STOP to the device and takes its DMA and MMIO out of the guest; TIO_TDI_RECLAIM only gives the memory of the object back. The driver then reads the fence of the ASID, clears it, and makes the BARs shared. A reclaim without an unbind leaves a device in CONFIG_LOCKED or RUN of which the firmware knows nothing any more.',
  consequence:
    'The device stays locked or running with no object to stop it by; the ASID of the guest may stay fenced.',
  remedy: 'Unbind first, with force if the device does not answer, check with TIO_TDI_STATUS, then reclaim.',
  evidence: [
    'sev_tio_tdi_reclaim after a TIO_TDI_BIND with no sev_tio_tdi_unbind between them.',
    'An unbind or a guest request to stop between them: the order was right.',
  ],
  disprove: [
    'The unbind was not recorded: probe sev_tio_tdi_unbind, and say so with --complete firmware.',
    'The LOCK had failed: there was nothing to unbind.',
  ],
  platforms: ['sev-tio'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'tdi_unbind() and the error path of tdi_bind(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
  ],
};
