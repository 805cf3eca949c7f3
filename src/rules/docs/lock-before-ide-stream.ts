import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'lock-before-ide-stream',
  title: 'TDI locked before its IDE stream is secure',
  order:
    'The IDE stream is set up, gets its keys over the SPDM session and is enabled at both ports before a TDI is locked over it.',
  why: 'LOCK names the stream that will carry the traffic of the TDI, and the device checks that the keys of every part of it are there, programmed over the same session that carries the LOCK. On TDX the module looks at the stream when it makes the object for the interface. A stream that did not become secure leaves a device that counts as connected and is not. A device that is part of the root complex has no link to protect and needs no stream.',
  consequence:
    'The device or the firmware refuses the lock, and the bind fails. Where it does not refuse, the link is not encrypted.',
  remedy: 'Check the result of pci_ide_stream_enable() in the connect, and do not go on to bind where it failed.',
  evidence: [
    'pci_ide_stream_disable, or pci_ide_stream_enable with an error, for the device or its security manager, and then pci_tsm_bind or the LOCK with no stream enabled between them, or inside the bind.',
    'With --complete ide, also a stream that was set up and never enabled.',
    'A bind that fails after it: the refusal that the missing stream explains. Definite where the capture begins with the machine, lost nothing, holds every stream (--complete ide), speaks of this one only, and shows that it was disabled: the kernel makes a stream for an endpoint below a root port only, so that the device is none of those that need no stream. Of a function that another one manages it is the stream of that one, and the capture has to show which that is (--complete hotplug). A refusal counts where the entry of the call is recorded, the LOCK inside it did not succeed, and the error is none that comes before anybody asks the device.',
  ],
  disprove: [
    'pci_ide_stream_enable() returns -ENXIO where the stream is not secure yet; the AMD driver goes on, and the stream may become secure after that.',
    'The device needs no IDE: its lspci shows no "Integrity & Data Encryption" capability.',
    'The stream was enabled without a record: probe pci_ide_stream_enable, and say so with --complete ide.',
    'The bind succeeded: a device that insists on IDE would have refused it.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['ide'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, 11.3.8, as quoted in an issue of the Caliptra project, 2026-08',
    'pci_ide_stream_alloc() and pci_ide_stream_enable(), drivers/pci/ide.c, Linux 7.1',
    'dsm_connect() and streams_enable(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'tdh_devif_create(), intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/tdh_devif_create.c@1666adc494db',
  ],
};
