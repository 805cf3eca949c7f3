import { EventList } from '../../src/replay/event-list.ts';
import type { ReplayOptions } from '../../src/replay/step.ts';
import type { Draft } from '../../src/rules/draft.ts';
import { RULES } from '../../src/rules/index.ts';
import { textOf } from '../../src/rules/premise.ts';
import { holdTrial } from '../../src/rules/trial.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { ALL_TOLD } from '../replay/replay-options.ts';
import { storedDevice, storedEvent, storedSource } from '../replay/stored-event.ts';

// Events of one log, replayed and judged as `analyze` does. The line of an event is its number here.

export type Word = readonly [kind: StoredEvent['kind'], more?: Partial<StoredEvent>];

export interface Setting extends Partial<Omit<ReplayOptions, 'complete'>> {
  readonly complete?: ReplayOptions['complete'];
  readonly sources?: readonly StoredSource[];
  readonly devices?: readonly StoredDevice[];
  readonly rules?: string;
}

export const DEVICE = storedDevice(1, '0000:02:00.0');

export async function tried(words: readonly Word[], { sources, devices, rules, ...options }: Setting = {}) {
  const events = words.map(([kind, more], index) => storedEvent(kind, { id: index + 1, ...more }));
  const trial = await holdTrial(
    new EventList(sources ?? [storedSource(1)], devices ?? [DEVICE], events),
    { ...ALL_TOLD, ...options },
    RULES.filter(({ doc }) => rules === undefined || rules.split(' ').includes(doc.id)),
  );
  const findings = trial.court.findings();
  return { trial, findings, verdicts: findings.map(brief) };
}

export const brief = ({ verdict, rule, track, violation }: Draft) =>
  `${verdict} ${rule.doc.id} ${track.id}:${violation.line}`;
/** What the finding takes for granted, sentence by sentence. */
export const granted = (draft: Draft | undefined): string[] => draft?.assumptions.map(textOf) ?? [];
export const NOTHING = new Set<never>();
export const BOUND: readonly Word[] = [['tsm.connect'], ['tsm.bind']];
