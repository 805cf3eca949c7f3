const OF_PCI_DEV = 'dev->dev.kobj.name';
const OF_PDEV = 'pdev->dev.kobj.name';
const OF_VDEV = 'vdev->pdev->dev.kobj.name';
const OF_DEVICE = 'dev->kobj.name';

const bdf = (path: string, rest = ''): string => `bdf=${path}:string${rest}`;

/**
 * What a probe on the entry of a function fetches, by the names that its arguments have in the kernel (drivers/pci, drivers/vfio,
 * drivers/iommu, virt/kvm, 6.19 and 7.1; the guest's from the devsec series): the BDF wherever the function has it.
 */
const FETCHES: Readonly<Record<string, string>> = {
  connect_store: bdf(OF_DEVICE),
  disconnect_store: bdf(OF_DEVICE),
  __pci_tsm_disconnect: bdf(OF_PDEV),
  pci_tsm_unregister: '',
  pci_tsm_bind: bdf(OF_PDEV, ' kvm=kvm:x64 tdi_id=tdi_id:x32'),
  pci_tsm_unbind: bdf(OF_PDEV),
  __pci_tsm_unbind: bdf(OF_PDEV),
  iommufd_vdevice_destroy: 'obj=obj:x64 id=obj->id:u32',
  kvm_destroy_vm: 'kvm=kvm:x64',
  pci_tsm_guest_req: bdf(OF_PDEV, ' scope=scope:u32'),
  pci_tsm_lock: bdf(OF_PDEV),
  pci_tsm_accept: bdf(OF_PDEV),
  pci_tsm_unlock: bdf(OF_PDEV),
  pci_tsm_enable_dma: bdf(OF_PDEV),
  pci_device_probe: bdf(OF_DEVICE),
  vfio_basic_config_write: bdf(OF_VDEV, ' pos=pos:x32 count=count:s32 off=offset:x32 val=val:x32'),
  pci_clear_master: bdf(OF_PCI_DEV),
  pci_set_master: bdf(OF_PCI_DEV),
  pci_user_write_config_word: bdf(OF_PCI_DEV, ' pos=pos:x32 val=val:x16'),
  __pci_reset_function_locked: bdf(OF_PCI_DEV),
  pcie_flr: bdf(OF_PCI_DEV),
  pci_af_flr: bdf(OF_PCI_DEV),
  pci_bridge_secondary_bus_reset: bdf(OF_PCI_DEV),
  pci_reset_bus: bdf(OF_PDEV),
  pci_set_power_state: bdf(OF_PCI_DEV, ' state=state:s32'),
  vfio_pci_set_power_state: bdf(OF_VDEV, ' state=state:s32'),
  vfio_pci_zap_and_down_write_memory_lock: bdf(OF_VDEV),
  vfio_pci_zap_bars: bdf(OF_VDEV),
  vfio_pci_dma_buf_move: bdf(OF_VDEV, ' revoked=revoked:u8'),
  vfio_pci_dma_buf_cleanup: bdf(OF_VDEV),
  pci_ide_stream_enable: bdf(OF_PDEV, ' ide=ide:x64'),
  pci_ide_stream_disable: bdf(OF_PDEV, ' ide=ide:x64'),
  vfio_pci_core_enable: bdf(OF_VDEV),
  vfio_pci_core_close_device: 'dev=core_vdev->dev->kobj.name:string',
  vfio_pci_core_disable: bdf(OF_VDEV),
  vfio_pci_core_unregister_device: bdf(OF_VDEV),
  pci_stop_and_remove_bus_device: bdf(OF_PCI_DEV),
  pci_enable_sriov: bdf(OF_PCI_DEV),
  pci_disable_sriov: bdf(OF_PCI_DEV),
};

/** Functions whose return counts, too: what they returned, or that they ended. */
const RETURNS: Readonly<Record<string, string>> = {
  pci_tsm_bind: bdf(OF_PDEV, ' ret=$retval:s32'),
  pci_tsm_guest_req: bdf(OF_PDEV, ' ret=$retval:s64'),
  pci_tsm_lock: bdf(OF_PDEV, ' ret=$retval:s32'),
  pci_tsm_accept: bdf(OF_PDEV, ' ret=$retval:s32'),
  connect_store: bdf(OF_DEVICE, ' ret=$retval:s64'),
  pci_ide_stream_enable: bdf(OF_PDEV, ' ret=$retval:s32'),
  pci_enable_sriov: bdf(OF_PCI_DEV, ' ret=$retval:s32'),
  // Its VFs go between the call and its end.
  pci_disable_sriov: bdf(OF_PCI_DEV),
  // Whether an unbind came inside them, or after.
  vfio_basic_config_write: bdf(OF_VDEV, ' ret=$retval:s32'),
  vfio_pci_core_disable: bdf(OF_VDEV),
  // What was removed is freed by then: there is nothing to fetch.
  pci_stop_and_remove_bus_device: '',
};

/** Tracepoints of the kernel, with the folder that turns them on. */
const TRACEPOINTS: Readonly<Record<string, string>> = { sched_process_exit: 'events/sched/sched_process_exit' };

/**
 * Lines for a root shell in /sys/kernel/tracing that record these functions, and fetch the BDF where they can; none for what is
 * recorded otherwise.
 */
export function probeLines(functions: readonly string[]): string[] {
  const lines = functions.flatMap((name) => {
    const [fetch, returned] = [FETCHES[name], RETURNS[name]];
    return [
      ...(fetch === undefined ? [] : [probe(`f:tdi/${name} ${name} ${fetch}`)]),
      ...(returned === undefined ? [] : [probe(`f:tdi/${name}_ret ${name}%return ${returned}`)]),
    ];
  });
  const on = functions.flatMap((name) => TRACEPOINTS[name] ?? []);
  return [...lines, ...(lines.length > 0 ? ['events/tdi', ...on] : on).map((folder) => `echo 1 > ${folder}/enable`)];
}

function probe(definition: string): string {
  return `echo '${definition.trimEnd()}' >> dynamic_events`;
}
