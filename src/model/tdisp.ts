import { TDISP_STATES, type TdispState } from './states.ts';

const ANY: readonly TdispState[] = TDISP_STATES;

interface RequestRow {
  /** MessageType of the request; the response has the same without the top bit. */
  readonly code: number;
  readonly response: string;
  /** Whether every device that speaks TDISP has to answer it. */
  readonly mandatory: boolean;
  /** States in which it succeeds; in the others the answer is INVALID_INTERFACE_STATE and nothing changes. */
  readonly legal: readonly TdispState[];
  /** The state after success; null: as before. */
  readonly to: TdispState | null;
  /** Errors of its own, beside those of every request ({@link COMMON_ERRORS}) and INVALID_INTERFACE_STATE. */
  readonly errors: readonly TdispErrorName[];
}

/** TDISP_ERROR codes (libspdm `include/industry_standard/pci_tdisp.h`, 7199f344). */
export const TDISP_ERRORS = {
  INVALID_REQUEST: 0x0001,
  BUSY: 0x0003,
  INVALID_INTERFACE_STATE: 0x0004,
  UNSPECIFIED: 0x0005,
  UNSUPPORTED_REQUEST: 0x0007,
  VERSION_MISMATCH: 0x0041,
  VENDOR_SPECIFIC_ERROR: 0x00ff,
  INVALID_INTERFACE: 0x0101,
  INVALID_NONCE: 0x0102,
  INSUFFICIENT_ENTROPY: 0x0103,
  INVALID_DEVICE_CONFIGURATION: 0x0104,
} as const;

export type TdispErrorName = keyof typeof TDISP_ERRORS;

/** What may answer every request; none of them says anything about the state. */
export const COMMON_ERRORS = [
  'BUSY',
  'UNSPECIFIED',
  'VERSION_MISMATCH',
  'UNSUPPORTED_REQUEST',
  'VENDOR_SPECIFIC_ERROR',
] as const satisfies readonly TdispErrorName[];

/**
 * The TDISP machine of one interface as a table (PCIe Base 6.x chapter 11; message names and codes as in libspdm
 * `include/industry_standard/pci_tdisp.h`). A request that is illegal in a state is answered with TDISP_ERROR
 * INVALID_INTERFACE_STATE and changes nothing (tee-io-validator cases 3.2 to 3.4, 4.3, 4.4, 6.2 to 6.4).
 */
export const TDISP_REQUESTS = {
  GET_TDISP_VERSION: row(0x81, 'TDISP_VERSION', true, ANY, null),
  GET_TDISP_CAPABILITIES: row(0x82, 'TDISP_CAPABILITIES', true, ANY, null),
  LOCK_INTERFACE_REQUEST: row(0x83, 'LOCK_INTERFACE_RESPONSE', true, ['unlocked'], 'locked', [
    'INVALID_REQUEST',
    'INVALID_INTERFACE',
    'INSUFFICIENT_ENTROPY',
    'INVALID_DEVICE_CONFIGURATION',
  ]),
  GET_DEVICE_INTERFACE_REPORT: row(0x84, 'DEVICE_INTERFACE_REPORT', true, ['locked', 'run'], null, [
    'INVALID_REQUEST',
    'INVALID_INTERFACE',
  ]),
  GET_DEVICE_INTERFACE_STATE: row(0x85, 'DEVICE_INTERFACE_STATE', true, ANY, null, ['INVALID_INTERFACE']),
  START_INTERFACE_REQUEST: row(0x86, 'START_INTERFACE_RESPONSE', true, ['locked'], 'run', [
    'INVALID_INTERFACE',
    'INVALID_NONCE',
  ]),
  STOP_INTERFACE_REQUEST: row(0x87, 'STOP_INTERFACE_RESPONSE', true, ANY, 'unlocked', ['INVALID_INTERFACE']),
  BIND_P2P_STREAM_REQUEST: row(0x88, 'BIND_P2P_STREAM_RESPONSE', false, ['run'], null, [
    'INVALID_REQUEST',
    'INVALID_INTERFACE',
  ]),
  UNBIND_P2P_STREAM_REQUEST: row(0x89, 'UNBIND_P2P_STREAM_RESPONSE', false, ['run'], null, [
    'INVALID_REQUEST',
    'INVALID_INTERFACE',
  ]),
  SET_MMIO_ATTRIBUTE_REQUEST: row(0x8a, 'SET_MMIO_ATTRIBUTE_RESPONSE', false, ['run'], null, [
    'INVALID_REQUEST',
    'INVALID_INTERFACE',
  ]),
  VDM_REQUEST: row(0x8b, 'VDM_RESPONSE', false, ANY, null),
} as const satisfies Record<string, RequestRow>;

export type TdispRequest = keyof typeof TDISP_REQUESTS;

function row<To extends TdispState | null>(
  code: number,
  response: string,
  mandatory: boolean,
  legal: readonly TdispState[],
  to: To,
  errors: readonly TdispErrorName[] = [],
): RequestRow & { readonly to: To } {
  return { code, response, mandatory, legal, to, errors };
}

/** The state after a request, or null where the state does not allow it. */
export function request(state: TdispState, name: TdispRequest): TdispState | null {
  const found: RequestRow = TDISP_REQUESTS[name];
  if (!found.legal.includes(state)) return null;
  return found.to ?? state;
}

/**
 * What happens to an interface without a message. Nothing of it is answered with an error: the configuration write that
 * throws a TDI into ERROR completes normally (section 11.2.6).
 */
export const DEVICE_EVENTS = {
  /** Clearing Bus Master Enable or Memory Space Enable: the examples of section 11.2.6. */
  'command-clear': { locked: 'error', run: 'error' },
  /** Another write that affects the configuration or the security of the interface: {@link FUNCTION_REGISTERS}. */
  'config-change': { locked: 'error', run: 'error' },
  /** Function level reset; of a PF it reaches its VFs. */
  flr: { locked: 'error', run: 'error' },
  /** Hot, warm or cold reset, link down: every interface of the device. */
  'conventional-reset': { locked: 'unlocked', run: 'unlocked', error: 'unlocked' },
  /** A power state in which the function loses its state. */
  'power-loss': { locked: 'error', run: 'error' },
  /** VF Enable or the number of VFs changes on the PF. */
  'sriov-change': { locked: 'error', run: 'error' },
  /** The requester id or the segment changes: the bus is renumbered. */
  'requester-id-change': { locked: 'error', run: 'error' },
  /** An IDE stream that the interface is bound to becomes insecure. */
  'stream-insecure': { locked: 'error', run: 'error' },
  /** The SPDM session over which the interface was locked ends, whatever ends it. */
  'session-end': { locked: 'error', run: 'error' },
  /** A poisoned TLP, a completion error or a data integrity error that the device cannot recover from. */
  'unrecovered-error': { locked: 'error', run: 'error' },
  /** The device fails inside, or its firmware is changed against its will. */
  'device-failure': { locked: 'error', run: 'error' },
  /** A device may scrub itself and leave ERROR without being asked. */
  'self-scrub': { error: 'unlocked' },
} as const satisfies Record<string, Partial<Record<TdispState, TdispState>>>;

export type DeviceEvent = keyof typeof DEVICE_EVENTS;

/** The state of the interface after an event that needs no message. */
export function deviceEvent(state: TdispState, event: DeviceEvent): TdispState {
  const found: Partial<Record<TdispState, TdispState>> = DEVICE_EVENTS[event];
  return found[state] ?? state;
}

/** Flags of LOCK_INTERFACE_REQUEST by bit (libspdm `pci_tdisp.h`). */
export const LOCK_FLAGS = ['NO_FW_UPDATE', 'SYSTEM_CACHE_LINE_SIZE', 'LOCK_MSIX', 'BIND_P2P', 'ALL_REQUEST_REDIRECT'];

/** INTERFACE_INFO of the device interface report by bit (libspdm `pci_tdisp.h`; bits 3 and 4 say enabled, not supported). */
export const REPORT_FLAGS = ['NO_FW_UPDATE', 'DMA_WITHOUT_PASID', 'DMA_WITH_PASID', 'ATS_ENABLED', 'PRS_ENABLED'];
