import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'spdm-session-end-while-locked',
  title: 'SPDM session ended with the TDI locked',
  order: 'Every TDI is stopped by unbind before the SPDM session that it was locked over ends.',
  why: 'The requests of TDISP and the keys of the IDE streams go through one SPDM session with the security manager of the device. When that session ends, whatever ends it, its IDE streams become insecure and every TDI that was locked over it falls to ERROR. STOP could not be sent afterwards, either: a TDISP message outside the session is ignored.',
  consequence:
    'Every TDI of the device falls to ERROR without a word, and cannot be stopped until there is a new session.',
  remedy: 'Unbind every function of the device first: use tsm/disconnect, which does it in that order.',
  evidence: [
    'sev_tio_dev_disconnect or tdh_exec_spdm_disconnect while a TDI of the device was locked or running, with no unbind before it.',
    'Definite where the capture begins with the machine, lost nothing, holds every command to the firmware (--complete firmware), and sev_tio_dev_connect or tdh_exec_spdm_connect set up this session only before the bind: the TDI was locked over no other. Of a VF the capture also has to show its DSM (--complete hotplug). Else probable at most.',
    'A read-back of ERROR after it: confirms it.',
  ],
  disprove: [
    'It was the RMM that was asked: RMI_PDEV_STOP is refused as long as the device has a VDEV, so it counts for nothing here.',
    'It was another session of the device: no record names the one that the lock came over.',
    'The command failed: then the session is still there.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.4.5, end of the SPDM session',
    'dsm_disconnect(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'PDEV stop, TF-RMM/tf-rmm runtime/rmi/pdev.c@9a7f8ef46378',
  ],
};
