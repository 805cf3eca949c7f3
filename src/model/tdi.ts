import {
  BIND_STATES,
  type BindState,
  CONTRACT_STATES,
  type ContractState,
  type EventClass,
  TDISP_STATES,
  type TdiState,
  type TdispState,
} from './states.ts';
import { type DeviceEvent, deviceEvent } from './tdisp.ts';

function tdi(bind: BindState, contract: ContractState, device: TdispState): TdiState {
  return { bind, contract, device };
}

/**
 * The combinations of the three layers, as long as the firmware does what an unbind asks of it. A function that is not bound has
 * no contract; a STOP that succeeded leaves the device in CONFIG_UNLOCKED from any state, so an unlocked contract means an unlocked
 * device. Under a locked or running contract the device may have fallen to ERROR, or to CONFIG_UNLOCKED by a conventional reset.
 */
export const TDI_STATES: readonly TdiState[] = [
  tdi('unbound', 'unlocked', 'unlocked'),
  tdi('connected', 'unlocked', 'unlocked'),
  tdi('bound', 'unlocked', 'unlocked'),
  tdi('bound', 'locked', 'locked'),
  tdi('bound', 'locked', 'error'),
  tdi('bound', 'locked', 'unlocked'),
  tdi('bound', 'run', 'run'),
  tdi('bound', 'run', 'error'),
  tdi('bound', 'run', 'unlocked'),
];

/**
 * What else can be where the firmware refuses the STOP of an unbind, which has no result: the core takes the function for unbound, while
 * firmware and device stay what they were. Nothing unseen leads here.
 */
export const LEFT_STATES: readonly TdiState[] = TDI_STATES.filter(({ contract }) => contract !== 'unlocked').map(
  (state): TdiState => ({ ...state, bind: 'connected' }),
);

/** Every combination of the three layers that can exist. */
export const ALL_STATES: readonly TdiState[] = [...TDI_STATES, ...LEFT_STATES];

/** An unbind left the TDI locked or running. */
export function isLeft({ bind, contract }: TdiState): boolean {
  return bind === 'connected' && contract !== 'unlocked';
}

/** Position of a state in {@link ALL_STATES}. */
export function indexOfState({ bind, contract, device }: TdiState): number {
  return INDEX[bind][contract][device];
}

const INDEX = Object.fromEntries(
  BIND_STATES.map((bind) => [
    bind,
    Object.fromEntries(
      CONTRACT_STATES.map((contract) => [
        contract,
        Object.fromEntries(TDISP_STATES.map((device) => [device, positionOf({ bind, contract, device })])),
      ]),
    ),
  ]),
) as Readonly<Record<BindState, Readonly<Record<ContractState, Readonly<Record<TdispState, number>>>>>>;

function positionOf({ bind, contract, device }: TdiState): number {
  return ALL_STATES.findIndex((other) => other.bind === bind && other.contract === contract && other.device === device);
}

export const UNBOUND = tdi('unbound', 'unlocked', 'unlocked');
export const CONNECTED = tdi('connected', 'unlocked', 'unlocked');
export const BOUND_UNLOCKED = tdi('bound', 'unlocked', 'unlocked');
export const BOUND_LOCKED = tdi('bound', 'locked', 'locked');
export const BOUND_RUN = tdi('bound', 'run', 'run');

/** One way that an operation can end: the state it leads to, and the price of what must be assumed for it. */
export interface Branch {
  readonly to: TdiState;
  readonly cost: number;
  /** What one assumes by taking this branch; null where it is what the record says. */
  readonly assumes: string | null;
}

const stay = (state: TdiState): Branch => ({ to: state, cost: 0, assumes: null });

/**
 * Whether a bind locks the interface. `always`: SEV-TIO, TDX Connect and whatever else runs on x86 lock it in the bind
 * operation. `likely`: nothing decides the platform; the ABI document of `tsm/bound` says LOCKED, RUN or ERROR. `maybe`: Arm
 * CCA, where series up to v6 lock and v7 leaves it to the guest.
 */
export type BindLocks = 'always' | 'likely' | 'maybe';

/**
 * What the bind before tells of this one. `again`: that one was recorded, for the same VM, and nothing tells of an unbind, or of an end
 * of the VM or of the device's use, since. `elsewhere`: it was recorded, for another VM, and no unbind since. `first`: nothing is told.
 */
export type Rebind = 'first' | 'again' | 'elsewhere';

/**
 * pci_tsm_bind() that returned 0 (drivers/pci/tsm.c, Linux 7.x): needs a connected function; the same VM again is a no-op, another one
 * is refused.
 */
export function afterBind(state: TdiState, locks: BindLocks, rebind: Rebind = 'first'): readonly Branch[] {
  switch (state.bind) {
    case 'unbound':
      return [];
    case 'bound': {
      if (rebind === 'elsewhere') return [];
      // Whoever binds a TDI that was thrown out of its state has most likely unbound it first.
      const sound = state.contract === 'unlocked' || state.device === state.contract;
      if (rebind === 'again' && sound) return [stay(state)];
      return [{ to: state, cost: 2, assumes: 'the function was bound already, so this bind changed nothing' }];
    }
    case 'connected': {
      const locked: Branch = { to: BOUND_LOCKED, cost: 0, assumes: null };
      if (locks === 'always') return [locked];
      if (locks === 'maybe') return [locked, { to: BOUND_UNLOCKED, cost: 0, assumes: null }];
      return [locked, { to: BOUND_UNLOCKED, cost: 1, assumes: 'the bind left the TDI unlocked, as Arm CCA v7 does' }];
    }
  }
}

/**
 * What the firmware said to the STOP of an unbind. `refused`: the answer leaves open whether it was needed, or came about; `kept`: it
 * says why the TDI cannot be stopped.
 */
export type StopAnswer = 'done' | 'refused' | 'kept';

/** pci_tsm_unbind() and the unbind inside disconnect and removal: void, a no-op where nothing is bound. */
export function afterUnbind(state: TdiState, stop: StopAnswer = 'done'): readonly Branch[] {
  if (state.bind !== 'bound') return [stay(state)];
  if (stop === 'done' || state.contract === 'unlocked') return [stay(CONNECTED)];
  const left = stay({ ...state, bind: 'connected' });
  return stop === 'kept' ? [left] : [stay(CONNECTED), left];
}

/** A TDI that an unbind has left behind, as the device or the firmware tells of it: in the contract that goes with that, if only one does. */
export function leftIn(read: TdispState): readonly Branch[] {
  return LEFT_STATES.filter(
    (state) => state.device === read && (read === 'locked' || read === 'run' ? state.contract === read : true),
  ).map(stay);
}

/** The function loses its TSM context: disconnect, removal (`pci_tsm_destroy`). */
export function afterDisconnect(): readonly Branch[] {
  return [stay(UNBOUND)];
}

/** A write to tsm/connect that succeeded: -EBUSY where a TSM context exists already (`connect_store`). */
export function afterConnect(state: TdiState): readonly Branch[] {
  return state.bind === 'unbound' ? [stay(CONNECTED)] : [];
}

/**
 * pci_tsm_guest_req() that returned >= 0: only where the function is bound. A STATE_CHANGE is START or STOP, which only
 * its payload tells. The first one after a bind is most likely the START, so STOP has a price; after it, in RUN, nothing
 * but STOP is left to ask (`again`): an AMD guest stops its TDI like that before it clears Bus Master, which is right. `isNoStop`: what
 * it carried was recorded, and is something else.
 */
export function afterGuestRequest(
  state: TdiState,
  stateChange: boolean,
  locks: BindLocks,
  again: boolean,
  isNoStop = false,
): readonly Branch[] {
  if (state.bind !== 'bound') return [];
  if (!stateChange) return [stay(state)];
  if (state.contract === 'unlocked') {
    const lock: Branch = {
      to: BOUND_LOCKED,
      cost: locks === 'maybe' ? 0 : 1,
      assumes: locks === 'maybe' ? null : 'the STATE_CHANGE request was a LOCK',
    };
    return [stay(state), lock];
  }
  const left = again && state.contract === 'run';
  const stop: Branch = { to: BOUND_UNLOCKED, cost: left ? 0 : 1, assumes: 'the STATE_CHANGE request was a STOP' };
  const stops = isNoStop ? [] : [stop];
  if (state.device === 'locked') return [stay(BOUND_RUN), stay(state), ...stops];
  return [stay(state), ...stops];
}

/** What a device-side event does to the hypothesis: the contract stays what it was, nobody was told. */
export function afterDeviceEvent(state: TdiState, event: DeviceEvent): TdiState {
  return { ...state, device: deviceEvent(state.device, event) };
}

/** A step that can happen without a record. */
export interface SilentMove {
  readonly from: TdiState;
  readonly to: TdiState;
  readonly cost: number;
  readonly assumes: string | null;
  /** Classes that rule the step out when all events of one of them are declared to be in the capture. */
  readonly ruledOutBy: readonly EventClass[];
}

/**
 * The silent moves and their prices: 0 what the host cannot see by nature, 1 what a guest or the device does unseen, 2 an
 * unrecorded operation of the host.
 */
export const SILENT_MOVES: readonly SilentMove[] = TDI_STATES.flatMap(movesFrom);

/** The same for what an unbind has left behind. */
export const LEFT_MOVES: readonly SilentMove[] = LEFT_STATES.flatMap(movesFrom);

function movesFrom(from: TdiState): SilentMove[] {
  const moves: SilentMove[] = [];
  const add = (to: TdiState, cost: number, assumes: string | null, ruledOutBy: EventClass[]) =>
    moves.push({ from, to, cost, assumes, ruledOutBy });
  const fall = () => {
    if (from.device === from.contract && from.contract !== 'unlocked') {
      add({ ...from, device: 'error' }, 1, 'the device fell to ERROR unseen', []);
      add({ ...from, device: 'unlocked' }, 2, 'an unrecorded conventional reset', ['reset']);
    }
    if (from.device === 'error') {
      // TDISP lets a device scrub itself and leave ERROR for CONFIG_UNLOCKED without being asked.
      add({ ...from, device: 'unlocked' }, 0, null, []);
    }
  };
  if (from.bind === 'unbound') add(CONNECTED, 2, 'an unrecorded connect', ['link']);
  if (from.bind === 'connected') {
    add(UNBOUND, 2, 'an unrecorded disconnect', ['link']);
    add(BOUND_LOCKED, 2, 'an unrecorded bind', ['bind']);
    if (from.contract !== 'unlocked') {
      add(CONNECTED, 1, 'an unrecorded STOP after the unbind', ['firmware']);
      fall();
    }
  }
  if (from.bind === 'bound') {
    add(CONNECTED, 2, 'an unrecorded unbind', ['bind']);
    // A disconnect unbinds first, through __pci_tsm_unbind(): a capture that holds every unbind shows it.
    add(UNBOUND, 2, 'an unrecorded disconnect', ['bind', 'link']);
    if (from.contract === 'unlocked') add(BOUND_LOCKED, 1, 'an unrecorded LOCK', ['guest-request', 'doe']);
    else add(BOUND_UNLOCKED, 1, 'an unrecorded STOP while bound', ['guest-request', 'doe']);
    if (from.device === 'locked') add(BOUND_RUN, 0, null, ['guest-request', 'doe']);
    fall();
  }
  return moves;
}
