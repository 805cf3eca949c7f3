import type { EventClass, Platform } from '../model/states.ts';

/**
 * What `tdi-trace explain RULE` prints: everything a maintainer asks before believing a finding. Plain text, own words,
 * facts with their source; the specification is never quoted.
 */
export interface RuleDoc {
  readonly id: string;
  /** Five to nine words, no full stop: what is wrong. */
  readonly title: string;
  /** The right order in one sentence. */
  readonly order: string;
  /** Why the order matters: the mechanism, in two to five sentences. */
  readonly why: string;
  /** What happens otherwise, in one or two sentences; printed in findings. */
  readonly consequence: string;
  /** What to do, in one or two sentences; printed in findings. */
  readonly remedy: string;
  /** Which records show it: symbols, messages, and what each proves. */
  readonly evidence: readonly string[];
  /** How to find out that a finding of this rule is wrong. */
  readonly disprove: readonly string[];
  readonly platforms: readonly Platform[];
  /** Classes without which the rule is blind: of the step itself, and of the state it is judged in. */
  readonly needs: { readonly trigger: readonly EventClass[]; readonly state: readonly EventClass[] };
  /** Kernel function with version, specification section, or mailing-list message. */
  readonly sources: readonly string[];
}
