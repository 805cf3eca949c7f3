/**
 * An order that drivers, firmware, guests and VMMs have to keep, and what is made of it here. Where a log shows it, rules judge it;
 * where none does, `unseen` says why, so that nobody takes silence for a pass.
 */
export interface Order {
  /** One sentence, in our own words. */
  readonly says: string;
  /** Ids of the rules that judge it, wholly or in part. */
  readonly rules: readonly string[];
  /** Why no log shows it, or which part of it none shows; null where rules judge all of it. */
  readonly unseen: string | null;
  /** Where it is from; in the forms of `RuleDoc.sources`. */
  readonly source: string;
}

export const TSM = 'drivers/pci/tsm.c, Linux 7.1 merge window';
export const IDE = 'drivers/pci/ide.c, Linux 7.1';
export const VFIO = 'drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window';
export const AMD = 'AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a';
export const AMD_GUEST = 'AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5463a';
export const VDEV = 'TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378';
export const PDEV = 'TF-RMM/tf-rmm runtime/rmi/pdev.c@9a7f8ef46378';
export const RSI = 'TF-RMM/tf-rmm runtime/rsi/vdev.c@9a7f8ef46378';
export const tdx = (file: string) => `intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/${file}@1666adc494db`;
export const TDISP = 'PCIe Base 6.x, 11.2.6';
export const TDISP_STATES = 'PCIe Base 6.x, 11.3';
export const YILUN =
  'Xu Yilun, RFC PATCH 20/30, unbind before the BARs are zapped, 2025-05-29, <20250529053513.1592088-21-yilun.xu@linux.intel.com>';
export const YILUN_30 =
  'Xu Yilun, RFC PATCH 30/30, order inside the TDX unbind, 2025-05-29, <20250529053513.1592088-31-yilun.xu@linux.intel.com>';
export const ANEESH =
  'Aneesh Kumar K.V, PATCH v5 4/5, bind and unbind of a vDEVICE, 2026-05-25, <20260525154816.1029642-5-aneesh.kumar@kernel.org>';
export const JASON = 'Jason Gunthorpe, when a TDI has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>';
export const DAN_GUEST =
  'Dan Williams, PATCH 5/7, accept of a TDI in the guest, 2025-08-26, <20250827035259.1356758-6-dan.j.williams@intel.com>';
export const DAN_BIND =
  'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>';
export const DAN_LINK =
  'Dan Williams, PATCH v8 4/9, sessions and link encryption, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>';
export const MATT =
  'Matt Evans, PATCH v4 7/10, zap and revocation of BARs, 2026-07-01, <20260701171245.90111-8-matt@ozlabs.org>';

export const NO_NUMBER =
  'the module refuses it with a status whose number is not public: the refusal shows, its reason does not';
export const IN_FIRMWARE = 'the firmware does it, and refuses what would break it, without a word to the host';
export const NO_CALLER = 'no kernel and no posting asks for it';
export const NOT_RECORDED = 'no record tells which pages, nonces or bytes were meant';

export function judged(says: string, rules: readonly string[], source: string, unseen: string | null = null): Order {
  return { says, rules, unseen, source };
}

export function unseen(says: string, why: string, source: string): Order {
  return { says, rules: [], unseen: why, source };
}
