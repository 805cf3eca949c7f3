import type { TdispState } from './states.ts';

/**
 * The TDISP machine of one interface as a table (PCIe Base 6.x chapter 11; message names and codes as in libspdm
 * `include/industry_standard/pci_tdisp.h`). A request that is illegal in a state is answered with TDISP_ERROR
 * INVALID_INTERFACE_STATE and changes nothing (tee-io-validator cases 3.2 to 3.4, 4.3, 4.4, 6.2 to 6.4).
 */
export const TDISP_REQUESTS = {
  GET_TDISP_VERSION: { code: 0x81, legal: ['unlocked', 'locked', 'run', 'error'], to: null },
  GET_TDISP_CAPABILITIES: { code: 0x82, legal: ['unlocked', 'locked', 'run', 'error'], to: null },
  LOCK_INTERFACE_REQUEST: { code: 0x83, legal: ['unlocked'], to: 'locked' },
  GET_DEVICE_INTERFACE_REPORT: { code: 0x84, legal: ['locked', 'run'], to: null },
  GET_DEVICE_INTERFACE_STATE: { code: 0x85, legal: ['unlocked', 'locked', 'run', 'error'], to: null },
  START_INTERFACE_REQUEST: { code: 0x86, legal: ['locked'], to: 'run' },
  STOP_INTERFACE_REQUEST: { code: 0x87, legal: ['unlocked', 'locked', 'run', 'error'], to: 'unlocked' },
  BIND_P2P_STREAM_REQUEST: { code: 0x88, legal: ['run'], to: null },
  UNBIND_P2P_STREAM_REQUEST: { code: 0x89, legal: ['run'], to: null },
  SET_MMIO_ATTRIBUTE_REQUEST: { code: 0x8a, legal: ['run'], to: null },
  VDM_REQUEST: { code: 0x8b, legal: ['unlocked', 'locked', 'run', 'error'], to: null },
} as const satisfies Record<string, { code: number; legal: readonly TdispState[]; to: TdispState | null }>;

export type TdispRequest = keyof typeof TDISP_REQUESTS;

/** The state after a request, or null where the state does not allow it. */
export function request(state: TdispState, name: TdispRequest): TdispState | null {
  const row: { readonly legal: readonly TdispState[]; readonly to: TdispState | null } = TDISP_REQUESTS[name];
  if (!row.legal.includes(state)) return null;
  return row.to ?? state;
}

/**
 * What happens to an interface without a message. Nothing of it is answered with an error: the configuration write that
 * throws a TDI into ERROR completes normally (section 11.2.6).
 */
export const DEVICE_EVENTS = {
  /** Clearing Bus Master Enable or Memory Space Enable: the examples of section 11.2.6. */
  'command-clear': { locked: 'error', run: 'error' },
  /** Function level reset; of a PF it reaches its VFs. */
  flr: { locked: 'error', run: 'error' },
  /** Hot, warm or cold reset, link down: every interface of the device. */
  'conventional-reset': { locked: 'unlocked', run: 'unlocked', error: 'unlocked' },
  /** A power state in which the function loses its state. */
  'power-loss': { locked: 'error', run: 'error' },
  /** VF Enable or the number of VFs changes on the PF. */
  'sriov-change': { locked: 'error', run: 'error' },
} as const satisfies Record<string, Partial<Record<TdispState, TdispState>>>;

export type DeviceEvent = keyof typeof DEVICE_EVENTS;

/** The state of the interface after an event that needs no message. */
export function deviceEvent(state: TdispState, event: DeviceEvent): TdispState {
  const row: Partial<Record<TdispState, TdispState>> = DEVICE_EVENTS[event];
  return row[state] ?? state;
}
