import type { CodeTables } from './code-table.ts';

/**
 * How others number the states of a TDI. Names are ours where the state is one of TDISP's, else those of the source. A name
 * says what the printing side believes: only TDISP's own answer is the device's.
 */
export const TDISP_STATE_CODES = {
  /** The device's answer, Intel's module, AMD's firmware (TIO_TDI_STATUS) and the RSI of the RMM. */
  'state.tdisp': [
    {
      codes: [
        [0, 'unlocked'],
        [1, 'locked'],
        [2, 'run'],
        [3, 'error'],
      ],
      versions: '6.19-',
      source: 'TDISP; AMDESE/linux-kvm 16f379f5 enum tsm_tdisp_state; DMTF/libspdm 7199f344 pci_tdisp.h',
    },
  ],
  /** AMD's series of 2025-02 put UNAVAIL in front. */
  'state.tsm-rfc': [
    {
      codes: [
        [0, 'unavailable'],
        [1, 'unlocked'],
        [2, 'locked'],
        [3, 'run'],
        [4, 'error'],
      ],
      versions: 'series: 20250218111017.491719-1-aik@amd.com',
      source: 'enum tsm_tdisp_state, include/linux/tsm.h of that series',
    },
  ],
  /** RMI_VDEV_GET_STATE: what the RMM believes. */
  'state.rmm-vdev': [
    {
      codes: [
        [0, 'new'],
        [1, 'unlocked'],
        [2, 'locked'],
        [3, 'run'],
        [4, 'error'],
        [5, 'key refresh'],
        [6, 'key purge'],
      ],
      versions: 'series: Arm CCA device assignment v2, 2025-11-17, to RMM 2.0',
      source: 'TF-RMM 9a7f8ef4 lib/smc/include/smc-rmi.h',
    },
  ],
  /** What a Realm asks its host for; there is no ERROR to ask for. */
  'state.rhi-da': [
    {
      codes: [
        [0, 'unlocked'],
        [1, 'locked'],
        [2, 'run'],
      ],
      versions: 'series: Arm CCA device assignment v2, 2025-11-17',
      source: 'RHI_DA_TDI_CONFIG_* of arch/arm64/include/asm/rhi.h',
    },
  ],
  /** RMI_PDEV_GET_STATE. 4 and more moved between RMM 1.0 and 2.0: the record does not tell which it is. */
  'state.rmm-pdev': [
    {
      codes: [
        [0, 'new'],
        [1, 'needs key'],
        [2, 'has key'],
        [3, 'ready'],
        [4, 'stopped'],
        [5, 'error'],
      ],
      versions: 'series: RMM 2.0',
      source: 'TF-RMM 9a7f8ef4 lib/smc/include/smc-rmi.h',
    },
    {
      codes: [
        [0, 'new'],
        [1, 'needs key'],
        [2, 'has key'],
        [3, 'ready'],
        [4, 'IDE resetting'],
        [5, 'communicating'],
        [6, 'stopping'],
        [7, 'stopped'],
        [8, 'error'],
      ],
      versions: 'series: RMM 1.0',
      source: 'arch/arm64/include/asm/rmi_smc.h of the Arm CCA device assignment RFC',
    },
  ],
  /** Of the guest's TDI_INFO: no state of TDISP. */
  'state.amd-tdi-info': [
    {
      codes: [
        [0, 'bound'],
        [1, 'invalid'],
        [2, 'unbound'],
      ],
      versions: 'series: AMDESE/linux-kvm 16f379f5',
      source: 'TDI_INFO of the SEV-TIO guest messages',
    },
  ],
} as const satisfies CodeTables;
