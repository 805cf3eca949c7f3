import { expect, it } from 'vitest';
import type { Analysis } from '../../../src/model/analysis.ts';
import { EventList } from '../../../src/replay/event-list.ts';
import { gapsOf } from '../../../src/replay/gaps.ts';
import type { ReplayOptions } from '../../../src/replay/step.ts';
import { RULES } from '../../../src/rules/index.ts';
import { holdTrial, type Trial } from '../../../src/rules/trial.ts';
import type { NewHealth, StoredDevice, StoredEvent, StoredSource } from '../../../src/timeline/rows.ts';
import { orderExpected, outcomeOf } from '../../rules/case-file.ts';

/** A case of fixtures/rules, read once: its log as the events that the replay is given. */
export interface ReadCase {
  readonly name: string;
  readonly expect: readonly string[];
  /** Codes of what reading the log had to tell. */
  readonly health: readonly string[];
  readonly sources: readonly StoredSource[];
  readonly devices: readonly StoredDevice[];
  readonly events: readonly StoredEvent[];
  readonly rows: readonly NewHealth[];
  readonly options: Omit<ReplayOptions, 'judged' | 'side' | 'gaps'>;
}

/** What of a verdict the expectations of cases speak of. */
function analysisOf({ court, tracks }: Trial, health: readonly string[]): Analysis {
  const findings = court.findings().map((draft) => ({
    headline: draft.causedBy === null,
    verdict: draft.verdict,
    rule: draft.rule.doc.id,
    device: draft.track.bdf,
    evidence: draft.evidence
      .toSorted((a, b) => a.event.id - b.event.id)
      .map(({ event, role }) => ({ role, line: event.line })),
  }));
  const rules = court
    .coverage(tracks)
    .map(({ rule, track, status, missing }) => ({ rule: rule.doc.id, device: track.bdf, status, missing }));
  const codes = [...health, ...court.impossibles.map(() => 'belief-reset')];
  return { findings, rules, health: codes.map((code) => ({ code })) } as unknown as Analysis;
}

export async function outcome({ sources, devices, events, options, health, rows, expect: wanted }: ReadCase) {
  const trial = await holdTrial(
    new EventList(sources, devices, events),
    { ...options, gaps: gapsOf(rows), judged: () => true, side: null },
    RULES,
  );
  return outcomeOf(analysisOf(trial, health), wanted).toSorted();
}

for (const one of (globalThis as { readCases?: readonly ReadCase[] }).readCases ?? []) {
  it(one.name, async () => {
    expect(await outcome(one)).toEqual(orderExpected(one.expect).toSorted());
  });
}
