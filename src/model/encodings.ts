import type { TdispState } from './states.ts';

/**
 * What a number for the state of an interface means: the same one means different states in different sources, so that it
 * is never read without saying whose it is. `truth` is what the device was asked; `belief` is what a firmware remembers, and
 * does not know of a device that fell to ERROR on its own.
 */
export interface StateEncoding {
  readonly whose: string;
  readonly kind: 'truth' | 'belief';
  /** By number. null: a value that is no TDISP state. */
  readonly states: readonly (TdispState | null)[];
  /** Names that the source itself gives to the numbers. */
  readonly names: readonly string[];
  readonly source: string;
}

export const STATE_ENCODINGS = {
  tdisp: {
    whose: 'DEVICE_INTERFACE_STATE',
    kind: 'truth',
    states: ['unlocked', 'locked', 'run', 'error'],
    names: ['CONFIG_UNLOCKED', 'CONFIG_LOCKED', 'RUN', 'ERROR'],
    source: 'libspdm pci_tdisp.h (7199f344); Intel TDX module tdisp_state_e',
  },
  'sev-tio': {
    whose: 'TIO_TDI_STATUS tdisp_state',
    kind: 'truth',
    states: ['unlocked', 'locked', 'run', 'error'],
    names: ['CONFIG_UNLOCKED', 'CONFIG_LOCKED', 'RUN', 'ERROR'],
    source: 'AMDESE/linux-kvm 16f379f5, drivers/crypto/ccp/sev-dev-tio.h',
  },
  'sev-tio-rfc-2025-02': {
    whose: 'enum tsm_tdisp_state of the first AMD series',
    kind: 'truth',
    states: [null, 'unlocked', 'locked', 'run', 'error'],
    names: ['UNAVAIL', 'CONFIG_UNLOCKED', 'CONFIG_LOCKED', 'RUN', 'ERROR'],
    source: 'series 20250218111017.491719, 2025-02',
  },
  rmi: {
    whose: 'RMI_VDEV_GET_STATE',
    kind: 'belief',
    states: [null, 'unlocked', 'locked', 'run', 'error', null, null],
    names: ['NEW', 'UNLOCKED', 'LOCKED', 'STARTED', 'ERROR', 'KEY_REFRESH', 'KEY_PURGE'],
    source: 'TF-RMM 9a7f8ef4, lib/smc/include/smc-rmi.h',
  },
  rsi: {
    whose: 'RSI_VDEV_GET_INFO',
    kind: 'belief',
    // A NEW device is told as UNLOCKED, one whose keys are being changed as STARTED.
    states: ['unlocked', 'locked', 'run', 'error'],
    names: ['UNLOCKED', 'LOCKED', 'STARTED', 'ERROR'],
    source: 'TF-RMM 9a7f8ef4, runtime/rsi/vdev.c',
  },
  rhi: {
    whose: 'RHI_DA TDI state',
    kind: 'belief',
    states: ['unlocked', 'locked', 'run'],
    names: ['CONFIG_UNLOCKED', 'CONFIG_LOCKED', 'RUN'],
    source: 'Arm CCA guest series v2, 2025-11-17',
  },
  openvmm: {
    whose: 'TdispTdiState of OpenVMM',
    kind: 'belief',
    states: [null, 'unlocked', 'locked', 'run'],
    names: ['UNINITIALIZED', 'UNLOCKED', 'LOCKED', 'RUN'],
    source: 'microsoft/openvmm 1488a37b, vm/devices/tdisp_proto',
  },
} as const satisfies Record<string, StateEncoding>;

export type EncodingId = keyof typeof STATE_ENCODINGS;

/** The TDISP state that `value` stands for in this source; null where it is none, or the source has no such number. */
export function decodeState(encoding: EncodingId, value: number): TdispState | null {
  const states: readonly (TdispState | null)[] = STATE_ENCODINGS[encoding].states;
  return states[value] ?? null;
}
