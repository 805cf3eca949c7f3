import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'sleep-while-bound',
  title: 'Machine put to sleep with a TDI bound',
  order: 'Every TDI is unbound before the machine is suspended or hibernated.',
  why: 'Suspend puts the devices into a low power state, and deep sleep and hibernation take their power away. A TDI that loses its state has lost its lock, its IDE keys and its SPDM session. Neither the core, nor vfio, nor a TSM driver of any posting has code for it: nothing unbinds the TDI before, and nothing looks at it after.',
  consequence:
    'After the resume host and guest believe in a lock that the device does not know of any more. Nobody has defined what happens then.',
  remedy: 'Shut the VM down, or unbind its devices, before the machine sleeps.',
  evidence: ['"PM: suspend entry (...)" or "PM: hibernation: hibernation entry" (dmesg) while the function was bound.'],
  disprove: [
    'The sleep did not come about: where "PM: suspend of devices aborted" or "Some devices failed to suspend" follows, there is no finding. Other ways to give it up leave no such line.',
    'The kind was s2idle and the device stayed in D0, or keeps its state in D3hot.',
    'The function was unbound before without a record: probe pci_tsm_unbind.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['power'], state: ['bind'] },
  sources: [
    'pm_suspend() and suspend_devices_and_enter(), kernel/power/suspend.c, Linux 6.12',
    'PCIe Base 6.x, 11.2.6, power states that lose the state of a function',
  ],
};
