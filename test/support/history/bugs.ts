import fc from 'fast-check';
import type { SideData } from '../../../src/input/side-data.ts';
import type { Verdict } from '../../../src/model/analysis.ts';
import type { Platform } from '../../../src/model/states.ts';
import { RULES } from '../../../src/rules/index.ts';
import { type Act, call, type Entry, said, traced } from './acts.ts';
import { DRIVERS, RMI_GRANULE, TDX_INVALID_STATE, TDX_NOT_BLOCKED, teardownOf } from './drivers.ts';
import {
  ADMIN,
  bindActs,
  closeActs,
  disconnectActs,
  FAR,
  MOVES,
  unbindActs,
  vdeviceDestroyActs,
  type World,
} from './moves.ts';
import { sideDataOf } from './side.ts';
import { born, bring, choices, type Life, type Start, shown, startOn, told, walk } from './walk.ts';

type Accusation = Exclude<Verdict, 'inconsistent'>;

/** One way to break a rule: a step that is right elsewhere, at a time when it is wrong. */
export interface Bug {
  readonly rule: string;
  readonly name: string;
  /** Where it can happen; else wherever the rule holds. */
  readonly platforms?: readonly Platform[];
  /** What the function is in when it happens: any of these. */
  readonly when: readonly Parameters<typeof bring>[1][];
  readonly start?: Partial<Start>;
  readonly acts: (world: World) => Act[];
  readonly admin?: true;
  /** What the machine says of the function is stored beside the log. */
  readonly side?: true;
  /** The function that is accused; else the one of the history. */
  readonly victim?: string;
  /** What is to be found where all was recorded and is declared so. */
  readonly verdict: Accusation | ((world: World) => Accusation);
  /** Why that is not `definite`. */
  readonly because?: string;
}

const move = (name: string) => {
  const found = MOVES.find((one) => one.name === name);
  if (!found) throw new Error(`no move is called ${name}`);
  return found.acts;
};
/** Where a guest sees a device; no function of the host has this address. */
const GUEST = '0000:00:1e.0';
const IDE = '0xffff888004009000';
const LOCKED = ['locked', 'run'] as const;
/** Rules that say nothing where it is as likely as not that the TDI was unlocked. */
const LIKELY = { deep: true };
const BOUND = ['locked', 'run'] as const;
const PF = { isVf: false };
const VF = { isVf: true };
const SECOND = { isVf: false, isSecond: true };
const DEEP = { deep: true };
const DRIVEN = ['tdx', 'sev-tio', 'cca'] as const;

/**
 * A state change whose payload nobody recorded may have been a STOP. Where the driver is not recorded, nothing tells that a bind
 * locked the TDI on a platform where it need not.
 */
const lockedVerdict = ({ platform, state, deep }: World): Accusation => {
  if (!deep && platform === 'cca') return 'possible';
  return !deep && (platform === 'generic' || state.contract === 'run') ? 'probable' : 'definite';
};
/** Of which of two functions at one address side data are, nothing tells. */
const sideVerdict = (world: World): Accusation => {
  const verdict = lockedVerdict(world);
  return verdict === 'definite' && world.replaced ? 'probable' : verdict;
};
const request = (bdf: string, ret: number, inner: readonly Act[] = []) =>
  call('pci_tsm_guest_req', bdf, { ret, args: { scope: '1' } }, inner);

const refused =
  (name: 'LOCK_INTERFACE_REQUEST' | 'START_INTERFACE_REQUEST' | 'GET_DEVICE_INTERFACE_REPORT') =>
  ({ bdf, platform }: World): Act[] => [request(bdf, -5, DRIVERS[platform].refused[name]?.(bdf) ?? [])];

export const BUGS: readonly Bug[] = [
  { rule: 'unbind-before-disable', name: 'closed while bound', when: BOUND, acts: closeActs, verdict: 'definite' },
  {
    rule: 'bme-clear-while-locked',
    name: 'cleared by the user',
    when: LOCKED,
    acts: move('clear Bus Master'),
    verdict: lockedVerdict,
  },
  {
    rule: 'bme-clear-while-locked',
    name: 'cleared by the kernel',
    when: LOCKED,
    acts: move('kernel clears Bus Master'),
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'mse-clear-while-locked',
    name: 'cleared by the user',
    when: LOCKED,
    start: PF,
    acts: move('clear Memory Space'),
    verdict: lockedVerdict,
  },
  {
    rule: 'mse-clear-while-locked',
    name: 'cleared by the user, of a function without a connect of its own',
    when: LOCKED,
    start: SECOND,
    acts: move('clear Memory Space'),
    verdict: 'possible',
    because: 'it may be a VF: no record tells, lspci does, and makes it definite',
  },
  {
    rule: 'mse-clear-while-locked',
    name: 'cleared by the user, and lspci shows its SR-IOV capability',
    when: LOCKED,
    start: SECOND,
    side: true,
    acts: move('clear Memory Space'),
    // It need not have been so of the one that came in its place.
    verdict: (world) => (world.replaced ? 'possible' : lockedVerdict(world)),
  },
  { rule: 'flr-while-locked', name: 'reset ioctl', when: LOCKED, acts: move('reset ioctl'), verdict: lockedVerdict },
  {
    rule: 'flr-while-locked',
    name: 'FLR by a configuration write',
    when: LOCKED,
    acts: move('FLR by a configuration write'),
    verdict: lockedVerdict,
  },
  {
    rule: 'flr-while-locked',
    name: 'reset of the PF',
    when: LOCKED,
    start: VF,
    acts: FAR.pfReset,
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'conventional-reset-while-locked',
    name: 'hot reset ioctl',
    when: LOCKED,
    acts: move('hot reset ioctl'),
    verdict: lockedVerdict,
  },
  {
    rule: 'conventional-reset-while-locked',
    name: 'reset of the port',
    when: LOCKED,
    acts: FAR.portReset,
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'conventional-reset-while-locked',
    name: 'DPC',
    when: LOCKED,
    acts: FAR.dpc,
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'bar-zap-while-bound',
    name: 'low power is asked for',
    when: LOCKED,
    acts: ({ bdf }) => [
      call('vfio_pci_core_ioctl', bdf, { ret: 0, args: { cmd: '0x3b75' } }, [
        call('vfio_pci_runtime_pm_entry', bdf, { ret: 0 }, [call('vfio_pci_zap_and_down_write_memory_lock', bdf)]),
      ]),
    ],
    verdict: 'probable',
    because:
      'the mapping of the host need not be the one of the guest: where it is, the unmap that follows is refused, and definite',
  },
  {
    rule: 'bar-zap-while-bound',
    name: 'dma-bufs revoked',
    when: LOCKED,
    acts: ({ bdf }) => [call('vfio_pci_dma_buf_move', bdf, { args: { revoked: '1' } })],
    verdict: 'probable',
    because:
      'the mapping of the host need not be the one of the guest: where it is, the unmap that follows is refused, and definite',
  },
  {
    rule: 'disconnect-while-bound',
    name: 'and the core does not unbind',
    when: BOUND,
    acts: ({ pf }) => [call('disconnect_store', pf, { ret: 5 })],
    admin: true,
    verdict: 'definite',
  },
  {
    rule: 'disconnect-while-bound',
    name: 'and the core unbinds first',
    when: BOUND,
    start: PF,
    acts: (world) => disconnectActs(world, []),
    admin: true,
    verdict: 'possible',
    because: 'the core puts it right itself: so by design',
  },
  {
    rule: 'power-state-while-locked',
    name: 'D3cold',
    when: LOCKED,
    acts: ({ bdf }) => [call('pci_set_power_state', bdf, { ret: 0, args: { state: '4' } })],
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'power-state-while-locked',
    name: 'D3hot by the user',
    when: LOCKED,
    acts: move('D3hot by the user'),
    verdict: 'possible',
    because: 'No_Soft_Reset of the function is not known: no record tells it, lspci does, and makes it definite',
  },
  {
    rule: 'power-state-while-locked',
    name: 'D3hot by the user, which loses the state as lspci shows',
    when: LOCKED,
    side: true,
    // The return to D0 is what resets the function.
    acts: move('D3hot by the user'),
    verdict: sideVerdict,
  },
  {
    rule: 'surprise-removal-while-bound',
    name: 'removed in sysfs',
    when: BOUND,
    acts: ({ bdf }) => [
      call('pci_stop_and_remove_bus_device_locked', bdf, {}, [call('pci_stop_and_remove_bus_device', bdf)]),
    ],
    admin: true,
    verdict: 'definite',
  },
  {
    rule: 'surprise-removal-while-bound',
    name: 'link down',
    when: BOUND,
    acts: FAR.linkDown,
    admin: true,
    verdict: 'definite',
  },
  {
    rule: 'sriov-change-while-locked',
    name: 'VFs switched off',
    when: LOCKED,
    start: VF,
    acts: FAR.sriovOff,
    admin: true,
    verdict: lockedVerdict,
  },
  {
    rule: 'bind-without-connect',
    name: 'refused',
    when: ['unconnected'],
    acts: (world) => bindActs(world, -22, []),
    verdict: 'possible',
    because: 'the kernel refused it: a note by design',
  },
  {
    rule: 'guest-request-while-unbound',
    name: 'refused',
    when: ['open'],
    acts: ({ bdf }) => [request(bdf, -6)],
    verdict: 'possible',
    because: 'the kernel refused it: a note by design',
  },
  {
    rule: 'bound-at-exit',
    name: 'the VMM is killed',
    when: BOUND,
    acts: ({ task }) => [traced('sched_process_exit', `comm=qemu pid=${task} prio=120 group_dead=true`)],
    verdict: 'possible',
    because: 'the trace ends before the close may have come: with it another rule is definite',
  },
  {
    rule: 'double-bind',
    name: 'refused',
    when: BOUND,
    acts: (world) => bindActs({ ...world, vm: '0xffff888005550000' }, -16, []),
    verdict: 'possible',
    because: 'the kernel refused it: a note by design',
  },
  {
    rule: 'unbind-without-bind',
    name: 'unbound twice',
    when: ['open'],
    acts: (world) => unbindActs(world, []),
    verdict: 'possible',
    because: 'it does no harm',
  },
  {
    rule: 'vdevice-destroy-while-bound',
    name: 'and nobody unbinds',
    when: BOUND,
    acts: (world) => vdeviceDestroyActs(world),
    verdict: 'definite',
  },
  {
    rule: 'vm-destroy-while-bound',
    name: 'destroyed',
    when: BOUND,
    acts: ({ vm }) => [call('kvm_destroy_vm', null, { args: { kvm: vm } })],
    verdict: 'definite',
  },
  {
    rule: 'tsm-unregister-while-connected',
    name: 'and the core does not disconnect',
    when: ['connected'],
    start: PF,
    acts: () => [call('pci_tsm_unregister', null, { args: { tsm_dev: '0xffff888007000000' } })],
    admin: true,
    verdict: 'probable',
    because: 'the TSM that goes may be another one than that of the function: no record tells',
  },
  {
    rule: 'failed-bind-not-cleaned',
    name: 'closed after a bind that failed behind its LOCK',
    platforms: ['tdx', 'sev-tio'],
    when: ['open'],
    start: DEEP,
    acts: (world) => [...bindActs(world, -5, DRIVERS[world.platform].bind(world.bdf, true)), ...closeActs(world)],
    verdict: 'definite',
  },
  {
    rule: 'tdisp-request-refused',
    name: 'the report is refused',
    platforms: DRIVEN,
    when: ['stopped'],
    start: DEEP,
    acts: refused('GET_DEVICE_INTERFACE_REPORT'),
    verdict: ({ platform }) => (platform === 'cca' ? 'possible' : 'definite'),
    because:
      'of the RMM the answer alone says nothing of the state: report-before-lock asks the records, and is definite',
  },
  {
    rule: 'tdisp-request-refused',
    name: 'the driver says that the LOCK failed',
    platforms: ['tdx'],
    when: ['open'],
    acts: ({ bdf }) => [said(`pci ${bdf}: tdx_tsm_bind fial to request bind`)],
    verdict: 'possible',
    because: 'the line names no reason',
  },
  {
    rule: 'state-readback-conflict',
    name: 'ERROR without a reason',
    platforms: ['sev-tio'],
    when: LOCKED,
    start: DEEP,
    acts: ({ bdf, platform }) => [request(bdf, 0, DRIVERS[platform].readBack(bdf, 'error'))],
    verdict: 'probable',
    because: 'a device may fall to ERROR by itself: there need not be anybody to accuse',
  },
  {
    rule: 'lock-from-wrong-state',
    name: 'LOCK while it runs',
    platforms: DRIVEN,
    when: ['run'],
    start: DEEP,
    acts: refused('LOCK_INTERFACE_REQUEST'),
    verdict: 'definite',
  },
  {
    rule: 'start-without-lock',
    name: 'START after STOP',
    platforms: DRIVEN,
    when: ['stopped'],
    start: DEEP,
    acts: refused('START_INTERFACE_REQUEST'),
    verdict: 'definite',
  },
  {
    rule: 'start-without-lock',
    name: 'START after a bind that did not lock',
    platforms: ['cca'],
    when: ['open'],
    start: DEEP,
    acts: (world) => [...bindActs({ ...world, bindLocks: false }), ...refused('START_INTERFACE_REQUEST')(world)],
    verdict: 'definite',
  },
  {
    rule: 'report-before-lock',
    name: 'report after STOP',
    platforms: ['sev-tio', 'cca'],
    when: ['stopped'],
    start: DEEP,
    acts: refused('GET_DEVICE_INTERFACE_REPORT'),
    verdict: 'definite',
  },
  {
    rule: 'accept-before-report',
    name: 'refused by the guest',
    when: ['run'],
    acts: () => [said(`pci ${GUEST}: Cannot accept without the report`)],
    victim: GUEST,
    verdict: 'possible',
    because: 'the guest refused it',
  },
  {
    rule: 'private-mmio-unmap-before-stop',
    name: 'refused by the module',
    when: LOCKED,
    start: DEEP,
    acts: ({ bdf }) => [call('tdh_mmio_unmap', bdf, { ret: TDX_INVALID_STATE })],
    verdict: 'definite',
  },
  {
    rule: 'unlock-before-private-mmio-unmap',
    name: 'refused by the RMM',
    when: LOCKED,
    start: DEEP,
    acts: (world) =>
      unbindActs(world, [
        call('cca_tsm_unbind', world.bdf, {}, [call('rmi_vdev_unlock', world.bdf, { ret: RMI_GRANULE })]),
      ]),
    verdict: 'definite',
  },
  {
    rule: 'unlock-before-private-mmio-unmap',
    name: 'the driver says that the unlock failed',
    when: LOCKED,
    acts: (world) => unbindActs(world, [said(`vfio-pci ${world.bdf}: failed to unlock vdev (-5)`)]),
    verdict: 'possible',
    because: 'the line names no reason',
  },
  {
    rule: 'reclaim-order',
    name: 'reclaimed without the unbind of the firmware',
    when: LOCKED,
    start: DEEP,
    acts: (world) =>
      unbindActs(
        world,
        teardownOf(world.platform, world.bdf, (steps) => steps.filter((step) => step === 'TIO_TDI_RECLAIM')),
      ),
    verdict: 'definite',
  },
  {
    rule: 'ide-stream-stop-while-locked',
    name: 'disabled',
    when: LOCKED,
    start: LIKELY,
    acts: ({ pf }) => [call('pci_ide_stream_disable', pf, { args: { ide: '0xffff888004009000' } })],
    admin: true,
    // The driver has the kernel set the stream up.
    verdict: (world) => (world.deep ? lockedVerdict(world) : 'probable'),
    because: 'it need not be the stream that the TDI was locked over, where the connect does not show it',
  },
  {
    rule: 'spdm-session-end-while-locked',
    name: 'ended',
    platforms: ['tdx', 'sev-tio'],
    when: LOCKED,
    start: DEEP,
    acts: ({ pf, platform }) => [
      platform === 'sev-tio'
        ? call('sev_tio_dev_disconnect', pf, { ret: 0, args: { force: '0' } })
        : call('tdh_exec_spdm_disconnect', pf, { ret: '0x0' }),
    ],
    admin: true,
    verdict: 'definite',
  },
  {
    rule: 'config-change-while-locked',
    name: 'a BAR is written by the host',
    when: LOCKED,
    start: { ...LIKELY, ...PF },
    acts: ({ bdf }) => [call('pci_user_write_config_dword', bdf, { ret: 0, args: { pos: '0x14', val: '0xfd000000' } })],
    admin: true,
    verdict: 'possible',
    because:
      'the same value may have been there before; of another one the table of registers is informative: probable',
  },
  {
    rule: 'config-change-while-locked',
    name: 'a BAR is moved by the host, as lspci shows',
    when: LOCKED,
    start: { ...LIKELY, ...PF },
    side: true,
    acts: ({ bdf }) => [call('pci_user_write_config_dword', bdf, { ret: 0, args: { pos: '0x14', val: '0xfd000000' } })],
    admin: true,
    verdict: 'probable',
    because: 'the table of registers that a locked TDI freezes is informative',
  },
  {
    rule: 'fence-not-cleared',
    name: 'bound again although the fence could not be cleared',
    when: ['run'],
    start: DEEP,
    acts: (world) => [
      ...unbindActs(world, [
        ...teardownOf(world.platform, world.bdf, (steps) => steps.filter((step) => !/FENCE|shared/.test(step))),
        call('sev_tio_asid_fence_status', world.bdf, { ret: 0, args: { asid: '0x5' }, out: { fenced: '1' } }),
        call('sev_tio_asid_fence_clear', world.bdf, { ret: -5, args: { gctx_paddr: '0x107e00000' } }),
      ]),
      ...bindActs(world),
    ],
    verdict: 'definite',
  },
  {
    rule: 'dma-enable-before-run',
    name: 'refused by the firmware: not bound',
    platforms: ['sev-tio'],
    when: ['run'],
    acts: () => [said(`pci ${GUEST}: SDTE write failed with rc=0, fwerr=0x0, status=2`)],
    victim: GUEST,
    verdict: 'possible',
    because: 'the line is the same where it was to be taken away',
  },
  {
    rule: 'lock-before-ide-stream',
    name: 'bound after the stream was disabled, and refused',
    when: ['open'],
    acts: (world) => [
      call('pci_ide_stream_setup', world.pf, { args: { ide: IDE } }),
      call('pci_ide_stream_enable', world.pf, { ret: 0, args: { ide: IDE } }),
      call('pci_ide_stream_disable', world.pf, { args: { ide: IDE } }),
      ...bindActs(world, -5, []),
    ],
    verdict: 'definite',
  },
  {
    rule: 'root-port-stream-first',
    name: 'the port before the endpoint',
    when: ['unconnected'],
    start: PF,
    acts: ({ pf, port }) => [
      call('connect_store', pf, { ret: 5 }, [
        call('pci_ide_stream_enable', port, { ret: 0, args: { ide: IDE } }),
        call('pci_ide_stream_enable', pf, { ret: 0, args: { ide: IDE } }),
      ]),
    ],
    admin: true,
    verdict: 'possible',
    because: 'kernels do it so, mostly without harm',
  },
  {
    rule: 'driver-probe-before-accept',
    name: 'between lock and accept',
    when: ['locked'],
    acts: () => [
      call('pci_tsm_lock', GUEST, { ret: 0 }),
      call('pci_device_probe', GUEST, { ret: 0 }),
      call('pci_tsm_accept', GUEST, { ret: -16 }),
    ],
    victim: GUEST,
    verdict: 'probable',
    because: 'whether a driver may use a device that is locked and not accepted is the policy of the guest',
  },
  {
    rule: 'guest-unlock-while-in-use',
    name: 'a driver is attached',
    when: ['locked'],
    acts: () => [said(`virtio-pci ${GUEST}: unlock attempted on driver attached device`)],
    victim: GUEST,
    verdict: 'definite',
  },
  {
    rule: 'mmio-accept-before-bind',
    name: 'refused by the firmware: not bound',
    when: ['locked'],
    acts: () => [said(`pci ${GUEST}: MMIO validate failed with rc=-5, fwerr=0x0, status=2`)],
    victim: GUEST,
    verdict: 'possible',
    because: 'the line is the same where it was to be taken away',
  },
  {
    rule: 'mmio-unmap-before-block',
    name: 'refused by the module: not blocked',
    when: LOCKED,
    start: DEEP,
    acts: (world) =>
      unbindActs(world, [
        call('tdx_tsm_unbind', world.bdf, {}, [
          ...(DRIVERS.tdx.requests.STOP_INTERFACE_REQUEST?.(world.bdf) ?? []),
          call('tdh_mmio_unmap', world.bdf, { ret: TDX_NOT_BLOCKED }),
        ]),
      ]),
    verdict: 'definite',
  },
  {
    rule: 'vdev-destroy-before-unlock',
    name: 'refused by the RMM',
    when: LOCKED,
    start: DEEP,
    acts: ({ bdf }) => [call('rmi_vdev_destroy', bdf, { ret: '0x6' })],
    verdict: 'definite',
  },
  {
    rule: 'sleep-while-bound',
    name: 'suspended',
    when: BOUND,
    acts: () => [said('PM: suspend entry (deep)')],
    admin: true,
    verdict: 'possible',
    because: 'no code says what is to become of a TDI then',
  },
];

/** Platforms of a rule on which no bug of it can be recorded, and why. */
export const UNSEEDED: Readonly<Record<string, Partial<Record<Platform, string>>>> = {
  'failed-bind-not-cleaned': { generic: NO_DRIVER() },
  'tdisp-request-refused': { generic: NO_DRIVER() },
  'state-readback-conflict': {
    generic: NO_DRIVER(),
    tdx: 'no function tells the state that was read',
    cca: 'the RMM tells what it believes, which never is at odds with what it was asked for',
  },
  'lock-from-wrong-state': { generic: NO_DRIVER() },
  'start-without-lock': { generic: NO_DRIVER() },
  'report-before-lock': {
    generic: NO_DRIVER(),
    tdx: 'the TD asks for the report itself: no function of the host does',
  },
  'spdm-session-end-while-locked': {
    generic: NO_DRIVER(),
    cca: 'the RMM stops no device that has a VDEV (smc_pdev_stop() of TF-RMM): it was refused, or nothing was locked',
  },
  'dma-enable-before-run': { cca: 'the guest says nothing of its own' },
};

function NO_DRIVER(): string {
  return 'only the driver of a known platform shows it';
}

export function platformsOf(bug: Bug): readonly Platform[] {
  return bug.platforms ?? RULES.find(({ doc }) => doc.id === bug.rule)?.doc.platforms ?? [];
}

export interface Seeded {
  readonly bug: Bug;
  readonly platform: Platform;
  readonly entries: readonly Entry[];
  /** Where the bug begins. */
  readonly at: number;
  readonly victim: string;
  readonly verdict: Accusation;
  /** Null where nothing is stored beside the log. */
  readonly side: SideData | null;
}

export function seed(bug: Bug, life: Life): Seeded {
  const { world } = life;
  const entries = shown([
    ...life.entries,
    ...told(bug.acts(world), bug.admin ? ADMIN : world.task, `BUG: ${bug.name}`),
  ]);
  const verdict = typeof bug.verdict === 'function' ? bug.verdict(world) : bug.verdict;
  const side = bug.side ? sideDataOf([{ world, keepsState: false }]) : null;
  const { platform, bdf } = world;
  return { bug, platform, entries, at: life.entries.length, victim: bug.victim ?? bdf, verdict, side };
}

/** A legal life of one function that ends with this bug. */
export const seededOn = (bug: Bug, platform: Platform, length = 8): fc.Arbitrary<Seeded> =>
  fc.tuple(startOn(platform), choices(length), fc.constantFrom(...bug.when)).map(([start, numbers, when]) => {
    // A bind that need not lock leaves it open what was wrong.
    const life = walk(born({ ...start, ...bug.start, bindLocks: true }), numbers);
    return seed(bug, bring(life, when));
  });
