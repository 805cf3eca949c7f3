import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'unbind-before-disable',
  title: 'vfio disabled the device while still bound',
  order:
    'The TSM unbind is over before vfio_pci_core_disable() starts, on every path that reaches it: last close, process exit, driver unbind, removal of the device.',
  why: 'vfio_pci_core_disable() clears Bus Master Enable if it is set, writes COMMAND with INTx Disable alone, so that Memory Space Enable goes too, and resets the function. Each of these breaks the lock of a TDI in CONFIG_LOCKED or RUN. Linux 7.1 has no TSM unbind in the close path, and Linux 7.3.4 has been seen to keep the TDI bound through it. In the iommufd series the unbind hangs on the destruction of the vdevice, which vfio_df_device_last_close() reaches only after close_device(). A VMM that is killed, or that closes vfio before it destroys the vdevice, therefore always produces the wrong order.',
  consequence:
    'The TDI is expected to be in TDISP ERROR while the host still counts it as bound. Nothing is printed, and the firmware learns of it only when it next asks the device.',
  remedy:
    'Unbind first: explicitly, or by destroying the vdevice where the kernel ties the unbind to it, before the last reference to the vfio device (file descriptor or BAR mapping) goes away. In the kernel, the close path has to unbind before it calls vfio_pci_core_disable().',
  evidence: [
    'vfio_pci_core_disable (function tracer, function_graph, probe): the step itself. vfio_pci_core_close_device around it is the close; vfio_pci_core_request in another task before it shows that a driver unbind or a removal asked for the close.',
    'pci_tsm_bind with result 0, or pci_tsm_tdi_constructor called by the TSM driver inside it: the function was bound. Result 0 alone may be a repeated bind to the same KVM, which changes nothing.',
    'pci_tsm_unbind, or __pci_tsm_unbind that reaches the unbind of the TSM driver, after the disable: the TDI was still bound.',
    'dmesg with dynamic debug on drivers/pci: "reset via ..." without "resetting" before it is the reset of this path; "disabling bus mastering" only if Bus Master was still set. Default dmesg shows neither.',
  ],
  disprove: [
    'An unlogged unbind: probe pci_tsm_unbind and __pci_tsm_unbind. Disconnect, removal of the function and unload of the TSM driver use the second only; one of them between the bind and the disable clears the finding.',
    'tsm/bound of the function, read just before the close: empty means that the core holds no TDI.',
    'A bind whose result was not recorded is taken as successful: a return probe on pci_tsm_bind settles it.',
    'The first open of a device resets it as well, in vfio_pci_core_enable(): a reset alone is no disable.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['driver'], state: ['bind'] },
  sources: [
    'vfio_pci_core_disable() and vfio_pci_core_close_device(), drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'vfio_df_device_last_close(), drivers/vfio/vfio_main.c, Linux 7.1 merge window',
    'pci_tsm_bind(), comment on the lifetime of a bind, drivers/pci/tsm.c, Linux 7.1 merge window',
    'Xu Yilun, RFC PATCH 19/30, 2025-05-29, <20250529053513.1592088-20-yilun.xu@linux.intel.com>',
    'Xu Yilun, order of close and vdevice destruction, 2025-06-06, <aEML7kUPSibTaAYk@yilunxu-OptiPlex-7050>',
    'Aneesh Kumar K.V, 2025-08-02, <yq5afrea9jtt.fsf@kernel.org>',
    'Jason Gunthorpe, when the host has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>',
    'Aneesh Kumar K.V, PATCH v5 4/5, unbind in iommufd_vdevice_abort(), 2026-05-25, <20260525154816.1029642-5-aneesh.kumar@kernel.org>',
  ],
};
