/** The state of one IDE stream. `blocked`: the TDX module holds it back, which lets private MMIO be unmapped. */
export const STREAM_STATES = ['insecure', 'secure', 'blocked'] as const;
export type StreamState = (typeof STREAM_STATES)[number];

/** IDE_KM object ids (libspdm pci_idekm.h, 7199f344). */
export const IDE_KM_MESSAGES = {
  QUERY: 0x00,
  QUERY_RESP: 0x01,
  KEY_PROG: 0x02,
  KP_ACK: 0x03,
  K_SET_GO: 0x04,
  K_SET_STOP: 0x05,
  K_SET_GOSTOP_ACK: 0x06,
} as const;

/** Status of KP_ACK by number (libspdm pci_idekm.h). */
export const KP_ACK_STATUS = [
  'success',
  'incorrect length',
  'unsupported port index',
  'unsupported value',
  'unspecified failure',
];

/**
 * What moves a stream. It is secure once every sub-stream and direction was started on both ports and it is enabled; a
 * refresh of its keys over the same session leaves it so.
 */
export const STREAM_EVENTS = {
  'keys-started-and-enabled': { insecure: 'secure' },
  'key-refresh': {},
  'key-set-stop': { secure: 'insecure' },
  'session-end': { secure: 'insecure', blocked: 'insecure' },
  'enable-cleared': { secure: 'insecure', blocked: 'insecure' },
  'link-down': { secure: 'insecure', blocked: 'insecure' },
  'integrity-failure': { secure: 'insecure' },
  'root-port-change': { secure: 'insecure' },
  /** TDH.IDE.STREAM.BLOCK. */
  block: { secure: 'blocked' },
} as const satisfies Record<string, Partial<Record<StreamState, StreamState>>>;

export type StreamEvent = keyof typeof STREAM_EVENTS;

/** The state of a stream after an event. */
export function streamEvent(state: StreamState, event: StreamEvent): StreamState {
  const found: Partial<Record<StreamState, StreamState>> = STREAM_EVENTS[event];
  return found[state] ?? state;
}

/** What has to have happened, in this order, before LOCK_INTERFACE_REQUEST can succeed; all of it over one SPDM session. */
export const ORDER_BEFORE_LOCK = [
  'SPDM GET_VERSION',
  'SPDM GET_CAPABILITIES',
  'SPDM NEGOTIATE_ALGORITHMS',
  'SPDM GET_DIGESTS and GET_CERTIFICATE',
  'SPDM KEY_EXCHANGE',
  'SPDM FINISH',
  'IDE_KM QUERY',
  'IDE_KM KEY_PROG for every sub-stream and direction',
  'IDE_KM K_SET_GO, receive before transmit',
  'the stream is secure on both ports',
  'TDISP GET_TDISP_VERSION',
  'TDISP GET_TDISP_CAPABILITIES',
] as const;
