import type { Bdf } from '../base/bdf.ts';
import type { Nanoseconds } from '../base/time.ts';
import type { Untrusted } from '../base/untrusted.ts';

/** Every kind of fact that the timeline knows. The word before the dot is the kernel subsystem. */
export const EVENT_KINDS = {
  'vfio.open': 'vfio_pci_core_enable: the first user opens the device; clears Bus Master, resets the function',
  'vfio.close': 'the device file is released; contains vfio.disable',
  'vfio.disable': 'vfio_pci_core_disable: clears Bus Master, resets, disables the device',
  'vfio.ioctl': 'an ioctl on the vfio device',
  'vfio.config_write': 'the user writes the PCI configuration space; args.offset, args.count, args.value',
  'vfio.zap': 'the BAR mappings are taken away from the user',
  'vfio.revoke': 'dma-bufs of the BARs are revoked (args.revoked=1) or given back (0)',
  'vfio.dmabuf_cleanup': 'dma-bufs of the BARs are cleaned up at close',
  'vfio.mmap': 'the user maps a BAR',
  'vfio.power': 'vfio changes the power state; args.state as PCI_Dx number',
  'vfio.unregister': 'the vfio driver is unbound from the device',
  'vfio.request': 'vfio asks the user to give the device back',
  'vfio.restore': 'vfio found the BARs reset behind its back and restores them',
  'pci.reset': 'a function reset by whatever method; contains the method if it is recorded',
  'pci.flr': 'function level reset',
  'pci.bus_reset': 'a conventional reset: secondary bus, slot or link',
  'pci.reset_done': 'the reset that the kernel announced is over',
  'pci.set_master': 'the kernel sets Bus Master Enable',
  'pci.clear_master': 'the kernel clears Bus Master Enable',
  'pci.command': 'the kernel prints the COMMAND register; args.value, and args.previous where printed',
  'pci.power': 'the kernel changes the power state; args.state as PCI_Dx number',
  'pci.enable': 'pci_enable_device',
  'pci.disable': 'pci_disable_device',
  'pci.add': 'the function appears: enumeration, SR-IOV enable, hot plug',
  'pci.remove': 'the function is removed from the bus',
  'pci.link_down': 'the link below this port went down, or its slot was emptied',
  'pci.sriov_disable': 'SR-IOV is disabled on this PF: its VFs go away',
  'pci.bridge': 'a bridge announces its secondary buses; args.first, args.last',
  'pci.vf': 'the function is a VF; args.pf names its PF',
  'tsm.connect': 'tsm/connect was written: SPDM session and IDE stream come up',
  'tsm.disconnect': 'tsm/disconnect was written: the core unbinds every function, then disconnects',
  'tsm.context': 'the core made a TSM context for the function; args.dsm, args.status',
  'tsm.bind': 'pci_tsm_bind: the TDI is bound to a VM',
  'tsm.bind_driver': 'the bind of the TSM driver reached pci_tsm_tdi_constructor',
  'tsm.unbind': 'pci_tsm_unbind',
  'tsm.unbind_core': '__pci_tsm_unbind: the core unbinds the function if it is bound',
  'tsm.guest_request': 'pci_tsm_guest_req; args.scope',
  'tsm.destroy': 'pci_tsm_destroy: the core drops its TSM context',
  'tsm.doe': 'a message went through the DOE mailbox',
  'iommu.attach':
    'the device is attached to an IOMMU domain (also when detached: then to the default or a blocking one)',
  'iommu.bind': 'iommufd_device_bind',
  'iommu.unbind': 'iommufd_device_unbind',
  'iommu.attach_call': 'iommufd_device_attach',
  'iommu.detach_call': 'iommufd_device_detach',
  'iommu.map': 'an IOVA range is mapped; names no device',
  'iommu.unmap': 'an IOVA range is unmapped; names no device',
  'iommu.fault': 'the IOMMU reports a fault of the device',
  'aer.error': 'AER reports an error of the device',
  'aer.source': 'a root port reports which device sent an AER message; args.source',
  'host.platform': 'only this platform or architecture has such a record; args.mark',
  'task.exit': 'the process ends',
  call: 'a function that means nothing by itself but holds others (an ioctl, a close, a probe)',
} as const;

export type EventKind = keyof typeof EVENT_KINDS;
export type Phase = 'enter' | 'exit' | 'point';

/**
 * `ok` / `failed` come from the record (or, for a callee that only runs on success, from its presence); `unknown`: the
 * trace has no result; `void`: the function has none.
 */
export type Outcome = 'ok' | 'failed' | 'unknown' | 'void';

/** A way to tell the device. Pointers are the kernel's: valid in one capture of one boot, reused after a free. */
export type Clue =
  | { readonly type: 'bdf'; readonly bdf: Bdf }
  /** `space` separates pointers to different kinds of object: `pci` struct pci_dev, `dev` struct device, `vfio`, ... */
  | { readonly type: 'pointer'; readonly space: PointerSpace; readonly value: string };

export type PointerSpace = 'pci' | 'dev' | 'vfio' | 'idev' | 'df' | 'tdi';

/** A normalised fact about one device, not yet resolved to it. */
export interface KernelEvent {
  readonly kind: EventKind;
  readonly phase: Phase;
  readonly outcome: Outcome;
  /** Negative errno of a failed outcome, or the value returned; null where unknown. */
  readonly code: number | null;
  /** The kernel symbol or the name of the trace event; null for printk. */
  readonly symbol: string | null;
  readonly args: Readonly<Record<string, string>>;
  readonly clues: readonly Clue[];
  readonly line: number;
  readonly endLine: number;
  readonly time: Nanoseconds | null;
  readonly cpu: number | null;
  readonly task: Untrusted | null;
  readonly pid: number | null;
  readonly text: Untrusted;
  readonly truncated: boolean;
}
