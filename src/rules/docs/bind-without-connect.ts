import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'bind-without-connect',
  title: 'Bind asked without a connected TSM',
  order: 'A connect of the DSM (tsm/connect) succeeds before any function below it is bound.',
  why: 'The connect sets up the SPDM session and the IDE stream, and gives the DSM and every function below it their TSM context. Without that context there is nothing to send LOCK over. pci_tsm_bind() checks for it and returns -EINVAL before it calls the TSM driver, so a refused bind leaves the device untouched. A bind that succeeds proves a context, hence a connect.',
  consequence:
    'The core refuses the bind and the device stays as it was: the VM has no TDI. If the bind is recorded as successful, the connect happened and is missing from the capture.',
  remedy:
    'Write the name of the TSM to tsm/connect of the DSM, check the result, then bind. For a VF or a further function the connect goes to the DSM, not to the function.',
  evidence: [
    'pci_tsm_bind with result -EINVAL: refused before the TSM driver was asked. A note, because nothing happened to the device.',
    'No connect_store with success on the DSM before it, or a disconnect_store after it.',
    '"failed to find Device Security Manager", "TSM init failure, no CMA mailbox" (dmesg): why a connect or a context failed.',
    '"setup TSM context: DSM: ... status: failed" (dynamic debug): the DSM is connected, but this function has no context.',
  ],
  disprove: [
    '-EINVAL has another cause, too: pci_tsm_bind() returns it for a NULL struct kvm. A probe with the kvm argument tells them apart.',
    '-ENXIO means a context of a TSM that does not manage links, -EBUSY one that is bound to another KVM: both prove that there was a context.',
    'The connect was made before the capture began, or by other means than sysfs: read tsm/connect of the DSM, or look for a return probe on connect_store.',
    'The context of the function may have failed although the DSM is connected; tsm/dsm of the function is then empty.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['bind'], state: ['link'] },
  sources: [
    'pci_tsm_bind(), pci_tsm_connect(), connect_store() and probe_fn(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'Attributes tsm/connect and tsm/dsm, Documentation/ABI/testing/sysfs-bus-pci, Linux 7.1 merge window',
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
  ],
};
