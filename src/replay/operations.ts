import { parseInteger } from '../events/numbers.ts';
import { STATE_CHANGE } from '../model/link.ts';
import {
  afterBind,
  afterConnect,
  afterDeviceEvent,
  afterDisconnect,
  afterGuestRequest,
  afterUnbind,
  type BindLocks,
  isLeft,
  type Rebind,
  type StopAnswer,
} from '../model/tdi.ts';
import type { DeviceEvent } from '../model/tdisp.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Belief } from './belief.ts';
import type { Effect } from './effects.ts';

const ENXIO = -6;
const EBUSY = -16;

/** What an operation's effect depends on besides the state. */
export interface Setting {
  readonly locks: BindLocks;
  /** A state change was asked for before, in the same binding. */
  readonly again: boolean;
  /** Of a request, when it has come to its end: what it carried was recorded, and is no STOP. */
  readonly isNoStop?: true;
  /** Of a bind, when it has come to its end. */
  readonly rebind: Rebind;
  /** Of an unbind, when it has come to its end: what was answered to its STOP. Absent: nothing speaks against it. */
  readonly stop?: StopAnswer;
}

/** Whether the event starts or ends an operation that moves the bind or contract layer. */
export function isOperation(event: StoredEvent): boolean {
  return OPERATIONS.has(event.kind);
}

const OPERATIONS: ReadonlySet<string> = new Set([
  'tsm.connect',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.bind',
  'tsm.bind_core',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.guest_request',
  'tsm.destroy',
]);

/**
 * The belief after the operation has come to its end. `before` is closed under the silent moves. Empty where no hypothesis
 * can explain the record.
 */
export function afterOperation(before: Belief, event: StoredEvent, setting: Setting): Belief {
  if (event.outcome === 'failed') return afterRefusal(before, event);
  const done = afterSuccess(before, event, setting);
  if (event.outcome !== 'unknown') return done;
  // No result recorded: most calls succeed, so failure has the price of one assumption.
  return done.or(before, 1, `the ${NAMES[event.kind] ?? event.kind} failed`, placeOf(event));
}

/** Between the entry and the exit of an operation either order of things may hold. */
export function duringOperation(before: Belief, event: StoredEvent, setting: Setting): Belief {
  return event.outcome === 'failed' ? before : before.or(afterSuccess(before, event, setting));
}

const NAMES: Partial<Record<StoredEvent['kind'], string>> = {
  'tsm.connect': 'connect',
  'tsm.disconnect': 'disconnect',
  'tsm.disconnect_core': 'disconnect',
  'tsm.bind': 'bind',
  'tsm.bind_core': 'bind',
  'tsm.guest_request': 'guest request',
  // Only an ioctl that unbinds has a result.
  'tsm.unbind_core': 'unbind',
};

function afterSuccess(before: Belief, event: StoredEvent, setting: Setting): Belief {
  switch (event.kind) {
    case 'tsm.connect':
      return before.apply(afterConnect, placeOf(event));
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
    case 'tsm.destroy':
      return before.apply(afterDisconnect, placeOf(event));
    case 'tsm.bind':
    case 'tsm.bind_core':
      return before.apply((state) => afterBind(state, setting.locks, setting.rebind), placeOf(event));
    case 'tsm.unbind':
    case 'tsm.unbind_core':
      return wasBound(before, setting).apply((state) => afterUnbind(state, setting.stop), placeOf(event));
    case 'tsm.guest_request': {
      const scope = parseInteger(event.args['scope']);
      // Without its scope (function tracer) a request may be anything; INFO and DEBUG change nothing.
      return before.apply(
        (state) =>
          afterGuestRequest(
            state,
            scope === null || scope === STATE_CHANGE,
            setting.locks,
            setting.again,
            setting.isNoStop === true,
          ),
        placeOf(event),
      );
    }
    default:
      return before;
  }
}

/** An unbind that was told why the TDI cannot be stopped found it bound: before its end that was open. */
function wasBound(before: Belief, { stop }: Setting): Belief {
  const bound = stop === 'kept' ? before.where((state) => state.bind === 'bound' || isLeft(state)) : before;
  return bound.empty ? before : bound;
}

/** Small: an event would keep its text alive as long as somebody assumes something about it. */
function placeOf({ sourceId, line }: StoredEvent): { sourceId: number; line: number } {
  return { sourceId, line };
}

/** What a refusal tells about the state before it (drivers/pci/tsm.c, 7.1). */
function afterRefusal(before: Belief, event: StoredEvent): Belief {
  if (event.kind === 'tsm.guest_request' && event.code === ENXIO) {
    return before.apply((state) => (state.bind === 'bound' ? [] : [{ to: state, cost: 0, assumes: null }]), null);
  }
  if (event.kind === 'tsm.connect' && event.code === EBUSY) {
    return before.apply((state) => (state.bind === 'unbound' ? [] : [{ to: state, cost: 0, assumes: null }]), null);
  }
  return before;
}

/**
 * vfio_pci_core_enable() runs at the first open only: a function that was bound was closed since, without a record, and most likely unbound
 * then, or before. That an unbind is missing, too, is ruled out where every one was recorded.
 */
export function afterUnseenClose(before: Belief, place: StoredEvent): Belief {
  return before.or(before.apply((state) => afterUnbind(state), placeOf(place)));
}

/** What an effect does to the device below the contract: nobody is told, the contract stays. */
export function afterEffect(before: Belief, effect: Effect): Belief {
  switch (effect.type) {
    case 'command-clear': {
      const cleared = after(before, 'command-clear');
      // A bit that was clear is no change.
      return effect.certain ? cleared : before.or(cleared);
    }
    case 'disable':
    // vfio_pci_core_disable() clears Bus Master and resets the function, recorded or not.
    case 'function-reset':
      return perhaps(effect, before, after(before, 'flr'));
    case 'removal':
    case 'conventional-reset':
      return perhaps(effect, before, after(before, 'conventional-reset'));
    case 'power-loss':
      return effect.certain ? after(before, 'power-loss') : before.or(after(before, 'power-loss'));
    case 'config-change':
      return before.or(after(before, 'config-change'));
    case 'stream-stop':
    case 'session-end':
      return after(before, 'stream-insecure');
    case 'sriov-change':
      return after(before, 'sriov-change');
    default:
      return before;
  }
}

function after(before: Belief, event: DeviceEvent): Belief {
  return before.after(event, (state) => afterDeviceEvent(state, event));
}

/** A call that failed may have done it, or not. */
function perhaps(effect: Effect, before: Belief, after: Belief): Belief {
  return 'mayBeUndone' in effect ? before.or(after) : after;
}
