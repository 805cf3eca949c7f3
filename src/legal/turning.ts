import type { TdiState } from '../model/states.ts';
import { afterBind, afterConnect, afterDisconnect, afterUnbind, BOUND_UNLOCKED, TDI_STATES } from '../model/tdi.ts';
import { request } from '../model/tdisp.ts';
import type { StoredEvent } from '../timeline/rows.ts';

type Wrong = (state: TdiState) => boolean;

/**
 * Where an operation that succeeds may lead, by the model's tables. A request of the guest whose payload nobody recorded leads
 * nowhere in particular: nothing rests on it.
 */
function leadsTo(kind: StoredEvent['kind'], state: TdiState): readonly TdiState[] {
  switch (kind) {
    case 'tsm.connect':
      return afterConnect(state).map(({ to }) => to);
    case 'tsm.bind':
      return afterBind(state, 'always').map(({ to }) => to);
    case 'tsm.unbind':
    case 'tsm.unbind_core':
      return afterUnbind(state).map(({ to }) => to);
    case 'tsm.disconnect':
    case 'tsm.disconnect_core':
    case 'tsm.destroy':
      return afterDisconnect().map(({ to }) => to);
    case 'tdisp.stop':
      return state.bind === 'bound'
        ? TDI_STATES.filter(({ bind, contract }) => bind === 'bound' && contract === 'unlocked')
        : [state];
    case 'guest.unlock':
      return [BOUND_UNLOCKED];
    case 'tdisp.lock':
      // It belongs to a bind, and that wants a connect.
      if (state.bind === 'unbound') return [];
      return request(state.device, 'LOCK_INTERFACE_REQUEST') === null ? [] : TDI_STATES.filter(isLocked);
    default:
      return [state];
  }
}

const isLocked = ({ contract, device }: TdiState): boolean => contract === 'locked' && device === 'locked';

/** Whether the operation takes a TDI out of the states in which a step is wrong; `states`: those that it may be in. */
export function setsRight(
  kind: StoredEvent['kind'],
  wrongIn: Wrong,
  states: readonly TdiState[] = TDI_STATES,
): boolean {
  return turns(kind, states.filter(wrongIn), (state) => !wrongIn(state));
}

/** Whether it takes a TDI into them. */
export function setsWrong(kind: StoredEvent['kind'], wrongIn: Wrong): boolean {
  return turns(
    kind,
    TDI_STATES.filter((state) => !wrongIn(state)),
    wrongIn,
  );
}

function turns(kind: StoredEvent['kind'], from: readonly TdiState[], to: Wrong): boolean {
  return from.some((state) => {
    const after = leadsTo(kind, state);
    return after.length > 0 && after.every(to);
  });
}

/** The step wants something to have been set up (a connect, a bind, a LOCK); the others want it to have been released. */
export function wantsSetup(wrongIn: Wrong): boolean {
  return wrongIn({ bind: 'unbound', contract: 'unlocked', device: 'unlocked' });
}

/** No state decides: the step is judged by what was recorded beside it. */
export function decidesNoState(wrongIn: Wrong): boolean {
  return TDI_STATES.every(wrongIn);
}
