import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'report-before-lock',
  title: 'Interface report asked of an unlocked TDI',
  order: 'The interface report is fetched after LOCK and before STOP.',
  why: 'The report describes the configuration that the LOCK froze: which ranges of MMIO are private, whether ATS or PRS are on. Before the LOCK there is nothing frozen to report, and the device refuses in CONFIG_UNLOCKED and in ERROR. A report from before a later LOCK describes another configuration than the one that runs.',
  consequence: 'The request is refused, and the guest has nothing to check the device by.',
  remedy: 'Lock the TDI first, and fetch the report anew after every LOCK.',
  evidence: [
    'sev_tio_tdi_report, rmi_vdev_get_interface_report or a report request of TDX whose answer is a status that names the state: definite.',
    'The same request refused by RMI_ERROR_DEVICE, which has other reasons, too: definite where the records since boot (--complete bind,guest-request,firmware) leave no state in which it is right; else possible.',
    'A report that is delivered proves that the TDI was locked or running.',
  ],
  disprove: [
    'The status is of another number in the version of the firmware at hand.',
    'The report was read in several parts with another command between them, which is refused in the same words.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'PCIe Base 6.x, chapter 11, legality of requests by state',
    'VDEV interface report, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
    'tdi_bind(), report after the bind, AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
  ],
};
