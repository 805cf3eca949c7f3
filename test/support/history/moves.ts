import type { StreamEvent } from '../../../src/model/ide.ts';
import { LINK_OPERATIONS } from '../../../src/model/link.ts';
import { FUNCTION_REGISTERS, type RegisterClass } from '../../../src/model/registers.ts';
import type { Platform, TdiState } from '../../../src/model/states.ts';
import {
  afterDeviceEvent,
  BOUND_LOCKED,
  BOUND_RUN,
  BOUND_UNLOCKED,
  CONNECTED,
  UNBOUND,
} from '../../../src/model/tdi.ts';
import { DEVICE_EVENTS, type DeviceEvent, request, type TdispRequest } from '../../../src/model/tdisp.ts';
import { type Act, call, said, traced } from './acts.ts';
import { DRIVERS, teardownOf } from './drivers.ts';

/** A function, what is around it, and what the model says that it is in. */
export interface World {
  readonly platform: Platform;
  readonly bdf: string;
  /** The PF where it is a VF; else itself. */
  readonly pf: string;
  readonly port: string;
  readonly isVf: boolean;
  readonly vm: string;
  /** Whether the driver below the core is traced. */
  readonly deep: boolean;
  /** Whether the bind of this revision leaves the interface locked. */
  readonly bindLocks: boolean;
  readonly state: TdiState;
  /** The log tells the contract: it does not where a bind may have locked the interface, and did not. */
  readonly told: boolean;
  readonly open: boolean;
  readonly master: boolean;
  readonly memory: boolean;
  /** What the VMM keeps for the VM beside the device. */
  readonly vdevice: boolean;
  readonly task: number;
  /** No other function of the machine is told of. */
  readonly alone: boolean;
  /** It keeps its state in D3hot, as lspci shows. */
  readonly keepsState?: boolean;
  /** Another function was at its address before. */
  readonly replaced?: true;
}

/**
 * What somebody can do to a function. Whether it may be done now, and where it leads, is what the model says of its `rows`; `only`
 * adds what the model does not know, such as that a device that is not open is not written to.
 */
export interface Move {
  readonly name: string;
  /** What it stands for in the tables of the model. */
  readonly rows: readonly Row[];
  readonly only?: (world: World) => boolean;
  readonly acts: (world: World) => Act[];
  /** What changes beside the state. */
  readonly leaves?: (world: World) => Partial<World>;
  /** By whom: the administrator instead of the VMM. */
  readonly admin?: true;
  /** How often, against 1. */
  readonly weight?: number;
}

export type Row =
  | { readonly link: keyof typeof LINK_OPERATIONS }
  | { readonly tdisp: TdispRequest }
  | { readonly device: DeviceEvent }
  | { readonly stream: StreamEvent }
  | { readonly register: RegisterClass };

/** Whether the model allows it: every message is legal in the state, and nothing throws an interface out of it. */
export function isLegal(move: Move, world: World): boolean {
  return (move.only?.(world) ?? true) && move.rows.every((row) => allows(row, world.state) && isTold(row, world));
}

/** What would be harmful after a bind that locks is left alone after one that may have done so, as far as the log tells. */
function isTold(row: Row, { told, state }: World): boolean {
  return told || state.bind !== 'bound' || 'link' in row || 'tdisp' in row || allows(row, BOUND_LOCKED);
}

function allows(row: Row, state: TdiState): boolean {
  if ('link' in row) return LINK_OPERATIONS[row.link].from.some((bind) => bind === state.bind);
  if ('tdisp' in row) return request(state.device, row.tdisp) !== null;
  if ('device' in row)
    return afterDeviceEvent(state, row.device) === state || same(afterDeviceEvent(state, row.device), state);
  // A stream that fails takes every interface that was locked over it with it.
  if ('stream' in row) return row.stream === 'key-refresh' || same(afterDeviceEvent(state, 'stream-insecure'), state);
  return row.register.effect === 'allowed' || same(afterDeviceEvent(state, 'config-change'), state);
}

function same(a: TdiState, b: TdiState): boolean {
  return a.bind === b.bind && a.contract === b.contract && a.device === b.device;
}

/** The world after a legal move. */
export function after(move: Move, world: World): World {
  let now: World = { ...world, ...move.leaves?.(world) };
  for (const row of move.rows) now = { ...now, state: next(row, now), told: tells(row, now) };
  return now;
}

function tells(row: Row, { state, bindLocks, told }: World): boolean {
  if ('link' in row && row.link === 'bind' && state.bind !== 'bound') return bindLocks;
  return told || ('tdisp' in row && row.tdisp !== 'GET_DEVICE_INTERFACE_REPORT');
}

function next(row: Row, { state, bindLocks }: World): TdiState {
  if ('link' in row) {
    if (row.link === 'bind') return state.bind === 'bound' ? state : bindLocks ? BOUND_LOCKED : BOUND_UNLOCKED;
    if (row.link === 'unbind') return state.bind === 'bound' ? CONNECTED : state;
    const { to } = LINK_OPERATIONS[row.link];
    return to === null ? state : to === 'unbound' ? UNBOUND : CONNECTED;
  }
  if ('tdisp' in row) {
    const to = request(state.device, row.tdisp);
    if (to === null || to === state.device) return state;
    return to === 'locked' ? BOUND_LOCKED : to === 'run' ? BOUND_RUN : BOUND_UNLOCKED;
  }
  return 'device' in row ? afterDeviceEvent(state, row.device) : state;
}

export const ADMIN = 63;

const isOpen = ({ open }: World) => open;
const isBound = ({ state }: World) => state.bind === 'bound';
const isFree = ({ state, open }: World) => state.bind !== 'bound' && !open;

const write = (bdf: string, value: string, inner: readonly Act[] = []): Act =>
  call('vfio_basic_config_write', bdf, { ret: 2, args: { pos: '0x4', count: '2', off: '0x4', val: value } }, inner);
const zap = (bdf: string) => call('vfio_pci_zap_and_down_write_memory_lock', bdf);
const ZAPS_LOCKED: ReadonlySet<Platform> = new Set(['generic', 'cca']);
const COMMAND = (master: boolean, memory: boolean) => `0x10${1 + (memory ? 2 : 0) + (master ? 4 : 0)}`;

/** A function reset with all that is around it. */
const flr = (bdf: string): Act[] => [
  said(`vfio-pci ${bdf}: resetting`),
  call('__pci_reset_function_locked', bdf, { ret: 0 }, [
    said(`vfio-pci ${bdf}: reset via flr`),
    call('pcie_flr', bdf, { ret: 0 }),
  ]),
  said(`vfio-pci ${bdf}: reset done`),
];
const clearMaster = ({ bdf, master }: World): Act[] => [
  call('pci_clear_master', bdf, {}, master ? [said(`vfio-pci ${bdf}: disabling bus mastering`)] : []),
];
const request_ = (bdf: string, scope: number, ret: number, inner: readonly Act[] = []) =>
  call('pci_tsm_guest_req', bdf, { ret, args: { scope: String(scope) } }, inner);
const ioctl = (bdf: string, cmd: string, inner: readonly Act[]) =>
  call('vfio_pci_core_ioctl', bdf, { ret: 0, args: { cmd } }, inner);

/** How a request of TDISP comes to be sent: by the host while it binds, or inside a request of the guest. */
const asked = (name: TdispRequest, scope: number): Omit<Move, 'name'> => ({
  rows: [{ link: 'guest-request' }, { tdisp: name }],
  // Without the driver the request is opaque, and the model cannot know what it was; see `opaque start`.
  only: ({ deep, platform }) => deep && DRIVERS[platform].requests[name] !== undefined,
  acts: ({ bdf, platform }) => [request_(bdf, scope, 0, DRIVERS[platform].requests[name]?.(bdf) ?? [])],
});

const HEADER = FUNCTION_REGISTERS.filter(({ place }) => place.in === 'header');

/** The host writes a register of the header, as setpci does. COMMAND has moves of its own. */
const hostWrites: Move[] = HEADER.filter(({ name }) => name !== 'Command').flatMap((register): Move[] => {
  const { place } = register;
  if (place.in !== 'header') return [];
  const width = place.to - place.from + 1;
  const [size, val] = width === 1 ? ['byte', '0x10'] : width === 2 ? ['word', '0x10'] : ['dword', '0xfe000000'];
  const pos = `0x${place.from.toString(16)}`;
  return [
    {
      name: `host writes ${register.name}`,
      rows: [{ register }],
      acts: ({ bdf }) => [call(`pci_user_write_config_${size}`, bdf, { ret: 0, args: { pos, val } })],
      admin: true,
    },
  ];
});

const pmWrite = (bdf: string, state: number): Act =>
  call('vfio_pm_config_write', bdf, { ret: 2, args: { pos: '0x44', count: '2', off: '0x4', val: `0x${state}` } }, [
    call('vfio_lock_and_set_power_state', bdf, { args: { state: String(state) } }, [
      ...(state === 3 ? [zap(bdf)] : []),
      call('vfio_pci_set_power_state', bdf, { ret: 0, args: { state: String(state) } }),
    ]),
  ]);

const openActs = (world: World): Act[] => {
  const { bdf } = world;
  return [
    call('vfio_pci_core_enable', bdf, { ret: 0 }, [
      ...clearMaster(world),
      call('pci_enable_device', bdf, { ret: 0 }, [said(`vfio-pci ${bdf}: enabling device (0000 -> 0002)`)]),
      call('pci_try_reset_function', bdf, { ret: 0 }, flr(bdf)),
    ]),
    traced('attach_device_to_domain', `IOMMU: device=${bdf}`),
  ];
};

export const closeActs = (world: World): Act[] => {
  const { bdf } = world;
  return [
    call('vfio_pci_core_close_device', bdf, {}, [
      call('vfio_pci_core_disable', bdf, {}, [...clearMaster(world), ...flr(bdf), call('pci_disable_device', bdf)]),
    ]),
  ];
};

export const unbindActs = (world: World, inner?: readonly Act[]): Act[] => {
  const { bdf, platform, deep, state } = world;
  // What the guest has stopped is not unlocked again: the RMM would refuse it.
  const told = (steps: readonly string[]) =>
    state.contract === 'unlocked' ? steps.filter((step) => step !== 'RMI_VDEV_UNLOCK') : steps;
  const below = inner ?? (deep && state.bind === 'bound' ? teardownOf(platform, bdf, told) : []);
  return [call('pci_tsm_unbind', bdf, {}, [call('__pci_tsm_unbind', bdf, {}, below)])];
};

export const bindActs = ({ bdf, platform, deep, vm, bindLocks }: World, ret = 0, below?: readonly Act[]): Act[] => [
  call(
    'pci_tsm_bind',
    bdf,
    { ret, args: { kvm: vm, tdi_id: '0x200' } },
    below ?? (deep ? DRIVERS[platform].bind(bdf, bindLocks) : []),
  ),
];

export const disconnectActs = ({ bdf, pf, platform, deep }: World, unbinds: readonly Act[]): Act[] => [
  call('disconnect_store', pf, { ret: 5 }, [
    call('__pci_tsm_disconnect', pf, {}, [
      ...unbinds,
      ...(pf === bdf ? [] : [call('__pci_tsm_unbind', bdf)]),
      call('__pci_tsm_unbind', pf),
      ...(deep ? DRIVERS[platform].disconnect(pf) : []),
    ]),
  ]),
];

export const vdeviceDestroyActs = ({ bdf }: World, inner: readonly Act[] = []): Act[] => [
  call('iommufd_vdevice_destroy', bdf, {}, inner),
];

/** The core drops the TSM context of a function that goes; what it does to a TDI that is still bound is left out: that is a bug. */
const removed = (bdf: string, state: TdiState): Act =>
  call('pci_stop_and_remove_bus_device', bdf, {}, state.bind === 'connected' ? [call('pci_tsm_destroy', bdf)] : []);

/** What takes away, or resets, more than one function. */
export const FAR = {
  pfReset: ({ pf }: World): Act[] => [call('pci_reset_function', pf, { ret: 0 }, flr(pf))],
  portReset: ({ port }: World): Act[] => [call('pci_bridge_secondary_bus_reset', port, { ret: 0 })],
  dpc: ({ port }: World): Act[] => [said(`pcieport ${port}: DPC: containment event, status:0x1f01 source:0x0200`)],
  sriovOff: ({ pf, bdf, state }: World): Act[] => [call('pci_disable_sriov', pf, {}, [removed(bdf, state)])],
  linkDown: ({ port, pf, bdf, state }: World): Act[] => [
    said(`pcieport ${port}: pciehp: Slot(2): Link Down`),
    ...(bdf === pf ? [] : [removed(bdf, state)]),
    removed(pf, state),
  ],
} as const;

/** How the function comes to be there, connected to its TSM where `connected`. */
export function arrival({ port, pf, bdf, isVf, deep }: World): Act[] {
  const bus = pf.slice(5, 7);
  return [
    said(`pci ${port}: PCI bridge to [bus ${bus}]`),
    ...(deep ? [said(`pci ${pf}: BAR 0 [mem 0xfd800000-0xfd81ffff]`)] : []),
    traced('add_device_to_group', `IOMMU: groupID=12 device=${pf}`),
    ...(bdf === pf || isVf ? [] : [traced('add_device_to_group', `IOMMU: groupID=12 device=${bdf}`)]),
    ...(isVf
      ? [
          call('pci_enable_sriov', pf, { ret: 0 }, [
            traced('add_device_to_group', `IOMMU: groupID=13 device=${bdf}`),
            said(`vfio-pci ${pf}: Captured SR-IOV VF ${bdf} driver_override`),
          ]),
        ]
      : []),
  ];
}

/** Whoever was there is gone, and is there again: unconnected, with registers as after power-on. */
const anew = (): Partial<World> => ({ state: UNBOUND, master: false, memory: false, replaced: true });

/** Every legal thing that a host, a VMM, a guest or a device does, and how it is told. */
export const MOVES: readonly Move[] = [
  {
    name: 'connect',
    rows: [{ link: 'connect' }, { stream: 'key-refresh' }],
    acts: ({ bdf, pf, platform, deep }) => [
      call('connect_store', pf, { ret: 5 }, [
        call('pci_tsm_connect', pf, { ret: 0 }, deep ? DRIVERS[platform].connect(pf) : []),
        ...(bdf === pf ? [] : [said(`pci ${bdf}: PCI/TSM: setup TSM context: DSM: ${pf} status: success`)]),
      ]),
    ],
    admin: true,
    weight: 8,
  },
  {
    name: 'disconnect',
    rows: [{ link: 'disconnect' }],
    only: isFree,
    acts: (world) => disconnectActs(world, []),
    admin: true,
  },
  {
    name: 'open',
    rows: [{ device: 'flr' }],
    only: ({ open }) => !open,
    acts: openActs,
    leaves: () => ({ open: true, master: false, memory: true }),
    weight: 6,
  },
  {
    name: 'close',
    rows: [{ device: 'flr' }, { device: 'command-clear' }],
    only: (world) => world.open && !isBound(world) && !world.vdevice,
    acts: closeActs,
    leaves: () => ({ open: false, master: false, memory: false }),
  },
  {
    name: 'bind',
    rows: [{ link: 'bind' }],
    only: (world) => world.open && !isBound(world),
    acts: (world) => bindActs(world),
    weight: 6,
  },
  {
    name: 'bind to the same VM again',
    rows: [{ link: 'bind' }],
    only: isBound,
    // Returns before the driver is asked.
    acts: (world) => bindActs(world, 0, []),
  },
  { name: 'unbind', rows: [{ link: 'unbind' }], only: isBound, acts: (world) => unbindActs(world), weight: 2 },
  { name: 'ask for information', rows: [{ link: 'guest-request' }], acts: ({ bdf }) => [request_(bdf, 0, 64)] },
  { name: 'read for debugging', rows: [{ link: 'guest-request' }], acts: ({ bdf }) => [request_(bdf, 2, 0)] },
  { name: 'write for debugging', rows: [{ link: 'guest-request' }], acts: ({ bdf }) => [request_(bdf, 3, 0)] },
  {
    name: 'opaque start',
    rows: [{ link: 'guest-request' }, { tdisp: 'START_INTERFACE_REQUEST' }],
    only: ({ deep }) => !deep,
    acts: ({ bdf }) => [request_(bdf, 1, 0)],
    weight: 3,
  },
  { name: 'lock', ...asked('LOCK_INTERFACE_REQUEST', 1), weight: 3 },
  { name: 'start', ...asked('START_INTERFACE_REQUEST', 1), weight: 3 },
  { name: 'stop', ...asked('STOP_INTERFACE_REQUEST', 1) },
  { name: 'report', ...asked('GET_DEVICE_INTERFACE_REPORT', 0) },
  { name: 'ask for the state', ...asked('GET_DEVICE_INTERFACE_STATE', 0) },
  {
    name: 'read the state back',
    rows: [{ link: 'guest-request' }, { tdisp: 'GET_DEVICE_INTERFACE_STATE' }],
    only: ({ deep, platform }) => deep && DRIVERS[platform].tells !== 'nothing',
    acts: ({ bdf, platform, state }) => [request_(bdf, 0, 0, DRIVERS[platform].readBack(bdf, state.device))],
  },
  {
    name: 'set Bus Master and Memory Space',
    rows: [],
    only: isOpen,
    acts: ({ bdf, master }) => [
      write(bdf, COMMAND(true, true), master ? [] : [said(`vfio-pci ${bdf}: enabling bus mastering`)]),
    ],
    leaves: () => ({ master: true, memory: true }),
    weight: 3,
  },
  {
    name: 'clear Bus Master',
    rows: [{ device: 'command-clear' }],
    only: isOpen,
    acts: ({ bdf, memory }) => [write(bdf, COMMAND(false, memory))],
    leaves: () => ({ master: false }),
  },
  {
    name: 'clear Memory Space',
    rows: [{ device: 'command-clear' }],
    // vfio emulates the bit of a VF: the write does not reach it.
    only: (world) => world.open && !world.isVf,
    acts: ({ bdf, master }) => [write(bdf, COMMAND(master, false), [zap(bdf)])],
    leaves: () => ({ memory: false }),
  },
  {
    name: 'clear Memory Space of a VF',
    rows: [],
    // The zap in it is no emulation: where that is wrong in a locked TDI, it is another bug. So is a write that clears Bus Master, which
    // is not told after a conventional reset.
    only: (world) =>
      world.open && world.isVf && (world.state.bind !== 'bound' || (world.master && ZAPS_LOCKED.has(world.platform))),
    acts: ({ bdf, master }) => [write(bdf, COMMAND(master, false), [zap(bdf)])],
    leaves: () => ({ memory: false }),
  },
  {
    name: 'kernel clears Bus Master',
    rows: [{ device: 'command-clear' }],
    only: isFree,
    acts: clearMaster,
    leaves: () => ({ master: false }),
    admin: true,
  },
  {
    name: 'reset ioctl',
    rows: [{ device: 'flr' }],
    only: isOpen,
    acts: ({ bdf }) => [ioctl(bdf, '0x3b6f', [zap(bdf), call('pci_try_reset_function', bdf, { ret: 0 }, flr(bdf))])],
  },
  {
    name: 'FLR by a configuration write',
    rows: [{ device: 'flr' }],
    only: isOpen,
    acts: ({ bdf }) => [
      call('vfio_exp_config_write', bdf, { ret: 2, args: { pos: '0x58', count: '2', off: '0x8', val: '0xa810' } }, [
        call('pci_try_reset_function', bdf, { ret: 0 }, flr(bdf)),
      ]),
    ],
  },
  {
    name: 'hot reset ioctl',
    rows: [{ device: 'conventional-reset' }],
    only: isOpen,
    acts: ({ bdf, port, isVf }) => [
      ioctl(bdf, '0x3b71', [
        call('vfio_pci_zap_bars', bdf),
        call('pci_reset_bus', bdf, { ret: 0 }, isVf ? [] : [call('pci_bridge_secondary_bus_reset', port, { ret: 0 })]),
      ]),
    ],
    // What is restored then is in no line: the log tells again what is set.
    leaves: () => ({ master: false, memory: false }),
  },
  {
    name: 'reset of the PF',
    rows: [{ device: 'flr' }],
    only: (world) => world.isVf && !world.open,
    acts: FAR.pfReset,
    admin: true,
  },
  {
    name: 'reset of the port',
    rows: [{ device: 'conventional-reset' }],
    only: isFree,
    acts: FAR.portReset,
    leaves: () => ({ master: false, memory: false }),
    admin: true,
  },
  {
    name: 'DPC',
    rows: [{ device: 'conventional-reset' }],
    only: isFree,
    acts: FAR.dpc,
    leaves: () => ({ master: false, memory: false }),
    admin: true,
  },
  {
    name: 'SR-IOV off and on',
    rows: [{ device: 'sriov-change' }, { device: 'requester-id-change' }],
    only: (world) => world.isVf && isFree(world),
    acts: (world) => [
      ...FAR.sriovOff(world),
      call('pci_enable_sriov', world.pf, { ret: 0 }, [
        traced('add_device_to_group', `IOMMU: groupID=13 device=${world.bdf}`),
      ]),
    ],
    // A VF that comes while its PF is connected is so at once.
    leaves: ({ state }) => ({ master: false, memory: false, state, replaced: true }),
    admin: true,
  },
  {
    name: 'unplugged and plugged in',
    rows: [{ device: 'conventional-reset' }, { stream: 'link-down' }],
    only: isFree,
    acts: (world) => [...FAR.linkDown(world), ...arrival(world)],
    leaves: anew,
    admin: true,
  },
  {
    name: 'D3hot by the user',
    rows: [{ device: 'power-loss' }],
    only: isOpen,
    acts: ({ bdf }) => [pmWrite(bdf, 3), pmWrite(bdf, 0)],
  },
  { name: 'D0 by the user', rows: [], only: isOpen, acts: ({ bdf }) => [pmWrite(bdf, 0)] },
  {
    name: 'D3cold while nobody uses it',
    rows: [{ device: 'power-loss' }],
    only: isFree,
    acts: ({ bdf }) => [
      call('pci_set_power_state', bdf, { ret: 0, args: { state: '4' } }),
      call('pci_set_power_state', bdf, { ret: 0, args: { state: '0' } }),
    ],
    leaves: () => ({ master: false, memory: false }),
    admin: true,
  },
  {
    name: 'capability write that changes nothing of weight',
    rows: [],
    only: isOpen,
    acts: ({ bdf }) => [
      call('vfio_exp_config_write', bdf, { ret: 2, args: { pos: '0x58', count: '2', off: '0x8', val: '0x2810' } }),
    ],
  },
  {
    name: 'the user writes a BAR',
    rows: [],
    // vfio keeps it to itself: nothing reaches the device.
    only: isOpen,
    acts: ({ bdf }) => [
      call('vfio_basic_config_write', bdf, {
        ret: 4,
        args: { pos: '0x10', count: '4', off: '0x10', val: '0xfe000000' },
      }),
    ],
  },
  ...hostWrites,
  {
    name: 'keys refreshed',
    rows: [{ stream: 'key-refresh' }],
    only: ({ deep, platform, state }) => deep && platform !== 'generic' && state.bind !== 'unbound',
    acts: ({ pf, platform }) => [
      platform === 'tdx'
        ? call('tdh_ide_stream_km', pf, { ret: '0x0', args: { operation: '1' } })
        : call(platform === 'cca' ? 'rmi_pdev_stream_key_refresh' : 'sev_tio_ide_refresh', pf, {
            ret: platform === 'cca' ? '0x0' : 0,
          }),
    ],
    admin: true,
  },
  {
    name: 'make the vDEVICE',
    rows: [],
    only: ({ open, vdevice }) => open && !vdevice,
    acts: ({ bdf }) => [call('iommufd_vdevice_alloc_ioctl', bdf, { ret: 0, args: { virt_id: '0x200' } })],
    leaves: () => ({ vdevice: true }),
  },
  {
    name: 'destroy the vDEVICE',
    rows: [],
    only: (world) => world.vdevice && !isBound(world),
    acts: (world) => vdeviceDestroyActs(world),
    leaves: () => ({ vdevice: false }),
  },
  {
    name: 'map a BAR',
    rows: [],
    only: isOpen,
    acts: ({ bdf }) => [
      call('vfio_pci_core_mmap', bdf, { ret: 0, args: { start: '0x7f0000000000', end: '0x7f0000020000' } }),
    ],
  },
  {
    name: 'a thread of the VMM ends',
    rows: [],
    acts: ({ task }) => [traced('sched_process_exit', `comm=CPU 0/KVM pid=${task + 500} prio=120 group_dead=false`)],
  },
  {
    name: 'the VMM ends when it has closed all',
    rows: [],
    only: isFree,
    acts: ({ task }) => [traced('sched_process_exit', `comm=qemu pid=${task} prio=120 group_dead=true`)],
  },
  {
    name: 'the VM is destroyed',
    rows: [],
    only: isFree,
    acts: ({ vm }) => [call('kvm_destroy_vm', null, { args: { kvm: vm } })],
  },
  {
    name: 'the machine sleeps and wakes',
    rows: [],
    only: (world) => world.alone && isFree(world),
    acts: () => [said('PM: suspend entry (deep)'), said('PM: suspend exit')],
    admin: true,
  },
  {
    name: 'an error that is corrected',
    rows: [],
    acts: ({ bdf, port }) => [said(`pcieport ${port}: AER: Correctable error message received from ${bdf}`)],
    admin: true,
  },
];

/** What is legal only of a function of which side data say more than the log does. */
export const TOLD_MOVES: readonly Move[] = [
  {
    name: 'D3hot by the user, which keeps the state',
    rows: [],
    // The zap in it is another bug where it is wrong in a locked TDI.
    only: ({ open, keepsState, state, platform }) =>
      open && keepsState === true && (state.bind !== 'bound' || ZAPS_LOCKED.has(platform)),
    acts: ({ bdf }) => [pmWrite(bdf, 3), pmWrite(bdf, 0)],
    weight: 3,
  },
];

/**
 * Rows of the model that no move has, and why: nothing that is traced shows them by themselves. Whoever adds a row to the model
 * has to say here, or in a move, what becomes of it.
 */
export const UNSEEN: Readonly<Record<string, string>> = {
  'tdisp GET_TDISP_VERSION': 'part of the connect; no driver has a function for it',
  'tdisp GET_TDISP_CAPABILITIES': 'part of the connect; no driver has a function for it',
  'tdisp BIND_P2P_STREAM_REQUEST': 'no driver sends it',
  'tdisp UNBIND_P2P_STREAM_REQUEST': 'no driver sends it',
  'tdisp SET_MMIO_ATTRIBUTE_REQUEST': 'no driver sends it',
  'tdisp VDM_REQUEST': 'no driver sends it',
  'device stream-insecure': 'the stream rows cause it',
  'device session-end': 'a disconnect causes it; harmful ones are in bugs.ts',
  'device config-change': 'the register rows cause it',
  'device unrecovered-error': 'inside the device',
  'device device-failure': 'inside the device',
  'device self-scrub': 'inside the device',
  'stream keys-started-and-enabled': 'part of the connect',
  'stream key-set-stop': 'part of the disconnect; harmful ones are in bugs.ts',
  'stream session-end': 'part of the disconnect; harmful ones are in bugs.ts',
  'stream enable-cleared': 'part of the disconnect; harmful ones are in bugs.ts',
  'stream integrity-failure': 'a device reports it by AER; no rule looks at it',
  'stream root-port-change': 'the registers of a port; no rule looks at them',
  'stream block': 'part of the disconnect',
};

export function rowName(row: Row): string {
  if ('register' in row) return `register ${row.register.name}`;
  const [[table, name]] = Object.entries(row) as [[string, string]];
  return `${table} ${name}`;
}

/** Harmful device events: each needs a bug that shows it, or a reason in {@link UNSEEN}. */
export const HARMFUL_EVENTS = (Object.keys(DEVICE_EVENTS) as DeviceEvent[]).filter(
  (event) => 'locked' in DEVICE_EVENTS[event],
);
