import type { AssumptionKind } from '../model/analysis.ts';

/** What a finding takes for granted: a sentence, and what it is about. */
export interface Premise extends AssumptionKind {
  readonly text: string;
}

/** What would have to have happened without a record for the step to be right. */
export function unseenSteps(text: string): Premise {
  return { text, code: 'unseen-steps', record: null };
}

/** @param record as the sentence begins, such as `line 618 (pci_tsm_bind)`; what is `said` of it may be said of others. */
export function ofRecord(record: string, said: string): Premise {
  return { text: `${record} ${said}`, code: 'of-record', record };
}

export function textOf(premise: string | Premise): string {
  return typeof premise === 'string' ? premise : premise.text;
}

export function kindOf(premise: string | Premise): AssumptionKind {
  if (typeof premise === 'string') return PLAIN;
  const { code, record } = premise;
  return { code, record };
}

const PLAIN: AssumptionKind = Object.freeze({ code: 'premise', record: null });
