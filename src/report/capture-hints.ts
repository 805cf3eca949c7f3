import type { EventClass } from '../model/states.ts';

/** What recording a class takes: functions for the tracer, or a sentence where functions are not the way. */
interface CaptureHint {
  readonly records: string;
  readonly functions: readonly string[];
  /** Functions of the guest's kernel: they take a capture inside the guest. */
  readonly inGuest?: readonly string[];
  readonly note?: string;
}

/**
 * How to record each class of events on Linux 6.19 and later. The functions are those of the mainline core and of vfio-pci;
 * `pci_tsm_*` print nothing and have no tracepoints, so that a function or dynamic probe is the only way to see them.
 */
export const CAPTURE_HINTS: Readonly<Record<EventClass, CaptureHint>> = {
  start: {
    records: 'the state at the beginning',
    functions: [],
    note: 'start the capture before the device is first used and say --from-boot',
  },
  link: {
    records: 'TSM connect and disconnect',
    // drivers/pci/tsm.c (6.19)
    functions: ['connect_store', 'disconnect_store', '__pci_tsm_disconnect', 'pci_tsm_unregister'],
  },
  bind: {
    records: 'TSM bind and unbind, and the end of what is bound to',
    functions: [
      'pci_tsm_bind',
      'pci_tsm_unbind',
      '__pci_tsm_unbind',
      // drivers/iommu/iommufd/viommu.c (6.13-), virt/kvm/kvm_main.c
      'iommufd_vdevice_destroy',
      'kvm_destroy_vm',
    ],
  },
  'guest-request': {
    records: 'what the guest asks the TSM: lock, start, stop',
    functions: ['pci_tsm_guest_req'],
    // drivers/pci/tsm/core.c of the devsec series (2025-2026), drivers/pci/pci-driver.c
    inGuest: ['pci_tsm_lock', 'pci_tsm_accept', 'pci_tsm_unlock', 'pci_device_probe'],
  },
  doe: { records: 'DOE exchanges', functions: ['pci_doe'] },
  'config-write': {
    records: 'writes to COMMAND and other registers',
    functions: ['vfio_basic_config_write', 'pci_clear_master', 'pci_set_master', 'pci_user_write_config_word'],
  },
  reset: {
    records: 'resets of every kind',
    functions: [
      '__pci_reset_function_locked',
      'pcie_flr',
      'pci_af_flr',
      'pci_bridge_secondary_bus_reset',
      'pci_reset_bus',
    ],
  },
  power: {
    records: 'power state changes',
    functions: ['pci_set_power_state', 'vfio_pci_set_power_state'],
    note: 'keep the kernel log: it says when the machine goes to sleep',
  },
  mmio: {
    records: 'zapping and revoking the BAR mappings',
    functions: [
      'vfio_pci_zap_and_down_write_memory_lock',
      'vfio_pci_zap_bars',
      'vfio_pci_dma_buf_move',
      'vfio_pci_dma_buf_cleanup',
    ],
  },
  iommu: {
    records: 'attaching to IOMMU domains, and their faults',
    functions: ['iommufd_device_bind', 'iommufd_device_unbind'],
    note: 'and the events iommu:attach_device_to_domain, iommu:io_page_fault',
  },
  'dma-gate': {
    records: 'opening trusted DMA',
    functions: [],
    inGuest: ['pci_tsm_enable_dma'],
    note: "on the host probe the platform's TSM driver where it enables DMA for the TDI",
  },
  ide: { records: 'IDE streams', functions: ['pci_ide_stream_enable', 'pci_ide_stream_disable'] },
  driver: {
    records: 'vfio opening, closing and losing the device',
    functions: [
      'vfio_pci_core_enable',
      'vfio_pci_core_close_device',
      'vfio_pci_core_disable',
      'vfio_pci_core_unregister_device',
      // A tracepoint (events/sched), for the end of a process that holds a device.
      'sched_process_exit',
    ],
  },
  hotplug: {
    records: 'removal, hot plug, SR-IOV',
    functions: ['pci_stop_and_remove_bus_device', 'pci_enable_sriov', 'pci_disable_sriov'],
    note: 'keep the kernel log: pciehp says there when a slot or its link goes',
  },
  firmware: {
    records: "the TSM firmware's answers",
    functions: [],
    note:
      "record the return values of the platform's TSM driver (Intel: tdx_tsm_bind, tdx_tdi_request; AMD: __sev_do_cmd_locked; Arm, " +
      'in the guest: rhi_da_vdev_set_tdi_state), and its printk messages',
  },
};
