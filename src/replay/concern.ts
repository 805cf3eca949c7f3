import type { StoredEvent } from '../timeline/rows.ts';

/** What happens to every function of a machine: it makes no device worth a verdict, not even "cannot tell". */
const COMMONPLACE: ReadonlySet<StoredEvent['kind']> = new Set([
  'pci.add',
  'pci.bar',
  'pci.bridge',
  'pci.bus',
  'pci.command',
  'pci.enable',
  'pci.disable',
  'pci.set_master',
  'pci.power',
  'pci.link_down',
  'pci.link_up',
  'pci.sriov_enable',
  'pci.sriov_disable',
  'pci.config_write',
  'pci.feature',
  'driver.probe',
  'driver.remove',
  'pci.unreachable',
  'pci.runtime_pm',
  'vfio.power',
  'vfio.low_power',
  'ide.alloc',
  'ide.claim',
  'ide.setup',
  'ide.keys',
  'ide.enable',
  'ide.disable',
  'ide.teardown',
  'ide.free',
  'ide.state',
  'ide.error',
  'doe.exchange',
  'doe.error',
  'iommu.attach',
  'iommu.fault',
  'iommu.domain',
  'iommu.block',
  'iommu.unblock',
  'iommu.error',
  'iommufd.refused',
  'aer.error',
  'aer.source',
  'aer.recovery',
  'host.platform',
]);

/** Whether an event makes a device one that rules have something to say of. */
export function isConcern(event: StoredEvent): boolean {
  return !COMMONPLACE.has(event.kind) && event.args['below'] !== '1';
}
