import { type Act, call, said, traced } from './acts.ts';
import { DRIVERS, RMI_GRANULE, TDX_INVALID_STATE } from './drivers.ts';
import { bindActs, closeActs, unbindActs, type World } from './moves.ts';

/** Where a guest sees a device. */
const GUEST = '0000:00:1e.0';

/** What takes mappings away has KVM unmap private MMIO, which the TDX module refuses as long as the TDI is not stopped. */
const refusedUnmap = ({ bdf, platform }: World): Act[] =>
  platform === 'tdx' ? [call('tdh_mmio_unmap', bdf, { ret: TDX_INVALID_STATE })] : [];

/**
 * What a complete trace holds of a bug, where that is more than its own step: what the kernel, the driver or the firmware does then,
 * or the call that its line stands in. By rule and name of the bug.
 */
export const WHOLE: Readonly<Record<string, (world: World) => Act[]>> = {
  // vfio_pci_runtime_pm_entry(), drivers/vfio/pci/vfio_pci_core.c, with the dma-bufs of Linux 7.x
  'bar-zap-while-bound: low power is asked for': (world) => [
    call('vfio_pci_core_ioctl', world.bdf, { ret: 0, args: { cmd: '0x3b75' } }, [
      call('vfio_pci_runtime_pm_entry', world.bdf, { ret: 0 }, [
        call('vfio_pci_zap_and_down_write_memory_lock', world.bdf),
        call('vfio_pci_dma_buf_move', world.bdf, { args: { revoked: '1' } }, refusedUnmap(world)),
      ]),
    ]),
  ],
  'bar-zap-while-bound: dma-bufs revoked': (world) => [
    call('vfio_pci_dma_buf_move', world.bdf, { args: { revoked: '1' } }, refusedUnmap(world)),
  ],
  // do_exit() closes the files of the process behind its end.
  'bound-at-exit: the VMM is killed': (world) => [
    traced('sched_process_exit', `comm=qemu pid=${world.task} prio=120 group_dead=true`),
    ...closeActs(world),
  ],
  // pci_prepare_to_sleep() and pci_pm_default_resume_early(), drivers/pci
  'sleep-while-bound: suspended': ({ bdf }) => [
    said('PM: suspend entry (deep)'),
    call('pci_set_power_state', bdf, { ret: 0, args: { state: '3' } }),
    call('pci_set_power_state', bdf, { ret: 0, args: { state: '0' } }),
    said('PM: suspend exit'),
  ],
  'tdisp-request-refused: the driver says that the LOCK failed': (world) =>
    bindActs(world, -5, [
      call('tdx_tsm_bind', world.bdf, { ret: '0xfffffffffffffffb' }, [
        call('pci_tsm_tdi_constructor', world.bdf),
        call('tdh_devif_create', world.bdf, { ret: '0x0' }),
        ...(DRIVERS.tdx.refused.LOCK_INTERFACE_REQUEST?.(world.bdf) ?? []),
        said(`pci ${world.bdf}: tdx_tsm_bind fial to request bind`),
        call('tdh_devif_remove', world.bdf, { ret: '0x0' }),
      ]),
    ]),
  'unlock-before-private-mmio-unmap: the driver says that the unlock failed': (world) =>
    unbindActs(world, [
      call('cca_tsm_unbind', world.bdf, {}, [
        call('rmi_vdev_unlock', world.bdf, { ret: RMI_GRANULE }),
        said(`vfio-pci ${world.bdf}: failed to unlock vdev (-5)`),
      ]),
    ]),
  'dma-enable-before-run: refused by the firmware: not bound': () => [
    call('pci_tsm_enable_dma', GUEST, { ret: -14 }, [
      call('sev_guest_enable_dma', GUEST, { ret: -14 }, [
        said(`pci ${GUEST}: SDTE write failed with rc=0, fwerr=0x0, status=2`),
      ]),
    ]),
  ],
  'mmio-accept-before-bind: refused by the firmware: not bound': () => [
    call('pci_tsm_accept', GUEST, { ret: -14 }, [
      call('sev_guest_accept', GUEST, { ret: -14 }, [
        said(`pci ${GUEST}: MMIO validate failed with rc=0, fwerr=0x0, status=2`),
      ]),
    ]),
  ],
};
