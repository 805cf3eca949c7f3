import type { Draft } from '../rules/draft.ts';
import { strength } from '../rules/verdict.ts';
import { isOfHardware } from './edits.ts';
import type { LegalOrder } from './order.ts';
import { type Shelf, Stretches } from './stretch.ts';
import { Laboratory, type Setting } from './trial.ts';
import { NOT_REPLAYED, Trials } from './trials.ts';

/** Headlines whose legal order is looked for: the surest ones, the earlier first. */
export const TREATED_MAX = 64;

/** Records that are replayed for all of them: what a log that was made to be slow can cost. */
const SPENT_MAX = 1_000_000;

/** What was found, and how many headlines were left out. */
export interface LegalOrders {
  readonly orders: ReadonlyMap<Draft, LegalOrder>;
  readonly left: number;
}

/**
 * For every headline the smallest change of order that the model and all rules call legal: recorded operations are moved, then one is
 * added, then the step is left out. Findings of the same operation share the answer of their headline. Bounded: a
 * headline costs at most some hundred replays of some hundred records.
 */
export async function legalOrders(shelf: Shelf, drafts: readonly Draft[], setting: Setting): Promise<LegalOrders> {
  const orders = new Map<Draft, LegalOrder>();
  const headlines = drafts
    .filter((draft) => isFirst(draft) && draft.verdict !== 'inconsistent')
    .map((draft, index) => ({ draft, index }))
    .sort((a, b) => strength(b.draft.verdict) - strength(a.draft.verdict) || a.index - b.index)
    .map(({ draft }) => draft);
  const treated = headlines.slice(0, TREATED_MAX);
  if (treated.length > 0) {
    const search = new Search(shelf, setting);
    for (const draft of treated) if (search.spent < SPENT_MAX) orders.set(draft, await search.of(draft));
    for (const draft of drafts) {
      const first = orders.has(draft) ? undefined : treated.find((one) => isOfOperation(draft, one));
      const order = first === undefined ? undefined : orders.get(first);
      if (order !== undefined) orders.set(draft, order);
    }
  }
  return { orders, left: headlines.filter((draft) => !orders.has(draft)).length };
}

/** Whether it names its operation: a headline, or what would be one if it were no part of an act with several operations. */
function isFirst(draft: Draft): boolean {
  const { causedBy, partOf } = draft;
  return causedBy === null || (partOf !== undefined && !isOfOperation(draft, causedBy));
}

function isOfOperation(draft: Draft, first: Draft): boolean {
  return draft.operation === first.operation && draft.track === first.track;
}

class Search {
  readonly #stretches: Stretches;
  readonly #laboratory: Laboratory;
  readonly #setting: Setting;

  constructor(shelf: Shelf, setting: Setting) {
    const { rules, options, tracks } = setting;
    const found = new Map(tracks.map((track) => [track.id, track]));
    const devices = shelf.devices().map((device) => {
      const track = found.get(device.id);
      return track === undefined ? device : { ...device, pf: track.pf ?? device.pf, dsm: track.dsm ?? device.dsm };
    });
    const [source] = shelf.sources();
    if (source === undefined) throw new Error('findings without a source');
    this.#setting = setting;
    this.#stretches = new Stretches(shelf, options);
    this.#laboratory = new Laboratory(rules, options, devices, source);
  }

  get spent(): number {
    return this.#laboratory.spent;
  }

  async of(draft: Draft): Promise<LegalOrder> {
    const excuse = excuseOf(draft);
    if (excuse !== null) return excuse;
    const stretch = this.#stretches.of(draft);
    if (stretch === null) return NOT_REPLAYED;
    if (stretch.isDisordered) return DISORDERED;
    return new Trials(this.#laboratory, this.#setting, draft, stretch).best();
  }
}

const DISORDERED: LegalOrder = {
  kind: 'unknown',
  reason: 'the times contradict the order of the lines, so that the order it had is not known',
};

/** Where no order can be told, and why. */
function excuseOf({ rule, violation, verdict }: Draft): LegalOrder | null {
  if (isOfHardware(violation))
    return { kind: 'none', reason: 'hardware did it, and no order of what software did avoids that' };
  const reason = BEYOND[rule.doc.id];
  if (reason !== undefined) return { kind: 'unknown', reason };
  // What a process, a VM or a TSM does names no device.
  const isSomeones = violation.deviceId !== null || violation.maybe.length > 0;
  if (verdict === 'possible' && isSomeones && (violation.certainty === 'maybe' || violation.certainty === 'none'))
    return { kind: 'unknown', reason: 'the record of the step may be of another device' };
  return null;
}

/** Findings that tell of no step that came too early or too late, or of one that the model does not follow. */
const BEYOND: Readonly<Record<string, string>> = {
  'state-readback-conflict': 'nothing recorded explains the state that was read, in whatever order',
  'tdisp-request-refused': 'the refusal does not say which step came too early or too late',
};
