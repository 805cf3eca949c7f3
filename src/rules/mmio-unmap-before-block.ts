import { doc } from './docs/mmio-unmap-before-block.ts';
import type { Rule } from './rule.ts';

const SAID: Readonly<Record<string, string>> = {
  TDX_GPA_RANGE_NOT_BLOCKED: 'its range was not blocked',
  TDX_TLB_TRACKING_NOT_DONE: 'the TLBs had not been tracked',
};

export const rule: Rule = {
  doc,
  rank: 34,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge({ effect }) {
    if (effect.type !== 'private-unmap' || effect.answer === 'unknown' || effect.answer === 'unfinished') return null;
    const said = effect.status == null ? undefined : SAID[effect.status];
    return {
      wrongIn: () => true,
      provedByAnswer: said !== undefined,
      summary: `private MMIO was unmapped too early, and the TDX module refused it: ${said ?? 'it did not say why'}`,
    };
  },
};
