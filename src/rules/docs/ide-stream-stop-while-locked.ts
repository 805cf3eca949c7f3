import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'ide-stream-stop-while-locked',
  title: 'IDE stream stopped with the TDI locked',
  order: 'A TDI is stopped by unbind before the IDE stream that it was locked over is disabled or torn down.',
  why: 'LOCK ties the TDI to an IDE stream whose keys stand on both ports. When that stream becomes insecure, because it is disabled, its keys are stopped or the link is lost, every TDI that is tied to it falls to ERROR. The core does it in the right order in a disconnect: it unbinds every function, then calls the driver, which disables the streams.',
  consequence: 'The TDI falls to ERROR without a word; its traffic that was protected is rejected.',
  remedy:
    'Unbind every function of the device before the stream goes: use tsm/disconnect, which does it in that order.',
  evidence: [
    'pci_ide_stream_disable on the device or its security manager while the TDI was locked or running, with no unbind before it.',
    'Definite where the capture begins with the machine, lost nothing, holds every stream (--complete ide), and speaks of this one only, which was enabled before the bind, and at whatever port that was tried: the TDI was locked over no other. On Arm CCA it is also the one that the RMM connected, if it connected one only. A stream that was allotted beside it, given back before, or active as the kernel started is another one. Of a VF it is the stream of its PF, and the capture has to show its DSM (--complete hotplug). Else probable at most.',
    'A read-back of ERROR after it: confirms it.',
  ],
  disprove: [
    'It was the RMM that was asked: RMI_PDEV_STREAM_DISCONNECT is refused as long as the device has a VDEV, so it counts for nothing here.',
    'The stream was another one: a device may have several. Where two of them are known to have been enabled, the verdict is possible at most.',
    'The TDI was stopped or unbound before without a record: probe pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['ide'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.2.6, a bound stream becomes insecure',
    'dsm_disconnect() and streams_disable(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'smc_pdev_stream_disconnect(), TF-RMM/tf-rmm runtime/rmi/pdev.c@9a7f8ef46378',
    'Dan Williams, PATCH v8 4/9, sessions and link encryption, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>',
  ],
};
