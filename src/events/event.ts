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
  'vfio.low_power': 'the user asks for low power: the device is suspended once nobody uses it',
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
  'pci.bar': 'the kernel finds a BAR of the function as it enumerates it; it looks for none in a VF',
  'pci.remove': 'the function is removed from the bus',
  'pci.link_down': 'the link below this port went down, or its slot was emptied',
  'pci.sriov_disable': 'SR-IOV is disabled on this PF: its VFs go away',
  'pci.bridge': 'a bridge announces its secondary buses; args.first, args.last',
  'pci.bus':
    'a bus gets another last bus below it (args.bus, args.last), or goes away with its bridge (args.released=1)',
  'pci.vf': 'the function is a VF; args.pf names its PF',
  'pci.sriov_enable': 'SR-IOV is enabled on this PF: its VFs come',
  'pci.config_write': 'the host writes the PCI configuration space; args.position, args.value, args.width',
  'pci.power_refused': 'the function did not take the power state that it was asked for',
  'pci.unreachable': 'the function does not answer after a reset or a power change: its state is unknown',
  'pci.feature': 'the kernel changes a register that describes the function; args.register, args.to',
  'pci.link_up': 'the link below this port came up, or its slot was filled',
  'pci.runtime_pm': 'the kernel suspends or resumes the function at run time; args.op',
  'tsm.connect': 'tsm/connect was written: SPDM session and IDE stream come up',
  'tsm.disconnect': 'tsm/disconnect was written: the core unbinds every function, then disconnects',
  'tsm.context': 'the core made a TSM context for the function; args.dsm, args.status',
  'tsm.bind': 'pci_tsm_bind: the TDI is bound to a VM',
  'tsm.bind_core':
    "the TDI is bound to a VM, told by the platform's TSM driver or by what calls the core (series); inside pci_tsm_bind it is part of that one",
  'tsm.bind_driver': 'the bind of the TSM driver reached pci_tsm_tdi_constructor',
  'tsm.unbind': 'pci_tsm_unbind',
  'tsm.unbind_core':
    "the function is unbound if it is bound: inside the core (__pci_tsm_unbind), by the platform's TSM driver, or by what calls the core (series)",
  'tsm.guest_request': 'pci_tsm_guest_req; args.scope',
  'tsm.destroy': 'pci_tsm_destroy: the core drops its TSM context',
  'tsm.doe': 'a message went through the DOE mailbox',
  'tsm.register': 'a TSM offers its service',
  'tsm.unregister': 'a TSM withdraws its service: the core disconnects every device first',
  'tsm.connect_core': 'pci_tsm_connect: the core connects the function',
  'tsm.disconnect_core': '__pci_tsm_disconnect: the core unbinds every function below, then disconnects',
  'tsm.driver': "an operation of the platform's TSM driver; args.op",
  'tsm.error': 'the core or the driver of the TSM could not do its work; args.problem',
  'tdisp.lock': 'LOCK_INTERFACE is asked of the device, by the host or for the guest',
  'tdisp.start': 'START_INTERFACE is asked of the device',
  'tdisp.stop': 'STOP_INTERFACE is asked of the device',
  'tdisp.report': 'GET_DEVICE_INTERFACE_REPORT is asked of the device, or of the TSM',
  'tdisp.measurements': 'the measurements of the device are asked for',
  'tdisp.state': 'the state of the TDI is read; args.state as printed, args.state_name where its encoding is known',
  'tdisp.request': 'a TDISP request whose kind the record does not tell; args.request',
  'tdisp.refused': 'a TDISP request failed; args.request, args.status',
  'tdi.create': "the platform's object for the TDI is made (TDI context, DEVIF, VDEV)",
  'tdi.destroy': "the platform's object for the TDI is reclaimed or destroyed",
  'spdm.connect': 'an SPDM session is set up',
  'spdm.disconnect': 'the SPDM session is ended',
  'spdm.manage': 'heartbeat, key update or measurements in the SPDM session; args.op',
  'ide.alloc': 'an IDE stream is allotted',
  'ide.claim': 'the number of an IDE stream is claimed or released: as it is shown in sysfs, or found active at init',
  'ide.setup': 'the registers of an IDE stream are programmed at one port',
  'ide.keys': 'the keys of an IDE stream are programmed, refreshed or stopped; args.op',
  'ide.enable': 'an IDE stream is enabled at one port',
  'ide.disable': 'an IDE stream is disabled at one port',
  'ide.teardown': 'the registers of an IDE stream are cleared at one port',
  'ide.free': 'an IDE stream is given back',
  'ide.state': 'the state of an IDE stream at both ports; args.near, args.far',
  'ide.error': 'an IDE stream could not be set up or torn down; args.problem',
  'doe.exchange': 'a request goes through a DOE mailbox, and its response comes back; args.feature',
  'doe.error': 'a DOE mailbox is aborted, confused or dead; args.problem',
  'mmio.map': 'device memory is mapped into the private address space of a VM',
  'mmio.block': 'a private mapping of device memory is blocked before it can be taken away',
  'mmio.unmap': 'device memory is taken from the private address space of a VM',
  'mmio.accept': 'the guest accepts or validates a range of device memory',
  'mmio.share': 'device memory is made shared again; args.start, args.end',
  'dma.enable': 'trusted DMA is opened for the TDI',
  'dma.disable': 'trusted DMA is closed for the TDI',
  'fence.status': "the fence of the VM's DMA and MMIO is read",
  'fence.clear': "the fence of the VM's DMA and MMIO is taken away",
  'firmware.call': "a command to the TSM's firmware; args.command_name, args.command_means",
  'firmware.refused': "the TSM's firmware refused a command; args.command_name, args.status_name",
  'firmware.ready': "the TSM's firmware is ready, or what it is able to; args.able",
  'firmware.dead': "the TSM's firmware does not answer, or could not be set up",
  'iommu.attach':
    'the device is attached to an IOMMU domain (also when detached: then to the default or a blocking one)',
  'iommu.bind': 'iommufd_device_bind',
  'iommu.unbind': 'iommufd_device_unbind',
  'iommu.attach_call': 'iommufd_device_attach',
  'iommu.detach_call': 'iommufd_device_detach',
  'iommu.map': 'an IOVA range is mapped; names no device',
  'iommu.unmap': 'an IOVA range is unmapped; names no device',
  'iommu.fault': 'the IOMMU reports a fault of the device',
  'iommu.domain': 'the group of the device gets another IOMMU domain',
  'iommu.block': 'the device is put in the blocking domain for a reset',
  'iommu.unblock': 'the device gets its domain back after a reset',
  'iommu.error': 'the IOMMU itself failed (a command timed out); args.problem',
  'iommufd.ioctl': 'an ioctl on /dev/iommu; args.cmd_name, and the fields of its argument where a probe fetched them',
  'iommufd.close': 'a file of /dev/iommu is released: what it holds is destroyed',
  'iommufd.viommu_alloc': 'a vIOMMU is made',
  'iommufd.viommu_destroy': 'a vIOMMU is destroyed',
  'iommufd.vdevice_alloc': 'a vDEVICE is made: the device as the VM sees it',
  'iommufd.vdevice_destroy': 'a vDEVICE is destroyed; the core unbinds a TDI that is still bound (series)',
  'iommufd.object_destroy': 'an object of an iommufd is removed; args.id',
  'iommufd.tsm_op': 'iommufd binds or unbinds a vDEVICE (series)',
  'iommufd.tsm_request': "iommufd passes a guest's request on (series)",
  'iommufd.refused': 'iommufd refuses a device, or an object does not become free; args.problem',
  'dmabuf.export': 'a dma-buf is exported; args.exporter, args.ino',
  'dmabuf.attach': 'a device imports a dma-buf; args.importer',
  'dmabuf.detach': 'an importer lets go of a dma-buf',
  'dmabuf.put': 'a reference to a dma-buf is dropped',
  'vm.unmap': 'memory is unmapped from a VM: an address range of the VMM, or guest frames; names no device',
  'vm.attributes': 'guest memory becomes private or shared; names no device',
  'vm.fault': 'a VM faults on a guest address; names no device',
  'vm.exit': 'a VM leaves to its VMM or hypervisor with a call that may be a request of its TSM',
  'vm.destroy': 'a VM, or its protected memory, is torn down',
  'guest.lock': 'inside the guest: the device is to be locked',
  'guest.accept': 'inside the guest: the device is accepted into the trusted world',
  'guest.unlock': 'inside the guest: the device is to be unlocked',
  'guest.report': "inside the guest: the TDI's report is read; args.problem where it was rejected",
  'driver.probe': 'a driver is attached to the function',
  'driver.remove': 'the driver is taken from the function',
  'guest.dma': 'inside the guest: trusted DMA is opened for the device',
  'aer.error': 'AER reports an error of the device',
  'aer.source': 'a root port reports which device sent an AER message; args.source',
  'aer.recovery': 'recovery from an error: it begins, or args.result',
  'host.sleep': 'the machine goes to sleep; args.state; failed: it stays awake, and no device lost its power',
  'host.platform': 'only this platform or architecture has such a record; args.mark',
  'host.splat':
    'a WARN, BUG, KASAN report or Oops; args.type, args.at, args.functions: those of the stack that we know',
  'host.hang': 'a task has not moved for a long time',
  'host.machine_check': 'a machine check was reported',
  'syscall.ioctl': 'a process calls ioctl with a number of vfio or iommufd; args.fd, args.cmd, args.cmd_name',
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

/**
 * A way to tell the device by itself. Pointers are the kernel's: valid in one capture of one boot, reused after a free.
 * `assumed`: the record has no segment number (DMAR faults until 7.x, AMD-Vi until 2.6.3x), and 0 was put there.
 */
export type Clue =
  | { readonly type: 'bdf'; readonly bdf: Bdf; readonly assumed?: 'segment' }
  /** `space` separates pointers to different kinds of object: `pci` struct pci_dev, `dev` struct device, `vfio`, ... */
  | { readonly type: 'pointer'; readonly space: PointerSpace; readonly value: string };

export type PointerSpace = 'pci' | 'dev' | 'vfio' | 'idev' | 'df' | 'tdi';

/**
 * A name that leads to a device, a VM or a stream only through a table which other records fill. What each is worth:
 *
 * | type | names | valid in | leads to the device through |
 * |---|---|---|---|
 * | `vfio-fd` | a file of vfio (device cdev, device of a group) | the process, until close | openat of /dev/vfio/.., VFIO_GROUP_GET_DEVICE_FD |
 * | `iommufd-fd` | a file of /dev/iommu | the process, until close | openat; VFIO_DEVICE_BIND_IOMMUFD joins it with a vfio-fd |
 * | `any-fd` | a file that the record does not tell the kind of | the process, until close | as above |
 * | `iommufd-context` | struct iommufd_ctx * | until the file is released | calls that take it beside a device |
 * | `iommufd-vdevice`, `-device`, `-object` | an object id (`-object`: of any kind) | one iommufd context; reused after destruction | what made the object: its payload, or the return of iommufd_device_bind |
 * | `iommufd-ioas`, `-hwpt`, `-viommu`, `-pt` | an object id (`-pt`: ioas or hwpt) of what holds several devices | as above | the devices that were attached to it, or have a vDEVICE in it |
 * | `iommufd-pointer` | struct iommufd_object * or a struct that begins with it | until the object is freed | calls on the same pointer that name the device |
 * | `vm` | struct kvm * | until the VM is freed | pci_tsm_bind, which takes both |
 * | `guest-bdf` | bus, device, function as the VM sees it, perhaps with a segment above bit 16 | one VM | pci_tsm_bind, IOMMU_VDEVICE_ALLOC |
 * | `requester-id` | bus, device, function as a 16-bit number, perhaps with the segment above (AMD's DeviceID) | the machine | itself, once the segment is known |
 * | `stream-id` | a StreamID of an SMMU | one SMMU | a record that names the client beside it: the firmware's map (IORT) is not guessed |
 * | `ide-stream` | a number of an IDE stream | one root complex | pci_ide_stream_* calls beside it |
 * | `ide-pointer` | struct pci_ide * | until the stream is freed | pci_ide_stream_* calls, which name the port too |
 * | `tsm-object` | what the TSM's firmware or driver calls the device, the TDI or the session: an address, or its own number | until it is reclaimed | the driver's call around it |
 */
export interface Handle {
  readonly type: HandleType;
  /** As printed; never interpreted here. */
  readonly value: string;
}

export type HandleType =
  | 'vfio-fd'
  | 'iommufd-fd'
  | 'any-fd'
  | 'iommufd-context'
  | 'iommufd-ioas'
  | 'iommufd-hwpt'
  | 'iommufd-viommu'
  | 'iommufd-vdevice'
  | 'iommufd-device'
  | 'iommufd-pt'
  | 'iommufd-object'
  | 'iommufd-pointer'
  | 'vm'
  | 'guest-bdf'
  | 'requester-id'
  | 'stream-id'
  | 'ide-stream'
  | 'ide-pointer'
  | 'tsm-object';

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
  /** Names that take a table to become a device. */
  readonly handles: readonly Handle[];
  readonly line: number;
  readonly endLine: number;
  readonly time: Nanoseconds | null;
  readonly cpu: number | null;
  readonly task: Untrusted | null;
  readonly pid: number | null;
  readonly text: Untrusted;
  readonly truncated: boolean;
}
