import type { ReplayOptions } from '../replay/replay.ts';
import type { Charge, Rule } from './rule.ts';

/**
 * Whether a rule holds on the platform of the records. `perhaps`: it does on what other inputs prove, if they are of the same
 * machine. `undecided`: nothing tells.
 */
export type Holding = 'yes' | 'perhaps' | 'undecided' | 'no';

export function holding({ doc: { platforms } }: Rule, { platform, x86, perhaps = [] }: ReplayOptions): Holding {
  if (platform !== 'generic') return platforms.includes(platform) ? 'yes' : 'no';
  // What does not hold on the machine that this may be is not asked.
  if (!perhaps.every((one) => platforms.includes(one))) return 'undecided';
  // On x86 an undecided platform is TDX or SEV-TIO: a rule that holds for both holds.
  const both = platforms.includes('tdx') && platforms.includes('sev-tio');
  if (platforms.includes('generic') || (x86 && both)) return 'yes';
  return perhaps.length > 0 ? 'perhaps' : 'undecided';
}

/** Whether a rule is asked at all. */
export function isApplied(rule: Rule, options: ReplayOptions): boolean {
  const holds = holding(rule, options);
  return holds === 'yes' || holds === 'perhaps';
}

/** The charge of a rule that holds only if the inputs are of one machine, which nothing shows: they may be of two. */
export function ifOfOneMachine(charge: Charge, { perhaps = [] }: ReplayOptions): Charge {
  const names = perhaps.join(' or ');
  return {
    ...charge,
    // What would lift the cap lifts another one.
    ...(charge.rightedBy && { rightedBy: { ...charge.rightedBy, otherwiseAtMost: 'possible' } }),
    atMost: 'possible',
    takesForGranted: [
      ...(charge.takesForGranted ?? []),
      `this input is of the same machine as the one that proves the platform to be ${names}`,
    ],
    toConfirm: [...(charge.toConfirm ?? []), `if the inputs are of one machine, say so: --platform ${names}`],
  };
}
