import type { CommandBit } from '../replay/command.ts';
import type { Effect } from '../replay/effects.ts';
import { type Charge, isLocked } from './rule.ts';

const NAMES: Readonly<Record<CommandBit, string>> = { mse: 'Memory Space Enable', bme: 'Bus Master Enable' };

/**
 * The charge against a clear of the bit in a port above. Never definite: the table of what a root port has to keep is informative,
 * and the TDI itself is not told.
 */
export function chargeOfPort(effect: Effect, bit: CommandBit): Charge | null {
  if (effect.type !== 'port-clear' || effect.bit !== bit) return null;
  const charge = {
    wrongIn: isLocked,
    summary: `${NAMES[bit]} of the port above was cleared while the TDI was locked or running`,
  };
  if (effect.certain) return { ...charge, atMost: 'probable' };
  return { ...charge, atMost: 'possible', takesForGranted: [`${NAMES[bit]} of the port was set before`] };
}
