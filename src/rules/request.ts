import type { ExplicitRequest } from '../replay/protocol.ts';
import type { Step } from '../replay/step.ts';
import { unlessOtherNumbers } from './other-numbers.ts';
import type { Charge } from './rule.ts';
import { weigh } from './verdict.ts';

/**
 * The charge against a TDISP request that is recorded as such, and refused. The answer decides where it names the state. Where it
 * leaves the reason open, the state does: but only where all of it was recorded (see {@link isCertain}) for sure.
 */
export function chargeOfRequest(
  step: Step,
  request: ExplicitRequest,
  wrongIn: Charge['wrongIn'],
  summary: string,
): Charge | null {
  const { effect } = step;
  if (effect.type !== 'request' || effect.request !== request) return null;
  if (effect.answer === 'unknown' || effect.answer === 'unfinished') return null;
  if (effect.answer === 'refused' || effect.answer === 'mapped') return null;
  const certain = isCertain(step, wrongIn);
  if (effect.answer === 'not-ready') {
    const charge: Charge = { wrongIn, summary, onlyIfLikely: true, symptom: true };
    if (certain) return charge;
    const takesForGranted = ['the state was the reason: RMI_ERROR_DEVICE also says that a message is still under way'];
    return { ...charge, atMost: 'possible', takesForGranted };
  }
  const proved = effect.answer === 'wrong-state';
  const charge = unlessOtherNumbers(
    { wrongIn, summary, provedByAnswer: proved, symptom: true },
    certain ? undefined : effect.otherNumbers,
  );
  if (effect.named || effect.answer !== 'wrong-state' || certain) return charge;
  return {
    ...charge,
    atMost: 'probable',
    takesForGranted: [
      'the error is that of the check of the state: the function may fail for others with the same one',
    ],
  };
}

/**
 * Whether the records leave no state in which the request is right, and its refusal says no more than that. What drivers ask of
 * the firmware has to be recorded whole; inside an operation of the core it is open how far that one had come.
 */
export function isCertain({ belief, calls, options }: Step, wrongIn: Charge['wrongIn']): boolean {
  if (!options.complete.has('firmware') || calls.some(({ kind }) => OPERATIONS.has(kind))) return false;
  return weigh(belief, wrongIn) === 'definite';
}

const OPERATIONS: ReadonlySet<string> = new Set([
  'tsm.bind',
  'tsm.bind_core',
  'tsm.unbind',
  'tsm.unbind_core',
  'tsm.connect',
  'tsm.connect_core',
  'tsm.disconnect',
  'tsm.disconnect_core',
  'tsm.destroy',
]);
