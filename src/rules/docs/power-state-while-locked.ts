import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'power-state-while-locked',
  title: 'Locked TDI put into a state-losing power state',
  order: 'A power change that loses the state of the function follows the unbind of the TDI.',
  why: 'Power management is allowed to a locked TDI as long as the function keeps its state. D3cold never does. D3hot does only where the function reports No_Soft_Reset; without it, the return to D0 is a reset of the function. vfio lets the user enter D3hot through PMCSR, and D3hot or D3cold through the low power feature, and takes the BAR mappings away first; it does not look at the bound state.',
  consequence:
    'If the function lost its state, the TDI is expected to be in TDISP ERROR, or in CONFIG_UNLOCKED where power was removed, while the host still counts it as bound.',
  remedy:
    'Unbind before the function is put to sleep, or keep it in D0 while it is bound. Whether D3hot is safe for it, NoSoftRst in lspci -vv tells.',
  evidence: [
    'vfio_pci_set_power_state or pci_set_power_state with state 3 (D3hot) or 4 (D3cold): the change was asked. The same call with 0 is the way back.',
    'vfio_pm_config_write with the PMCSR offset and a value whose low two bits are 3: the guest asked for D3hot.',
    'vfio_pci_runtime_pm_entry, rpm:rpm_suspend of the device: low power entry, which can end in D3cold.',
    'NoSoftRst- in lspci -vv (--side): in D3hot the function need not keep its state, and its return to D0 resets it. D3hot alone is probable then; with the return recorded before anything that may have unlocked the TDI, and --complete bind,guest-request,hotplug, it is definite.',
    '"reset via pm" (dynamic debug): the function reports no No_Soft_Reset, because the kernel uses this method only then. The cycle through D3hot that it does is not visible as a power change.',
    '"Refused to change power state", "device inaccessible": the state was not reached, or the device is gone.',
  ],
  disprove: [
    'No_Soft_Reset is set (NoSoftRst+ in lspci -vv): D3hot keeps the state, and nothing is said. No log tells; --side takes it from lspci, and without that the verdict is possible and no more.',
    'The change did not happen: an error was returned (vfio refuses with -EBUSY for a PF with VFs), the device refused it ("Refused to change power state") or is quirked against D3, for which the kernel returns 0 all the same, or it was in that state already.',
    'It happened after the device was closed: runtime power management puts an unused vfio device into D3 from a kworker.',
    'An unlogged unbind or STOP before it: probe pci_tsm_unbind, __pci_tsm_unbind and pci_tsm_guest_req.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['power'], state: ['bind'] },
  sources: [
    'PCIe Base 6.x, chapter 11 (TDISP): registers of a locked function, power management',
    'vfio_pci_set_power_state(), vfio_pci_probe_power_state() and vfio_pci_runtime_pm_entry(), drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window',
    'vfio_pm_config_write(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window',
    'pci_power_up() and pci_pm_reset(), use of No_Soft_Reset, drivers/pci/pci.c, Linux 7.1 merge window',
    'Xu Yilun, RFC PATCH 20/30, 2025-05-29, <20250529053513.1592088-21-yilun.xu@linux.intel.com>',
  ],
};
