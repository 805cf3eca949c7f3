import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'bound-at-exit',
  title: 'Owner gone, function left bound',
  order: 'The function is unbound before the last file descriptor of its owner is closed or the owner ends.',
  why: 'The TDI belongs to a VM, and nobody but its owner is going to release it: pci_tsm_unbind() has to be called by the code that bound it. In Linux 7.1 the core unbinds by itself only when the device is disconnected or removed or the TSM driver goes away, not when a file is closed or a process ends. The core keeps the struct kvm pointer of the bind only to compare it with that of a later bind.',
  consequence:
    'The function stays bound to a VM that no longer exists: the TSM keeps its resources, and a bind for another VM is refused with -EBUSY until somebody disconnects the device.',
  remedy:
    'Unbind in the release path of whatever binds, before vfio disables the device. To recover, write tsm/disconnect of the DSM: the core unbinds what is left.',
  evidence: [
    'The end of the task that bound or opened the device (sched_process_exit, do_exit), or the close of its last descriptor: the owner is gone.',
    'pci_tsm_bind with result 0 on the function and no unbind of it after.',
    'No vfio_pci_core_close_device or vfio_pci_core_disable recorded for it: if one is, the finding is unbind-before-disable and not this one.',
    'Probable at most, and only where the trace goes on for a minute without a loss: do_exit() tells of the end before it closes any file, and gives back the memory of the guest first. A capture that holds the close is judged by unbind-before-disable; in one that does not, another process may hold the device.',
    'A later pci_tsm_bind with -EBUSY, or tsm/bound that still names a TSM: confirms it.',
  ],
  disprove: [
    'An unbind that was not recorded: probe pci_tsm_unbind and __pci_tsm_unbind, or read tsm/bound after the exit: empty clears the finding.',
    'Another process uses the device after the end of this one (a configuration write, an ioctl, a mapping): it holds it, and the finding is only possible. A guest request or a bind after the exit clears it.',
    'The owner lives on: a descriptor passed to or inherited by another process, or a BAR that is still mapped, keeps the device open. fuser or lsof on the vfio device shows it.',
    'The unbind ran in another task: a worker, or the close of another file. It is found by the BDF and not by the pid.',
    'The capture stopped first: its end is no exit, and an unbind after it is not seen.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['driver'], state: ['bind'] },
  sources: [
    'pci_tsm_bind(), pci_tsm_unbind() and pci_tsm_tdi_constructor(), drivers/pci/tsm.c, Linux 7.1 merge window',
    'vfio_device_fops_release(), drivers/vfio/vfio_main.c, Linux 7.1 merge window',
    'do_exit(), kernel/exit.c, Linux 6.12 and 6.16: trace_sched_process_exit() stands before exit_files()',
    'Attribute tsm/bound, Documentation/ABI/testing/sysfs-bus-pci, Linux 7.1 merge window',
    'Jason Gunthorpe, when the host has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>',
    'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>',
  ],
};
