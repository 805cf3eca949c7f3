import { expect, test } from 'vitest';
import { isConcern } from '../../src/replay/concern.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

/** Enumeration, drivers of whatever kind, links and streams, errors that the hardware reports. */
const COMMONPLACE = [
  ...(['pci.add', 'pci.bridge', 'pci.bus', 'pci.command', 'pci.enable', 'pci.disable', 'pci.set_master'] as const),
  ...(['pci.power', 'pci.link_down', 'pci.link_up', 'pci.sriov_enable', 'pci.sriov_disable'] as const),
  ...(['pci.config_write', 'pci.feature', 'pci.unreachable', 'pci.runtime_pm'] as const),
  ...(['driver.probe', 'driver.remove', 'vfio.power', 'vfio.low_power'] as const),
  ...(['ide.alloc', 'ide.setup', 'ide.keys', 'ide.enable', 'ide.disable', 'ide.teardown'] as const),
  ...(['ide.free', 'ide.state', 'ide.error', 'doe.exchange', 'doe.error'] as const),
  ...(['iommu.attach', 'iommu.fault', 'iommu.domain', 'iommu.block', 'iommu.unblock', 'iommu.error'] as const),
  ...(['iommufd.refused', 'aer.error', 'aer.source', 'aer.recovery', 'host.platform'] as const),
];

test('a device is worth a verdict for what rules look at, and not for what happens to every function', () => {
  const is = (kind: StoredEvent['kind'], args: Record<string, string> = {}) => isConcern(storedEvent(kind, { args }));
  for (const kind of [
    'tsm.bind',
    'tsm.connect',
    'vfio.open',
    'vfio.close',
    'pci.flr',
    'pci.reset',
    'pci.remove',
    'guest.lock',
  ] as const)
    expect([kind, is(kind), is(kind, { below: '1' })]).toEqual([kind, true, false]);
  for (const kind of COMMONPLACE) expect([kind, is(kind)]).toEqual([kind, false]);
});
