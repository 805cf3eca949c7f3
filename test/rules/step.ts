import type { TdiState } from '../../src/model/states.ts';
import { TDI_STATES } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import { SourceClocks } from '../../src/replay/clocks.ts';
import type { Effect } from '../../src/replay/effects.ts';
import type { Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { NOTHING_TOLD } from '../replay/replay-options.ts';
import { storedDevice, storedEvent, storedSource } from '../replay/stored-event.ts';

/** Those of a step. */
export const OPTIONS = NOTHING_TOLD;

export const CLOCKS = new SourceClocks([storedSource(1)]);

/** A step on a function whose address is known; what is believed is everything. */
export function stepOf(effect: Effect, more: Partial<Step> = {}): Step {
  return {
    event: storedEvent('pci.flr', { id: 50 }),
    effect,
    track: new DeviceTrack(storedDevice(1, '0000:02:00.0'), false),
    belief: Belief.unknown(),
    calls: [],
    reach: null,
    options: OPTIONS,
    clocks: CLOCKS,
    unordered: null,
    ...more,
  };
}

const name = ({ bind, contract, device }: TdiState) => (bind === 'bound' ? `${contract}/${device}` : bind);

/** The states of which a test holds, by bind, or by contract and device. */
export function statesWhere(test: (state: TdiState) => boolean): string {
  return TDI_STATES.filter(test).map(name).join(' ');
}
