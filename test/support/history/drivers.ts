import { PLATFORM_PROFILES } from '../../../src/model/platforms.ts';
import type { ContractState, Platform, TdispState } from '../../../src/model/states.ts';
import type { TdispRequest } from '../../../src/model/tdisp.ts';
import { type Act, call, said } from './acts.ts';

/**
 * How the driver of a platform does what the PCI/TSM core asks of it, as far as it can be traced: AMDESE/linux-kvm 16f379f5
 * drivers/crypto/ccp/sev-dev-tsm.c, tdx-host.c and patch 27 of 20250529053513.1592088-1-yilun.xu@linux.intel.com,
 * drivers/virt/coco/arm-cca-host/arm-cca.c (the streams as in RFC v4 of 2026-04-27). `generic`: nothing is known below the core.
 */
export interface Driver {
  connect(bdf: string): Act[];
  disconnect(bdf: string): Act[];
  /** `locks`: it leaves the interface locked; Arm's series from v7 on does not. */
  bind(bdf: string, locks: boolean): Act[];
  /** The requests of TDISP that it can send, by the name of the model; what it sends for them when they succeed. */
  readonly requests: Partial<Record<TdispRequest, (bdf: string) => Act[]>>;
  /** The same, refused because of the state of the interface. */
  readonly refused: Partial<Record<TdispRequest, (bdf: string) => Act[]>>;
  /** What the device or the firmware says of its state. */
  readBack(bdf: string, state: TdispState): Act[];
  /** By the words of the model's table of teardown. */
  readonly teardown: Readonly<Record<string, (bdf: string) => Act[]>>;
  /** The function of the driver around the teardown. */
  readonly unbind: string | null;
  /** States that it can tell. */
  readonly tells: 'truth' | 'belief' | 'nothing';
}

export const RMI_GRANULE = '0xfd80000010';
/** TDX_DEVIF_TDISP_INVALID_STATE as the code tables know it. */
export const TDX_INVALID_STATE = '0xc0000f1000000000';
/** TDX_GPA_RANGE_NOT_BLOCKED. */
export const TDX_NOT_BLOCKED = '0xc0000b0600000000';
const TDX_SPDM_REQUEST = '0xc0000f5700000000';
const OK = '0x0';

const SEV_STATES: Readonly<Record<TdispState, number>> = { unlocked: 0, locked: 1, run: 2, error: 3 };
const RMM_STATES: Readonly<Record<TdispState, number>> = { unlocked: 1, locked: 2, run: 3, error: 4 };

const sev = (symbol: string, bdf: string, ret: number | null = 0, args: Readonly<Record<string, string>> = {}) =>
  call(symbol, bdf, { ret, args });
const seam = (symbol: string, bdf: string, ret = OK, args: Readonly<Record<string, string>> = {}) =>
  call(symbol, bdf, { ret, args });
const rmi = (symbol: string, bdf: string, ret = OK) => call(symbol, bdf, { ret });
/** A message to the device was queued; this carries it out. */
const communicate = (bdf: string) => rmi('rmi_vdev_communicate', bdf);

const sevReadBack = (bdf: string, state: TdispState) => [
  sev('sev_tio_tdi_status', bdf),
  call('sev_tio_tdi_status_fin', bdf, { ret: 0, out: { state: String(SEV_STATES[state]) }, onlyReturn: true }),
];
const rmmReadBack = (bdf: string, state: TdispState) => [
  call('rmi_vdev_get_state', bdf, { ret: OK, out: { state: String(RMM_STATES[state]) }, onlyReturn: true }),
];
const sevBind = (bdf: string, run: 0 | 1, ret: number) =>
  sev('sev_tio_tdi_bind', bdf, ret, { force_run: String(run), asid: '0x5' });
const tdxRequest = (bdf: string, request: number, status = OK) =>
  call('tdx_tdi_request', bdf, { ret: status === OK ? 0 : -5, args: { req: String(request) } }, [
    seam('tdh_devif_request', bdf, status),
    ...(status === OK ? [seam('tdh_devif_response', bdf)] : []),
  ]);

export const DRIVERS: Readonly<Record<Platform, Driver>> = {
  generic: {
    connect: () => [],
    disconnect: () => [],
    bind: (bdf) => [call('pci_tsm_tdi_constructor', bdf)],
    requests: {},
    refused: {},
    readBack: () => [],
    teardown: { 'pci_tsm_unbind()': () => [], 'vfio_pci_core_disable()': () => [] },
    unbind: null,
    tells: 'nothing',
  },
  'sev-tio': {
    connect: (bdf) => [
      call('dsm_connect', bdf, { ret: 0 }, [
        sev('sev_tio_dev_create', bdf),
        call('pci_ide_stream_setup', bdf, { args: { ide: '0xffff888004009000' } }),
        // 2: the firmware wants a message to the device first, which the driver passes on before it goes on.
        sev('sev_tio_dev_connect', bdf, 2),
        sev('sev_tio_dev_connect', bdf),
        call('pci_ide_stream_enable', bdf, { ret: 0, args: { ide: '0xffff888004009000' } }),
      ]),
    ],
    disconnect: (bdf) => [
      call('dsm_disconnect', bdf, {}, [
        sev('sev_tio_dev_disconnect', bdf, 2, { force: '0' }),
        sev('sev_tio_dev_disconnect', bdf, 0, { force: '0' }),
        call('pci_ide_stream_disable', bdf, { args: { ide: '0xffff888004009000' } }),
        call('pci_ide_stream_teardown', bdf, { args: { ide: '0xffff888004009000' } }),
        sev('sev_tio_dev_reclaim', bdf),
      ]),
    ],
    bind: (bdf) => [
      call('tdi_bind', bdf, { ret: '0xffff888004002000' }, [
        call('pci_tsm_tdi_constructor', bdf),
        sev('sev_tio_tdi_create', bdf),
        sevBind(bdf, 0, 2),
        sevBind(bdf, 0, 0),
        ...sevReadBack(bdf, 'locked'),
        sev('sev_tio_tdi_report', bdf),
      ]),
    ],
    requests: {
      GET_DEVICE_INTERFACE_REPORT: (bdf) => [sev('sev_tio_tdi_report', bdf, 2), sev('sev_tio_tdi_report', bdf)],
      START_INTERFACE_REQUEST: (bdf) => [
        call('tdi_run', bdf, { ret: 0 }, [...sevReadBack(bdf, 'locked'), sevBind(bdf, 1, 2), sevBind(bdf, 1, 0)]),
      ],
      STOP_INTERFACE_REQUEST: (bdf) => [
        sev('sev_tio_tdi_unbind', bdf, 2, { force: '0' }),
        sev('sev_tio_tdi_unbind', bdf, 0, { force: '0' }),
      ],
    },
    refused: {
      START_INTERFACE_REQUEST: (bdf) => [call('tdi_run', bdf, { ret: -14 })],
      LOCK_INTERFACE_REQUEST: (bdf) => [
        call('sev_tio_tdi_bind', bdf, { ret: -5, args: { force_run: '0', asid: '0x5' } }, [
          said('ccp 0000:42:00.5: sev command 0xdc failed (0x8000003c)'),
        ]),
      ],
      GET_DEVICE_INTERFACE_REPORT: (bdf) => [
        call('sev_tio_tdi_report', bdf, { ret: -5 }, [said('ccp 0000:42:00.5: sev command 0xde failed (0x8000003c)')]),
      ],
    },
    readBack: sevReadBack,
    teardown: {
      TIO_TDI_UNBIND: (bdf) => [
        sev('sev_tio_tdi_unbind', bdf, 2, { force: '0' }),
        sev('sev_tio_tdi_unbind', bdf, 0, { force: '0' }),
      ],
      TIO_TDI_STATUS: (bdf) => sevReadBack(bdf, 'unlocked'),
      TIO_TDI_RECLAIM: (bdf) => [sev('sev_tio_tdi_reclaim', bdf, null)],
      TIO_ASID_FENCE_STATUS: (bdf) => [sev('sev_tio_asid_fence_status', bdf, 0, { asid: '0x5' })],
      TIO_ASID_FENCE_CLEAR: (bdf) => [sev('sev_tio_asid_fence_clear', bdf)],
      'make the BARs shared': (bdf) => [said(`vfio-pci ${bdf}: Sharing ${bdf} fd800000..fd81ffff`)],
    },
    unbind: 'tdi_unbind',
    tells: 'truth',
  },
  tdx: {
    connect: (bdf) => [
      call('tdx_tsm_link_connect', bdf, { ret: 0 }, [
        seam('tdh_spdm_create', bdf),
        seam('tdh_exec_spdm_connect', bdf, TDX_SPDM_REQUEST),
        seam('tdh_exec_spdm_connect', bdf),
        seam('tdh_ide_stream_create', bdf),
        call('pci_ide_stream_setup', bdf, { args: { ide: '0xffff888004009000' } }),
        seam('tdh_ide_stream_km', bdf, OK, { operation: '0' }),
        call('pci_ide_stream_enable', bdf, { ret: 0, args: { ide: '0xffff888004009000' } }),
      ]),
    ],
    disconnect: (bdf) => [
      call('tdx_tsm_link_disconnect', bdf, {}, [
        seam('tdh_ide_stream_km', bdf, OK, { operation: '2' }),
        seam('tdh_ide_stream_block', bdf),
        seam('tdh_ide_stream_delete', bdf),
        call('pci_ide_stream_disable', bdf, { args: { ide: '0xffff888004009000' } }),
        seam('tdh_exec_spdm_disconnect', bdf),
        seam('tdh_spdm_delete', bdf),
      ]),
    ],
    bind: (bdf) => [
      call('tdx_tsm_bind', bdf, { ret: '0xffff888004002000' }, [
        call('pci_tsm_tdi_constructor', bdf),
        seam('tdh_devif_create', bdf),
        tdxRequest(bdf, 1),
        seam('tdh_mmio_map', bdf),
      ]),
    ],
    requests: {
      START_INTERFACE_REQUEST: (bdf) => [tdxRequest(bdf, 2), seam('tdh_dmar_add', bdf)],
      GET_DEVICE_INTERFACE_STATE: (bdf) => [tdxRequest(bdf, 3)],
      STOP_INTERFACE_REQUEST: (bdf) => [tdxRequest(bdf, 4)],
    },
    refused: {
      LOCK_INTERFACE_REQUEST: (bdf) => [tdxRequest(bdf, 1, TDX_INVALID_STATE)],
      START_INTERFACE_REQUEST: (bdf) => [tdxRequest(bdf, 2, TDX_INVALID_STATE)],
      GET_DEVICE_INTERFACE_REPORT: (bdf) => [seam('tdh_devif_request', bdf, TDX_INVALID_STATE)],
    },
    readBack: () => [],
    teardown: {
      STOP_INTERFACE_REQUEST: (bdf) => [tdxRequest(bdf, 4)],
      'revoke the dma-bufs of the BARs': (bdf) => [
        call('vfio_pci_core_tsm_disable_mmio', bdf, {}, [
          call('vfio_pci_dma_buf_move', bdf, { args: { revoked: '1' } }),
        ]),
      ],
      'unmap private MMIO': (bdf) => [seam('tdh_mmio_block', bdf), seam('tdh_mmio_unmap', bdf)],
      'disable trusted DMA': (bdf) => [seam('tdh_dmar_block', bdf), seam('tdh_dmar_remove', bdf)],
      'free the device interface': (bdf) => [seam('tdh_devif_remove', bdf)],
      'give the dma-bufs back': (bdf) => [
        call('vfio_pci_core_tsm_recover_mmio', bdf, {}, [
          call('vfio_pci_dma_buf_move', bdf, { args: { revoked: '0' } }),
        ]),
      ],
    },
    unbind: 'tdx_tsm_unbind',
    tells: 'nothing',
  },
  cca: {
    connect: (bdf) => [
      call('cca_tsm_connect', bdf, { ret: 0 }, [
        call('pci_ide_stream_setup', bdf, { args: { ide: '0xffff888004009000' } }),
        rmi('rmi_pdev_create', bdf),
        rmi('rmi_pdev_communicate', bdf),
        rmi('rmi_pdev_set_pubkey', bdf),
        rmi('rmi_pdev_stream_connect', bdf),
        rmi('rmi_pdev_communicate', bdf),
        call('pci_ide_stream_enable', bdf, { ret: 0, args: { ide: '0xffff888004009000' } }),
      ]),
    ],
    disconnect: (bdf) => [
      call('cca_tsm_disconnect', bdf, {}, [
        rmi('rmi_pdev_stream_disconnect', bdf),
        rmi('rmi_pdev_communicate', bdf),
        rmi('rmi_pdev_stop', bdf),
        rmi('rmi_pdev_communicate', bdf),
        rmi('rmi_pdev_destroy', bdf),
        call('pci_ide_stream_disable', bdf, { args: { ide: '0xffff888004009000' } }),
        call('pci_ide_stream_teardown', bdf, { args: { ide: '0xffff888004009000' } }),
      ]),
    ],
    bind: (bdf, locks) => [
      call('cca_tsm_bind', bdf, { ret: '0xffff888004002000' }, [
        call('pci_tsm_tdi_constructor', bdf),
        call('cca_vdev_create', bdf, { ret: '0xffff888004003000' }, [
          rmi('rmi_vdev_create', bdf),
          ...(locks ? [rmi('rmi_vdev_lock', bdf), communicate(bdf), ...rmmReadBack(bdf, 'locked')] : []),
        ]),
      ]),
    ],
    requests: {
      LOCK_INTERFACE_REQUEST: (bdf) => [rmi('rmi_vdev_lock', bdf), communicate(bdf)],
      GET_DEVICE_INTERFACE_REPORT: (bdf) => [rmi('rmi_vdev_get_interface_report', bdf), communicate(bdf)],
      START_INTERFACE_REQUEST: (bdf) => [
        call('cca_vdev_device_start', bdf, { ret: 0 }, [rmi('rmi_vdev_start', bdf), communicate(bdf)]),
      ],
      STOP_INTERFACE_REQUEST: (bdf) => [rmi('rmi_rtt_dev_unmap', bdf), rmi('rmi_vdev_unlock', bdf), communicate(bdf)],
    },
    refused: {
      LOCK_INTERFACE_REQUEST: (bdf) => [rmi('rmi_vdev_lock', bdf, '0x6')],
      START_INTERFACE_REQUEST: (bdf) => [rmi('rmi_vdev_start', bdf, '0x6')],
      GET_DEVICE_INTERFACE_REPORT: (bdf) => [rmi('rmi_vdev_get_interface_report', bdf, '0x6')],
    },
    readBack: rmmReadBack,
    teardown: {
      'unmap every granule of the device': (bdf) => [rmi('rmi_rtt_dev_unmap', bdf)],
      RMI_VDEV_UNLOCK: (bdf) => [rmi('rmi_vdev_unlock', bdf), communicate(bdf)],
      RMI_VDEV_DESTROY: (bdf) => [rmi('rmi_vdev_destroy', bdf)],
    },
    unbind: 'cca_tsm_unbind',
    tells: 'belief',
  },
};

/** What the driver does inside an unbind, in the order of the model; `changed` replaces or leaves out steps by their words. */
export function teardownOf(
  platform: Platform,
  bdf: string,
  changed: (steps: readonly string[]) => readonly string[] = (steps) => steps,
): Act[] {
  const { teardown, unbind } = DRIVERS[platform];
  const inner = changed(PLATFORM_PROFILES[platform].teardown).flatMap((step) => teardown[step]?.(bdf) ?? []);
  return unbind === null ? inner : [call(unbind, bdf, {}, inner)];
}

/** What a bind leaves behind, and whether it locks. */
export function bindings(platform: Platform): readonly ContractState[] {
  return PLATFORM_PROFILES[platform].afterBind;
}
