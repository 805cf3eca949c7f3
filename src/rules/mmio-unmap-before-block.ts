import { doc } from './docs/mmio-unmap-before-block.ts';
import type { Charge, Rule } from './rule.ts';

const SAID: Readonly<Record<string, { readonly how: string; readonly lacking: NonNullable<Charge['lacking']> }>> = {
  TDX_GPA_RANGE_NOT_BLOCKED: {
    how: 'its range was not blocked',
    lacking: { what: 'TDH.MMIO.BLOCK of the range', kind: 'mmio.block', single: false },
  },
  TDX_TLB_TRACKING_NOT_DONE: {
    how: 'the TLBs had not been tracked',
    lacking: { what: 'TLB tracking (TDH.MEM.TRACK)', kind: null, single: false },
  },
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
      summary: `private MMIO was unmapped too early, and the TDX module refused it: ${said?.how ?? 'it did not say why'}`,
      ...(said === undefined ? {} : { lacking: said.lacking }),
    };
  },
};
