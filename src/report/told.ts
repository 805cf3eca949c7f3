import type { Analysis, RuleCoverage } from '../model/analysis.ts';
import type { EventClass } from '../model/states.ts';
import { isAtLeast } from './headlines.ts';

/** How many rules could tell what of a device. `doubtful`: violated by findings only that accuse nobody. */
export interface Tally {
  readonly violated: number;
  readonly doubtful: number;
  readonly held: number;
  readonly blind: number;
}

/** By the id of the device; none for a device without rules. */
export function tallies({ rules, findings }: Pick<Analysis, 'rules' | 'findings'>): ReadonlyMap<string, Tally> {
  const accusing = new Set(findings.filter(({ verdict }) => isAtLeast(verdict, 'probable')).map(({ id }) => id));
  const of = (own: readonly RuleCoverage[]): Tally => {
    const having = (status: RuleCoverage['status']) => own.filter((rule) => rule.status === status);
    const found = having('violated');
    const violated = found.filter((rule) => rule.findings.some((id) => accusing.has(id))).length;
    return {
      violated,
      doubtful: found.length - violated,
      held: having('held').length,
      blind: having('blind').length,
    };
  };
  const byDevice = Map.groupBy(rules, ({ device_id }) => device_id);
  return new Map([...byDevice].map(([device, own]) => [device, of(own)]));
}

/** Whether the capture tells more of the device than that it is there. */
export function isTold({ violated, doubtful, held }: Tally): boolean {
  return violated + doubtful + held > 0;
}

/** Whether a rule could tell something. */
export function tells({ status }: RuleCoverage): boolean {
  return status === 'violated' || status === 'held';
}

/**
 * The blind rules of the devices about which the capture tells something, of all where it tells nothing about any: a
 * capture without a single TSM line still has to say what to record.
 */
export function blindRules({ rules }: Pick<Analysis, 'rules'>): RuleCoverage[] {
  const told = new Set(rules.filter(tells).map((rule) => rule.device_id));
  return rules.filter((rule) => rule.status === 'blind' && (told.size === 0 || told.has(rule.device_id)));
}

/** The rule that judges what a reset below a port does. */
export const OF_PORTS = 'conventional-reset-while-locked';

/** The resets below ports of which nothing tells whom they reached; null where there is none. */
export function resetsOutOfSight({ health }: Pick<Analysis, 'health'>): string | null {
  const found = health.filter(({ code }) => code === 'reset-reach-unknown');
  const [only, ...others] = found;
  if (only === undefined) return null;
  return others.length > 0
    ? `resets of ${found.length} ports were recorded`
    : `a reset of a port was recorded (line ${only.line})`;
}

/** How many rules are blind, and what they want; null where none is. */
export function blindSummary(
  analysis: Pick<Analysis, 'rules'>,
  isCut: boolean,
): { readonly rules: number; readonly reasons: readonly string[] } | null {
  const rules = blindRules(analysis);
  if (rules.length === 0) return null;
  const wanted = new Set<EventClass | 'platform'>(rules.flatMap((rule) => rule.missing));
  const classesOf = (isSeen: boolean) => [
    ...new Set(
      rules.filter(({ triggers }) => triggers > 0 === isSeen).flatMap(({ missing }) => missing.filter(isClass)),
    ),
  ];
  const [unseen, seen] = [classesOf(false), classesOf(true)];
  const further = seen.filter((name) => !unseen.includes(name));
  const reasons = [
    wanted.has('platform') ? 'platform not told' : '',
    wanted.has('start') ? 'start unknown' : '',
    unseen.length > 0 ? `no such step seen${isCut ? ' in that time' : ''} (${unseen.join(', ')})` : '',
    further.length > 0 ? `none seen of these devices (${further.join(', ')})` : '',
  ].filter((reason) => reason !== '');
  return { rules: new Set(rules.map(({ rule }) => rule)).size, reasons };
}

function isClass(name: EventClass | 'platform'): name is EventClass {
  return name !== 'platform' && name !== 'start';
}
