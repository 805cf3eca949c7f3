import type { Step } from '../replay/step.ts';
import { doc } from './docs/lock-before-ide-stream.ts';
import type { Rule } from './rule.ts';
import { isOnlyManaged, isOnlyStream } from './streams.ts';

const WHY = {
  'set-up': 'its IDE stream was set up and not enabled',
  failed: 'its IDE stream could not be enabled',
  disabled: 'its IDE stream was disabled',
} as const;

/** EINTR, EAGAIN, ENOMEM, EBUSY, ENODEV, EOPNOTSUPP, ERESTARTSYS: nobody looked at the device. */
const OTHER_REASONS: ReadonlySet<number> = new Set([-4, -11, -12, -16, -19, -95, -512]);

/** Of a call whose entry was not recorded nobody knows what it did inside; of one that failed after the lock, that the lock did not. */
function wasRefused({ event, track }: Step): boolean {
  const { kind, pairId, outcome, code } = event;
  if (pairId === null || (kind === 'tsm.bind' && track.ledger.lockInBind?.done === true)) return false;
  return outcome === 'failed' && (code === null || !OTHER_REASONS.has(code));
}

export const rule: Rule = {
  doc,
  rank: 26,
  restsOnBind: false,
  settledBy: ['ide'],
  judge(step) {
    const { effect, options } = step;
    if (effect.type !== 'lock-over-stream') return null;
    const { missing } = effect;
    const complete = options.complete.has('ide');
    if (missing === null) {
      return { wrongIn: () => true, provedByAnswer: false, summary: 'the TDI was to be locked over an IDE stream' };
    }
    // Whoever probes the setting up need not have probed the enabling.
    if (missing.why === 'set-up' && !complete) return null;
    const charge = {
      wrongIn: () => true,
      shownBy: [missing.at],
      summary: `the TDI was to be locked while ${WHY[missing.why]}`,
    };
    // One that could not be enabled may become secure all the same.
    if (missing.why === 'disabled' && wasRefused(step)) {
      if (isOnlyStream(step, missing.at)) return charge;
      const { managed } = effect;
      if (managed != null && isOnlyManaged(step, missing.at, managed))
        return { ...charge, shownBy: [missing.at, managed.shownBy] };
    }
    return {
      ...charge,
      // A device that needs the stream refuses the lock; one that takes it had its stream, or needs none.
      atMost: complete && wasRefused(step) ? 'probable' : 'possible',
      takesForGranted: [
        'the device wants IDE: one inside the root complex may not',
        ...(complete ? [] : ['no other stream was enabled unseen']),
      ],
    };
  },
};
