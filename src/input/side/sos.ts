// Of sos 5c7e63e: the plugins pci (lspci), kernel (uname -a, /proc/kallsyms) and processor; what others copy of /sys.
const COMMANDS = /(?:^|\/)sos_commands\/(?:pci\/lspci_[^/]{1,80}|kernel\/uname_-a)$/;
const COPIES = /(?:^|\/)proc\/(?:kallsyms|version)$/;
const SYS =
  /(?:^|\/)sys\/(?:bus\/pci\/devices|devices\/pci[0-9a-f:]{1,16}|kernel\/iommu_groups|class\/vfio-dev)\/(?:\S{0,400}\/)?(?:tsm\/(?:connect|bound|dsm)|vfio-dev\/vfio\d{1,5}\/dev|iommu_group|physfn|virtfn\d{1,5}|iommu_groups\/\d{1,5}\/devices\/[^/]{1,16}|vfio\d{1,5})$/;

/** Whether a file of a sos report is side data, by its path in the report: a report has tens of thousands of others. */
export function isSideDataOfSos(path: string): boolean {
  return COMMANDS.test(path) || COPIES.test(path) || SYS.test(path);
}
