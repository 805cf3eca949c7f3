import type { ReplayOptions } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { Draft } from '../rules/draft.ts';
import type { Rule } from '../rules/rule.ts';
import { strength } from '../rules/verdict.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { succeeding, withoutAnswers } from './answers.ts';
import { bySize, type Case, isOfHardware, type Move, moveOf, movesFor, underWay } from './edits.ts';
import type { History, Unit } from './history.ts';
import { insertsFor } from './inserts.ts';
import { takerOf } from './movable.ts';
import { nameOf, operationOf, recorded } from './names.ts';
import type { LegalOrder } from './order.ts';
import { type Shelf, type Stretch, Stretches } from './stretch.ts';
import { type Found, type Judged, Laboratory, LEDGERED, type Outcome, type Question, type Reading } from './trial.ts';
import { decidesNoState } from './turning.ts';
import { unlockAfter } from './unlock.ts';

/** Headlines whose legal order is looked for: the surest ones, the earlier first. */
export const TREATED_MAX = 64;

/** Records that are replayed for all of them: what a log that was made to be slow can cost. */
const SPENT_MAX = 1_000_000;

/** What was found, and how many headlines were left out. */
export interface LegalOrders {
  readonly orders: ReadonlyMap<Draft, LegalOrder>;
  readonly left: number;
}

/** What the search replays with. */
export interface Setting {
  readonly rules: readonly Rule[];
  readonly options: ReplayOptions;
  readonly tracks: readonly DeviceTrack[];
}

/**
 * For every headline the smallest change of order that the model and all rules call legal: recorded operations are moved, then one is
 * added, then the step is left out. Findings of the same operation share the answer of their headline. Bounded: a
 * headline costs at most some hundred replays of some hundred records.
 */
export async function legalOrders(shelf: Shelf, drafts: readonly Draft[], setting: Setting): Promise<LegalOrders> {
  const orders = new Map<Draft, LegalOrder>();
  const headlines = drafts
    .filter(({ causedBy, verdict }) => causedBy === null && verdict !== 'inconsistent')
    .map((draft, index) => ({ draft, index }))
    .sort((a, b) => strength(b.draft.verdict) - strength(a.draft.verdict) || a.index - b.index)
    .map(({ draft }) => draft);
  const treated = headlines.slice(0, TREATED_MAX);
  if (treated.length > 0) {
    const search = new Search(shelf, setting);
    for (const draft of treated) if (search.spent < SPENT_MAX) orders.set(draft, await search.of(draft));
    for (const draft of drafts) {
      const order = draft.causedBy === null ? undefined : orders.get(draft.causedBy);
      if (order !== undefined && isOfOperation(draft, draft.causedBy)) orders.set(draft, order);
    }
  }
  return { orders, left: headlines.filter((draft) => !orders.has(draft)).length };
}

function isOfOperation(draft: Draft, headline: Draft | null): boolean {
  return headline !== null && draft.operation === headline.operation && draft.track === headline.track;
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
    if (stretch === null) return UNKNOWN;
    if (stretch.isDisordered) return DISORDERED;
    return new Trials(this.#laboratory, this.#setting, draft, stretch).best();
  }
}

const UNKNOWN: LegalOrder = {
  kind: 'unknown',
  reason: 'the records around the step, replayed by themselves, do not show the finding',
};

const UNEXPLAINED: LegalOrder = {
  kind: 'unknown',
  reason: 'by what was recorded the step came in the right state, and was refused all the same',
};

const BESIDE: LegalOrder = {
  kind: 'unknown',
  reason: 'the rule goes by what was recorded beside the state of the TDI, which is not tried in other orders',
};

const DISORDERED: LegalOrder = {
  kind: 'unknown',
  reason: 'the times contradict the order of the lines, so that the order it had is not known',
};

const NOT_SHOWN = 'is not shown to be right by what was recorded';

const NOTHING: Unit = new Set();

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
  'accept-before-report': 'the model does not follow who has read the report',
};

const REST_UNMAPPED = 'RMI_RTT_DEV_UNMAP of what is still mapped';

/** Operations of the core whose steps the replay does not follow: their end says what became of the TDI. */
const GOVERNS: ReadonlySet<StoredEvent['kind']> = new Set(['tsm.unbind', 'tsm.unbind_core', 'tsm.bind', 'tsm.destroy']);

const STATE_OF_STEPS: ReadonlySet<StoredEvent['kind']> = new Set([
  'mmio.unmap',
  'tdi.destroy',
  'tdisp.lock',
  'tdisp.start',
  'tdisp.report',
  'tdisp.request',
  'firmware.refused',
]);

const REQUESTS: ReadonlySet<StoredEvent['kind']> = new Set(['tdisp.lock', 'tdisp.start', 'tdisp.report']);

/** Their TDI is another one once they are dissolved: to be no concern of theirs is to be right. */
const TIED: ReadonlySet<Case['effect']> = new Set(['vm-destroy', 'tsm-unregister']);

/** The stretch with the core's own operation around the step taken apart, where the order of its steps is the question. */
function opened(stretch: Stretch): Stretch {
  const { history, step } = stretch;
  if (!STATE_OF_STEPS.has(step.kind)) return stretch;
  const calls = history.callsAround(step).filter(({ kind }) => GOVERNS.has(kind));
  const ids = new Set(calls.flatMap(({ id, pairId }) => (pairId === null ? [id] : [id, pairId])));
  if (ids.size === 0) return stretch;
  const inner = history.changed((event) => (ids.has(event.id) ? null : event));
  return { ...stretch, history: inner, step: inner.event(step.id) ?? step };
}

/** The orders tried for one finding. */
class Trials {
  readonly #laboratory: Laboratory;
  readonly #setting: Setting;
  readonly #draft: Draft;
  readonly #stretch: Stretch;
  readonly #question: Question;
  /** The records of the operation that the step is part of. */
  readonly #operation: Unit;
  readonly #baselines = new Map<Reading, Outcome>();
  /** What spoke against the first order tried. */
  #objection: string | null = null;

  constructor(laboratory: Laboratory, setting: Setting, draft: Draft, stretch: Stretch) {
    this.#laboratory = laboratory;
    this.#setting = setting;
    this.#draft = draft;
    this.#stretch = opened(stretch);
    const { step, deviceId, history } = this.#stretch;
    this.#operation = history.unit(history.callsAround(step).at(-1) ?? step);
    // What the firmware says is the answer to the request that the call around it makes.
    const request = history.callsAround(step).find(({ kind }) => REQUESTS.has(kind)) ?? step;
    this.#question = { rule: draft.rule, deviceId, steps: history.unit(request) };
  }

  async best(): Promise<LegalOrder> {
    const { history, step, deviceId } = this.#stretch;
    const { charges, found } = await this.#baseline('as-declared');
    const isRefusal = ({ charge }: Judged) => charge.provedByAnswer === true;
    const judged = charges.find(({ held }) => !held) ?? charges.find(isRefusal);
    if (judged === undefined || !found.some((one) => this.#isTheFinding(one))) return UNKNOWN;
    if (this.#draft.rule.doc.id === 'unlock-before-private-mmio-unmap') return this.#unlocked();
    if (isRefusal(judged) && (await this.#objectionTo(history, NOTHING)) === null) return UNEXPLAINED;
    const { charge, effect, states } = judged;
    if (decidesNoState(charge.wrongIn) && !LEDGERED.has(effect)) return BESIDE;
    const open: Case = { history, step, deviceId, charge, effect, states };
    const needed = !TIED.has(effect);
    for (const move of movesFor(open)) {
      if (!(await this.#isLegalMove(move, needed && !isFirstBind(move.what, open)))) continue;
      return move.overLoss ? this.#lost(move) : this.#moved(move);
    }
    const other = underWay(open);
    if (other !== null)
      return { kind: 'unknown', reason: `${nameOf(other)}${this.#at(other.id, false)} was under way` };
    return (await this.#inserted(open, needed)) ?? (await this.#omitted(open)) ?? this.#none();
  }

  #lost({ what, other }: Move): LegalOrder {
    const [one, two] = [what, other]
      .sort((a, b) => a.id - b.id)
      .map((event) => `${nameOf(event)}${this.#at(event.id, false)}`);
    return { kind: 'unknown', reason: `records were lost between ${one} and ${two}` };
  }

  /** Where the firmware is the one that follows what is mapped. */
  async #unlocked(): Promise<LegalOrder> {
    const { history, step, deviceId } = this.#stretch;
    const unlock = unlockAfter(history, step, deviceId, this.#setting.options.platform);
    if (unlock === 'unknown') return { kind: 'unknown', reason: 'the record does not say why the unlock was refused' };
    const last = unlock.unmaps?.at(-1);
    if (last === undefined) return { kind: 'insert', what: REST_UNMAPPED, other: recorded(step) };
    const open = { history, step, deviceId };
    const moves = [
      ...(unlock.unmaps?.length === 1 ? [moveOf(open, last, step, 'before')] : []),
      moveOf(open, step, last, 'after'),
    ];
    for (const move of bySize(moves)) {
      if (await this.#isLegalMove(move, false)) return move.overLoss ? this.#lost(move) : this.#moved(move);
    }
    return this.#none();
  }

  #moved({ what, other, place, distance }: Move): LegalOrder {
    const { history, step } = this.#stretch;
    const named = (event: StoredEvent, past: StoredEvent) =>
      event === step ? operationOf(history, step, history.apartFrom(step, past)) : recorded(event);
    return { kind: 'move', what: named(what, other), place, other: named(other, what), distance };
  }

  /** @param judged the rule has to call the step right. */
  async #isLegalMove({ what, other, moved, target, place }: Move, judged = true): Promise<boolean> {
    const { history } = this.#stretch;
    const edited = history.withMoved(moved, target, place);
    const touched = new Set([...moved, ...history.unit(other), ...history.unit(this.#stretch.step)]);
    const objection = await this.#objectionTo(edited, touched, judged);
    this.#note(objection, `${nameOf(what)} ${place} ${nameOf(other)}`);
    return objection === null;
  }

  async #inserted(open: Case, needed: boolean): Promise<LegalOrder | null> {
    const { history, step } = open;
    const outermost = history.callsAround(step).at(-1) ?? step;
    for (const { name, events, inside } of insertsFor(open, this.#setting.options.platform)) {
      const target = history.unit(inside ? step : outermost);
      const edited = withoutLeftovers(history, events).withInserted(events, target);
      const touched = new Set([...history.unit(step), ...events.map(({ id }) => id)]);
      const objection = await this.#objectionTo(edited, touched, needed);
      const other = operationOf(history, step, inside ? step : outermost);
      if (objection === null) return { kind: 'insert', what: name, other };
      this.#note(objection, `a ${name} before ${other.name}`);
    }
    return null;
  }

  /** Only what does nothing where it stands can be left out. */
  async #omitted({ history, step, effect }: Case): Promise<LegalOrder | null> {
    if (effect !== 'unbind') return null;
    const unit = history.unit(step);
    const objection = await this.#objectionTo(history.without(unit), unit, false);
    return objection === null ? { kind: 'omit', what: recorded(step) } : null;
  }

  #none(): LegalOrder {
    if (this.#objection?.endsWith(NOT_SHOWN) === true) return { kind: 'unknown', reason: this.#objection };
    return {
      kind: 'none',
      reason: this.#objection ?? 'nothing recorded, and no single operation more, sets the step right',
    };
  }

  #note(objection: string | null, order: string): void {
    if (objection !== null) this.#objection ??= `${order} ${objection}`;
  }

  /**
   * What speaks against an order, in words after "this order"; null where the model calls it legal, both with what was declared and
   * where nothing happened but what was recorded.
   *
   * @param touched what was moved or added, what it was moved past, and the step: nothing of it may be wrong where it stands now.
   * @param judged the rule has to call the step right; where it is left out, or no state decides, nothing is to be asked.
   */
  async #objectionTo(edited: History, touched: Unit, judged = true): Promise<string | null> {
    const { step, deviceId } = this.#stretch;
    for (const reading of ['as-declared', 'nothing-unseen'] as const) {
      const before = await this.#baseline(reading);
      const history = withoutAnswers(read(edited, reading), step, deviceId);
      const after = await this.#laboratory.replay(history, this.#question, reading);
      const known = new Set(before.found.map(keyOf));
      const broken = after.found.find(
        (one) =>
          !known.has(keyOf(one)) ||
          (one.deviceId === deviceId && (touched.has(one.violation) || this.#operation.has(one.violation))),
      );
      if (broken !== undefined) return `breaks ${broken.rule}${this.#at(broken.violation)}`;
      const denied = [...after.impossible].find((id) => !before.impossible.has(id));
      if (denied !== undefined) return `does not go with what was recorded${this.#at(denied)}`;
      if (judged && (after.charges.length === 0 || after.charges.some(({ held }) => !held))) return NOT_SHOWN;
    }
    return null;
  }

  #at(id: number, names = true): string {
    const event = this.#stretch.history.event(id);
    if (event === null) return '';
    const isHere = event.sourceId === this.#draft.violation.sourceId;
    if (!names) return isHere ? ` (line ${event.line})` : '';
    return isHere ? ` at line ${event.line} (${nameOf(event)})` : ` at ${nameOf(event)}`;
  }

  async #baseline(reading: Reading): Promise<Outcome> {
    const known = this.#baselines.get(reading);
    if (known !== undefined) return known;
    const outcome = await this.#laboratory.replay(read(this.#stretch.history, reading), this.#question, reading);
    this.#baselines.set(reading, outcome);
    return outcome;
  }

  #isTheFinding({ rule, deviceId, violation }: Found): boolean {
    const { rule: by, track, violation: record } = this.#draft;
    return rule === by.doc.id && deviceId === track.id && violation === record.id;
  }
}

/** Where an unbind is added, nothing is left for those that unbind by themselves what they take away. */
function withoutLeftovers(history: History, added: readonly StoredEvent[]): History {
  if (!added.some(({ kind }) => kind === 'tsm.unbind')) return history;
  const leftovers = history.events.filter((event) => takerOf(history, event) !== null);
  return leftovers.length === 0
    ? history
    : history.without(new Set(leftovers.flatMap((event) => [...history.unit(event)])));
}

/** The first bind of the stretch: that it succeeded says that the function was not bound before. */
function isFirstBind(event: StoredEvent, { history, deviceId }: Case): boolean {
  return event === history.events.find((one) => one.deviceId === deviceId && one.kind === 'tsm.bind');
}

function read(history: History, reading: Reading): History {
  return reading === 'nothing-unseen' ? succeeding(history) : history;
}

function keyOf({ rule, deviceId, violation }: Found): string {
  return `${rule} ${deviceId} ${violation}`;
}
