import type { ContractState, Platform } from './states.ts';

/** What a platform does of its own: where the four differ, an order that is right on one is wrong on another. */
export interface PlatformProfile {
  /** What a successful bind leaves behind; both where revisions differ. */
  readonly afterBind: readonly ContractState[];
  readonly starts: string;
  /** States in which trusted DMA may be opened; empty: not known. */
  readonly dmaEnable: readonly ContractState[];
  /** When the private MMIO mapping leaves the guest's second stage. */
  readonly privateUnmap: 'after-stop' | 'before-unlock' | 'guest-before-stop' | 'unknown';
  readonly teardown: readonly string[];
  /** How the firmware says that the order was wrong. */
  readonly refusal: string;
  readonly source: string;
}

export const PLATFORM_PROFILES: Readonly<Record<Platform, PlatformProfile>> = {
  generic: {
    afterBind: ['unlocked', 'locked'],
    starts: 'unknown',
    dmaEnable: [],
    privateUnmap: 'unknown',
    teardown: ['pci_tsm_unbind()', 'vfio_pci_core_disable()'],
    refusal: 'unknown',
    source: 'drivers/pci/tsm.c, Linux 7.x',
  },
  tdx: {
    afterBind: ['locked'],
    starts: 'the TD allows it, the host asks for it',
    dmaEnable: ['locked', 'run'],
    privateUnmap: 'after-stop',
    teardown: [
      'STOP_INTERFACE_REQUEST',
      'revoke the dma-bufs of the BARs',
      'unmap private MMIO',
      'disable trusted DMA',
      'free the device interface',
      'give the dma-bufs back',
    ],
    refusal: 'TDX_DEVIF_TDISP_INVALID_STATE on the unmap',
    source: 'series 20250529053513.1592088-1-yilun.xu@linux.intel.com; flow in 20250515192127.GA580805@nvidia.com',
  },
  'sev-tio': {
    afterBind: ['locked'],
    starts: 'the guest asks, the host repeats TIO_TDI_BIND with the run flag',
    dmaEnable: ['run'],
    privateUnmap: 'guest-before-stop',
    teardown: [
      'TIO_TDI_UNBIND',
      'TIO_TDI_STATUS',
      'TIO_TDI_RECLAIM',
      'TIO_ASID_FENCE_STATUS',
      'TIO_ASID_FENCE_CLEAR',
      'make the BARs shared',
    ],
    refusal: 'an error fence on the ASID, or INVALID_TDI_STATE',
    source: 'AMDESE/linux-kvm 16f379f5, drivers/crypto/ccp/sev-dev-tsm.c',
  },
  cca: {
    afterBind: ['unlocked', 'locked'],
    starts: 'the Realm asks through RHI, the host calls RMI_VDEV_START',
    dmaEnable: ['run'],
    privateUnmap: 'before-unlock',
    teardown: ['unmap every granule of the device', 'RMI_VDEV_UNLOCK', 'RMI_VDEV_DESTROY'],
    refusal: 'RMI_ERROR_GRANULE from RMI_VDEV_UNLOCK',
    source: 'TF-RMM 9a7f8ef4, runtime/rmi/vdev.c; Linux series up to v6 lock in the bind, v7 leaves it to the guest',
  },
};
