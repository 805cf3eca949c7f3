import { doc } from './docs/lock-before-ide-stream.ts';
import type { Rule } from './rule.ts';

const WHY = {
  'set-up': 'its IDE stream was set up and not enabled',
  failed: 'its IDE stream could not be enabled',
  disabled: 'its IDE stream was disabled',
} as const;

export const rule: Rule = {
  doc,
  rank: 26,
  restsOnBind: false,
  settledBy: ['ide'],
  judge({ effect, event, options }) {
    if (effect.type !== 'lock-over-stream') return null;
    const { missing } = effect;
    const complete = options.complete.has('ide');
    if (missing === null) {
      return { wrongIn: () => true, provedByAnswer: false, summary: 'the TDI was to be locked over an IDE stream' };
    }
    // Whoever probes the setting up need not have probed the enabling.
    if (missing.why === 'set-up' && !complete) return null;
    return {
      wrongIn: () => true,
      shownBy: [missing.at],
      summary: `the TDI was to be locked while ${WHY[missing.why]}`,
      // A device that needs the stream refuses the lock; one that takes it had its stream, or needs none.
      atMost: complete && event.outcome === 'failed' ? 'probable' : 'possible',
      takesForGranted: [
        'the device wants IDE: one inside the root complex may not',
        ...(complete ? [] : ['no other stream was enabled unseen']),
      ],
    };
  },
};
