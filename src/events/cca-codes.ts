import type { CodeTables } from './code-table.ts';

const SERIES = 'series: Arm CCA device assignment v2, 2025-11-17, and later';
const RMI = 'include/linux/arm-smccc-rmi.h, arch/arm64/include/asm/rmi_smc.h (Arm CCA device assignment trees)';

/**
 * Calls to Arm's RMM and between a Realm and its host. A VDEV operation works in two steps: the call only queues the TDISP
 * message, and RMI_VDEV_COMMUNICATE carries it out; the state has changed when the VDEV's state says so.
 */
export const CCA_CODES = {
  rmi: [
    {
      codes: [
        [0xc400_0163, 'RMI_RTT_DEV_VALIDATE', 'mmio.accept'],
        [0xc400_0174, 'RMI_PDEV_ABORT'],
        [0xc400_0175, 'RMI_PDEV_COMMUNICATE'],
        [0xc400_0176, 'RMI_PDEV_CREATE'],
        [0xc400_0177, 'RMI_PDEV_DESTROY'],
        [0xc400_0178, 'RMI_PDEV_GET_STATE'],
        [0xc400_017a, 'RMI_PDEV_STREAM_KEY_REFRESH', 'ide.keys'],
        [0xc400_017b, 'RMI_PDEV_SET_PUBKEY'],
        [0xc400_017c, 'RMI_PDEV_STOP', 'spdm.disconnect'],
        [0xc400_0185, 'RMI_VDEV_ABORT'],
        [0xc400_0186, 'RMI_VDEV_COMMUNICATE'],
        [0xc400_0187, 'RMI_VDEV_CREATE', 'tdi.create'],
        [0xc400_0188, 'RMI_VDEV_DESTROY', 'tdi.destroy'],
        [0xc400_0189, 'RMI_VDEV_GET_STATE', 'tdisp.state'],
        [0xc400_018a, 'RMI_VDEV_UNLOCK', 'tdisp.stop'],
        [0xc400_018e, 'RMI_VDEV_COMPLETE'],
        [0xc400_01d0, 'RMI_VDEV_GET_INTERFACE_REPORT', 'tdisp.report'],
        [0xc400_01d1, 'RMI_VDEV_GET_MEASUREMENTS', 'tdisp.measurements'],
        [0xc400_01d2, 'RMI_VDEV_LOCK', 'tdisp.lock'],
        [0xc400_01d3, 'RMI_VDEV_START', 'tdisp.start'],
        [0xc400_01f7, 'RMI_RTT_DEV_MAP', 'mmio.map'],
        [0xc400_01f8, 'RMI_RTT_DEV_UNMAP', 'mmio.unmap'],
        [0xc400_0204, 'RMI_PDEV_STREAM_CONNECT', 'ide.enable'],
        [0xc400_0205, 'RMI_PDEV_STREAM_DISCONNECT', 'ide.disable'],
        [0xc400_0206, 'RMI_PDEV_STREAM_COMPLETE'],
        [0xc400_0207, 'RMI_PDEV_STREAM_KEY_PURGE', 'ide.keys'],
      ],
      versions: SERIES,
      source: RMI,
    },
    {
      codes: [
        [0xc400_0172, 'RMI_RTT_DEV_MAP', 'mmio.map'],
        [0xc400_0173, 'RMI_RTT_DEV_UNMAP', 'mmio.unmap'],
      ],
      versions: 'series: Arm CCA device assignment RFC, 2025',
      source: RMI,
    },
  ],
  'rmi-status': [
    {
      mask: 0xffn,
      codes: [
        [0, 'RMI_SUCCESS'],
        [1, 'RMI_ERROR_INPUT'],
        [2, 'RMI_ERROR_REALM'],
        [3, 'RMI_ERROR_REC'],
        [4, 'RMI_ERROR_RTT'],
        [5, 'RMI_ERROR_NOT_SUPPORTED'],
        [6, 'RMI_ERROR_DEVICE'],
        [7, 'RMI_ERROR_RTT_AUX'],
        [8, 'RMI_ERROR_PSMMU_ST'],
        [9, 'RMI_ERROR_DPT'],
        [10, 'RMI_BUSY'],
        [11, 'RMI_ERROR_GLOBAL'],
        [12, 'RMI_ERROR_TRACKING'],
        [13, 'RMI_INCOMPLETE'],
        [14, 'RMI_BLOCKED'],
        [15, 'RMI_ERROR_GPT'],
        [16, 'RMI_ERROR_GRANULE'],
      ],
      versions: SERIES,
      source: 'TF-RMM 9a7f8ef4 lib/smc/include/smc-rmi.h; the index stands above bit 8',
    },
  ],
  // 0x52 and 0x53 changed places after v1, and SET_TDI_STATE was 0x52 before: the number alone does not tell.
  rhi: [
    {
      codes: [
        [0xc500_004b, 'RHI_DA_FEATURES'],
        [0xc500_004c, 'RHI_DA_OBJECT_SIZE'],
        [0xc500_004d, 'RHI_DA_OBJECT_READ'],
        [0xc500_0051, 'RHI_DA_VDEV_CONTINUE'],
        [0xc500_0052, 'RHI_DA_VDEV_GET_MEASUREMENTS', 'tdisp.measurements'],
        [0xc500_0053, 'RHI_DA_VDEV_GET_INTERFACE_REPORT', 'tdisp.report'],
        [0xc500_0054, 'RHI_DA_VDEV_SET_TDI_STATE', 'tdisp.request'],
        [0xc500_0055, 'RHI_DA_VDEV_P2P_UNBIND'],
        [0xc500_0056, 'RHI_DA_VDEV_ABORT'],
      ],
      versions: SERIES,
      source: 'arch/arm64/include/asm/rhi.h of the later trees; the ACS of Arm CCA has the same numbers',
    },
    {
      codes: [
        [0xc500_0052, 'RHI_DA_VDEV_GET_INTERFACE_REPORT', 'tdisp.report'],
        [0xc500_0053, 'RHI_DA_VDEV_GET_MEASUREMENTS', 'tdisp.measurements'],
      ],
      versions: 'series: Arm CCA device assignment v1 and v2, 2025',
      source: 'arch/arm64/include/asm/rhi.h',
    },
    {
      codes: [
        [0xc500_004d, 'RHI_DA_FEATURES'],
        [0xc500_004e, 'RHI_DA_OBJECT_SIZE'],
        [0xc500_004f, 'RHI_DA_OBJECT_READ'],
        [0xc500_0052, 'RHI_DA_VDEV_SET_TDI_STATE', 'tdisp.request'],
      ],
      versions: 'series: Arm CCA device assignment RFC, 2025-07',
      source: 'arch/arm64/include/asm/rhi.h',
    },
  ],
  'rhi-status': [
    {
      codes: [
        [0, 'RHI_DA_SUCCESS'],
        [1, 'RHI_DA_INCOMPLETE'],
        [2, 'RHI_DA_ERROR_DATA_NOT_AVAILABLE'],
        [3, 'RHI_DA_ERROR_INVALID_VDEV_ID'],
        [4, 'RHI_DA_ERROR_INVALID_OBJECT'],
        [5, 'RHI_DA_ERROR_INPUT'],
        [6, 'RHI_DA_ERROR_DEVICE'],
        [7, 'RHI_DA_ERROR_INVALID_OFFSET'],
        [8, 'RHI_DA_ERROR_ACCESS_FAILED'],
        [9, 'RHI_DA_ERROR_BUSY'],
      ],
      versions: SERIES,
      source: 'arch/arm64/include/asm/rhi.h',
    },
  ],
} as const satisfies CodeTables;
