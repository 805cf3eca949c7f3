import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'flr-while-locked',
  title: 'Function level reset of a locked TDI',
  order:
    'A function level reset follows the unbind of the TDI; that of a PF follows the unbind of the PF and of all its VFs.',
  why: 'A function level reset moves every TDI that it reaches from CONFIG_LOCKED or RUN to ERROR, not to CONFIG_UNLOCKED as a conventional reset does. The reset of a PF reaches its VFs; the reset of a VF reaches only that VF. Function 0 holds the device security manager: its reset may end the SPDM session and the IDE streams that the TDIs of the other functions are locked over; only of resets of the other functions it is said that they do not. pci_try_reset_function() also writes COMMAND with INTx Disable alone before the reset, which breaks the lock by itself. Linux 7.1 checks the bound state neither in VFIO_DEVICE_RESET nor in the emulation of the FLR bit nor in the sysfs reset.',
  consequence:
    'Every TDI that the reset reached is expected to be in TDISP ERROR, while the host still counts it as bound. The configuration that the kernel restores afterwards does not bring the TDI back.',
  remedy:
    'Unbind first, for a PF all its VFs too, then reset; or refuse the reset while the TDI is bound. After it, bind, lock and attest again.',
  evidence: [
    'pcie_flr or pci_af_flr on the function (tracer, probe): the reset itself. vfio_exp_config_write and vfio_af_config_write: the guest sets the bit, in a write of whatever width. A path that sets it by other means is not seen.',
    'pci_try_reset_function with vfio_pci_core_ioctl, vfio_exp_config_write or vfio_af_config_write around it: who asked (reset ioctl, FLR bit of the guest).',
    '"resetting" and "reset done" (dmesg from Linux 6.13 on): a function reset by some method. "reset via flr" or "reset via af_flr" (dynamic debug) names the method.',
    '"resetting" is missing for the reset inside vfio_pci_core_disable(), and for drivers with a reset_prepare callback.',
  ],
  disprove: [
    'Another method: "reset via pm" is a cycle through D3hot, "reset via bus" a conventional reset with another consequence. pci_try_reset_function alone does not tell which one ran; reset_method in sysfs lists what the function supports.',
    'The reset did not happen: pci_try_reset_function returned an error such as -EAGAIN, or, from Linux 7.0 on, pcie_flr another one than -ENOTTY ("failed to stop IOMMU for a PCI reset"). With -ENOTTY fails the wait for the function to come back: pcie_flr has reset it then; pci_try_reset_function and the ioctl may also have found no way to.',
    'The reset belongs to an open or to a close: vfio_pci_core_enable() resets before any bind, vfio_pci_core_disable() is judged by unbind-before-disable.',
    'An unlogged unbind or STOP before it: probe pci_tsm_unbind, __pci_tsm_unbind and pci_tsm_guest_req.',
    'For a function named because of function 0 (never more than possible): the device kept its session and streams, as a read-back of LOCKED or RUN, or a request that succeeds later, shows.',
    'For a VF named because of its PF: the finding shows the record that ties them (the VF appeared or went inside a call on the PF, or vfio named both), or the file of --side. Check that the VF existed at that time.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['reset'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, chapter 11 (TDISP): effect of a function level reset on TDIs',
    'pcie_flr(), pci_try_reset_function() and pci_dev_save_and_disable(), drivers/pci/pci.c, Linux 7.1 merge window',
    'vfio_pci_ioctl_reset(), drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'vfio_exp_config_write() and vfio_af_config_write(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
    'Xu Yilun, RFC PATCH 20/30, 2025-05-29, <20250529053513.1592088-21-yilun.xu@linux.intel.com>',
    'Xu Yilun, vfio should block it while bound, 2025-06-05, <aEFmPaYorqaYCKBY@yilunxu-OptiPlex-7050>',
  ],
};
