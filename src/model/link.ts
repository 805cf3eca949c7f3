import type { BindState } from './states.ts';

/** An operation of the host on a function: what it needs, where it leads, and what its errors tell. */
export interface LinkOperation {
  readonly surface: string;
  readonly from: readonly BindState[];
  /** null: as before. */
  readonly to: BindState | null;
  /** By errno name: what the kernel found when it refused. */
  readonly refusals: Readonly<Record<string, string>>;
  readonly note: string | null;
}

const ALL: readonly BindState[] = ['unbound', 'connected', 'bound'];

/** The host's machine of drivers/pci/tsm.c (Linux 7.x; read at f7ae6d4e). */
export const LINK_OPERATIONS = {
  connect: {
    surface: 'a write to tsm/connect',
    from: ['unbound'],
    to: 'connected',
    refusals: { EBUSY: 'it is connected already', ENXIO: 'no such link TSM, or its probe failed', EINVAL: 'bad input' },
    note: 'probes every function and VF below that is TEE capable',
  },
  disconnect: {
    surface: 'a write to tsm/disconnect',
    from: ['connected', 'bound'],
    to: 'unbound',
    refusals: { ENXIO: 'it is not connected', EINVAL: 'another TSM' },
    note: 'unbinds every function first, VFs before function 0',
  },
  bind: {
    surface: 'pci_tsm_bind()',
    from: ['connected', 'bound'],
    to: 'bound',
    refusals: { EINVAL: 'no VM, or no TSM context', ENXIO: 'no link TSM', EBUSY: 'bound to another VM' },
    note: 'the same VM again succeeds and does nothing',
  },
  unbind: {
    surface: 'pci_tsm_unbind()',
    from: ALL,
    to: 'connected',
    refusals: {},
    note: 'cannot fail; does nothing where nothing is bound',
  },
  'guest-request': {
    surface: 'pci_tsm_guest_req()',
    from: ['bound'],
    to: null,
    refusals: { EINVAL: 'a scope above STATE_CHANGE', ENXIO: 'no TSM context, no link TSM, or not bound' },
    note: 'returns the bytes that were left, or 0',
  },
} as const satisfies Record<string, LinkOperation>;

/** Scopes of pci_tsm_guest_req() by number (include/linux/pci-tsm.h). */
export const GUEST_REQUEST_SCOPES = ['INFO', 'STATE_CHANGE', 'DEBUG_READ', 'DEBUG_WRITE'];
/** The only scope that changes a state. */
export const STATE_CHANGE = 1;

/**
 * What the guest does, in its order (series "PCI/TSM: devsec", 2025-11; AMD and Arm guest series). None of it is upstream
 * yet, and a success in sysfs proves nothing about the device.
 */
export const GUEST_ORDER = [
  'lock',
  'report',
  'accept',
  'dma-enable',
  'driver-probe',
  'driver-unbind',
  'unlock',
] as const;
