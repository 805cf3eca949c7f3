import type { Draft } from '../rules/draft.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { succeeding, withoutAnswers } from './answers.ts';
import { type Edit, insertedEdits, movedEdits, wordsOf } from './changes.ts';
import { bySize, type Case, type Move, moveOf, movesFor, underWay } from './edits.ts';
import { onBoundSide } from './guest-bound.ts';
import type { History, Unit } from './history.ts';
import { type Insert, insertsFor } from './inserts.ts';
import { supplied } from './lacking.ts';
import { LEDGERED } from './ledgered.ts';
import { movableBy } from './movable.ts';
import { nameOf, recorded } from './names.ts';
import { opened } from './opened.ts';
import type { LegalOrder } from './order.ts';
import type { Stretch } from './stretch.ts';
import type { Found, Judged, Laboratory, Outcome, Question, Reading, Setting } from './trial.ts';
import { decidesNoState } from './turning.ts';
import { unlockAfter } from './unlock.ts';

type Kind = StoredEvent['kind'];

export const NOT_REPLAYED: LegalOrder = {
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

const NOT_BOUND: LegalOrder = {
  kind: 'unknown',
  reason: 'the firmware says that the TDI was not bound, not whether a bind came too late or an unbind too early',
};

const NOT_SHOWN = 'is not shown to be right by what was recorded';

const NOTHING: Unit = new Set();

const REST_UNMAPPED = 'RMI_RTT_DEV_UNMAP of what is still mapped';

const REQUESTS: ReadonlySet<Kind> = new Set(['tdisp.lock', 'tdisp.start', 'tdisp.report']);

/** Their TDI is another one once they are dissolved: to be no concern of theirs is to be right. */
const TIED: ReadonlySet<Case['effect']['type']> = new Set(['vm-destroy', 'tsm-unregister']);

/** Findings that an order of its own may run into, and changes that are tried beside one for each of them. */
const PAIRS_MAX = 6;
const SECONDS_MAX = 6;

/** Ids of the records that a second change adds. */
const SECOND_ID = -11;

/** What speaks against an order, in words after "this order". */
interface Objection {
  readonly text: string;
  readonly broken: Found | null;
}

/** The orders tried for one finding. */
export class Trials {
  readonly #laboratory: Laboratory;
  readonly #setting: Setting;
  readonly #draft: Draft;
  readonly #stretch: Stretch;
  #question: Question;
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
    if (judged === undefined || !found.some((one) => this.#isTheFinding(one))) return NOT_REPLAYED;
    // In another order the step may be a right one where its violation is none.
    this.#question = { ...this.#question, steps: new Set([...this.#question.steps, judged.at]) };
    if (this.#draft.rule.doc.id === 'unlock-before-private-mmio-unmap') return this.#unlocked();
    const { charge, effect, states } = judged;
    const open: Case = { history, step, deviceId, charge, effect, states };
    if (isRefusal(judged) && charge.lacking !== undefined) return this.#supplied(open, charge.lacking);
    if (isRefusal(judged) && (effect.type === 'dma-open' || effect.type === 'mmio-accept'))
      return (await this.#first(movedEdits(open, bySize(onBoundSide(open)), false))) ?? NOT_BOUND;
    if (isRefusal(judged) && (await this.#objectionTo(history, NOTHING, true)) === null) return UNEXPLAINED;
    if (decidesNoState(charge.wrongIn) && !LEDGERED.has(effect.type)) return BESIDE;
    const needed = !TIED.has(effect.type);
    const failed: { edit: Edit; broken: Found }[] = [];
    for (const edit of movedEdits(open, movesFor(open), needed)) {
      const order = await this.#tried(edit, failed);
      if (order !== null) return order;
    }
    const other = underWay(open);
    if (other !== null)
      return { kind: 'unknown', reason: `${nameOf(other)}${this.#at(other.id, false)} was under way` };
    for (const edit of insertedEdits(open, insertsFor(open, this.#setting.options.platform), needed)) {
      const order = await this.#tried(edit, failed);
      if (order !== null) return order;
    }
    return (await this.#omitted(open)) ?? (await this.#paired(failed)) ?? this.#none();
  }

  /** Where the firmware is the one that follows what is mapped. */
  async #unlocked(): Promise<LegalOrder> {
    const { history, step, deviceId } = this.#stretch;
    const unlock = unlockAfter(history, step, deviceId, this.#setting.options.platform);
    if (unlock === 'unknown') return { kind: 'unknown', reason: 'the record does not say why the unlock was refused' };
    const last = unlock.unmaps?.at(-1);
    if (last === undefined) return { kind: 'insert', what: REST_UNMAPPED, other: recorded(history, step), also: null };
    const open = { history, step, deviceId };
    const moves = [
      ...(unlock.unmaps?.length === 1 ? [moveOf(open, last, step, 'before')] : []),
      moveOf(open, step, last, 'after'),
    ];
    return (await this.#first(movedEdits(open, bySize(moves), false))) ?? this.#none();
  }

  /** Where whoever refused the step says what it wants first: the answer is another one then. */
  async #supplied(open: Case, lacking: NonNullable<Case['charge']['lacking']>): Promise<LegalOrder> {
    const moves = movedEdits(open, bySize(supplied(open, lacking)), false);
    const added: Insert = { name: lacking.what, events: [], inside: open.step.kind === 'mmio.unmap' };
    return (await this.#first(moves)) ?? (await this.#first(insertedEdits(open, [added], false))) ?? this.#none();
  }

  async #first(edits: Iterable<Edit>): Promise<LegalOrder | null> {
    for (const edit of edits) {
      const order = await this.#tried(edit, []);
      if (order !== null) return order;
    }
    return null;
  }

  /** The order, where nothing speaks against it. */
  async #tried(edit: Edit, failed: { edit: Edit; broken: Found }[]): Promise<LegalOrder | null> {
    const { change, history, touched, judged, overLoss } = edit;
    const objection = await this.#objectionTo(history, touched, judged);
    if (objection === null) return overLoss === null ? { ...change, also: null } : this.#lost(overLoss);
    this.#objection ??= `${wordsOf(change)} ${objection.text}`;
    if (objection.broken !== null) failed.push({ edit, broken: objection.broken });
    return null;
  }

  /**
   * Where one change sets the step right and something else wrong, a second one that sets that right, too: the smallest that
   * leaves nothing wrong.
   */
  async #paired(failed: readonly { readonly edit: Edit; readonly broken: Found }[]): Promise<LegalOrder | null> {
    const { deviceId } = this.#stretch;
    for (const { edit, broken } of failed.filter(({ edit: { overLoss } }) => overLoss === null).slice(0, PAIRS_MAX)) {
      const isAdded = broken.violation < 0;
      if (broken.deviceId !== deviceId || (edit.touched.has(broken.violation) && !isAdded)) continue;
      const open = await this.#caseOf(broken, edit.history);
      if (open === null) continue;
      if (isAdded) {
        const order = await this.#prepared(edit, open);
        if (order !== null) return order;
        continue;
      }
      const seconds = [
        ...movedEdits(open, movesFor(open).slice(0, SECONDS_MAX), edit.judged),
        ...insertedEdits(open, insertsFor(open, this.#setting.options.platform, SECOND_ID), edit.judged),
      ];
      for (const { change: also, history, touched, overLoss } of seconds) {
        // What nobody recorded has no place to be told of, and what was moved stays where it is now.
        const isOfFirst = also.kind === 'move' && (edit.touched.has(also.what.event.id) || also.other.event.id < 0);
        if (overLoss !== null || isOfFirst) continue;
        const both = new Set([...edit.touched, ...touched]);
        if ((await this.#objectionTo(history, both, edit.judged)) === null) return { ...edit.change, also };
      }
    }
    return null;
  }

  /** What is added wants something added before itself: a disconnect the unbind. */
  async #prepared(edit: Edit, open: Case): Promise<LegalOrder | null> {
    const firsts = insertsFor(open, this.#setting.options.platform, SECOND_ID);
    for (const { change, history, touched } of insertedEdits(open, firsts, edit.judged)) {
      const both = new Set([...edit.touched, ...touched]);
      if ((await this.#objectionTo(history, both, edit.judged)) !== null) continue;
      // What nobody recorded has no place to be told of.
      return { ...change, other: edit.change.other, also: edit.change };
    }
    return null;
  }

  /** What is wrong in a history that was changed, as a case of its own. */
  async #caseOf({ rule: id, violation, deviceId }: Found, history: History): Promise<Case | null> {
    const step = history.event(violation);
    const rule = this.#setting.rules.find(({ doc }) => doc.id === id);
    if (step === null || rule === undefined) return null;
    const question: Question = { rule, deviceId, steps: history.unit(step) };
    const answered = withoutAnswers(history, this.#stretch.step, deviceId);
    const { charges } = await this.#laboratory.replay(answered, question, 'as-declared');
    const judged = charges.find(({ held }) => !held);
    if (judged === undefined) return null;
    const { charge, effect, states } = judged;
    return { history, step, deviceId, charge, effect, states };
  }

  /** Only what does nothing where it stands can be left out. */
  async #omitted({ history, step, effect }: Case): Promise<LegalOrder | null> {
    if (effect.type !== 'unbind') return null;
    const unit = history.unit(step);
    const objection = await this.#objectionTo(history.without(unit), unit, false);
    return objection === null ? { kind: 'omit', what: recorded(history, step) } : null;
  }

  #lost({ what, other }: Move): LegalOrder {
    const [one, two] = [what, other]
      .sort((a, b) => a.id - b.id)
      .map((event) => `${nameOf(event)}${this.#at(event.id, false)}`);
    return { kind: 'unknown', reason: `records were lost between ${one} and ${two}` };
  }

  #none(): LegalOrder {
    if (this.#objection?.endsWith(NOT_SHOWN) === true) return { kind: 'unknown', reason: this.#objection };
    return {
      kind: 'none',
      reason: this.#objection ?? 'nothing recorded, and no single operation more, sets the step right',
    };
  }

  /**
   * What speaks against an order; null where the model calls it legal, both with what was declared and where nothing happened but
   * what was recorded.
   */
  async #objectionTo(edited: History, touched: Unit, judged: boolean): Promise<Objection | null> {
    const { step, deviceId } = this.#stretch;
    for (const reading of ['as-declared', 'nothing-unseen'] as const) {
      const before = await this.#baseline(reading);
      const history = withoutAnswers(read(edited, reading), step, deviceId);
      const after = await this.#laboratory.replay(history, this.#question, reading);
      const known = new Set(before.found.map(keyOf));
      const broken = after.found.find(
        (one) =>
          (!known.has(keyOf(one)) && !this.#doesNothing(one)) ||
          (one.deviceId === deviceId && (touched.has(one.violation) || this.#operation.has(one.violation))),
      );
      if (broken !== undefined) return { text: `breaks ${broken.rule}${this.#at(broken.violation)}`, broken };
      const denied = [...after.impossible].find((id) => !before.impossible.has(id));
      if (denied !== undefined) return { text: `does not go with what was recorded${this.#at(denied)}`, broken: null };
      if (judged && (after.charges.length === 0 || after.charges.some(({ held }) => !held)))
        return { text: NOT_SHOWN, broken: null };
    }
    return null;
  }

  /** An unbind that nobody can leave out, as part of something else: where one came before, it finds nothing to do. */
  #doesNothing({ rule, violation }: Found): boolean {
    const { history, step } = this.#stretch;
    const event = rule === 'unbind-without-bind' ? history.event(violation) : null;
    return event !== null && movableBy(history, event, step).length === 0;
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

function read(history: History, reading: Reading): History {
  return reading === 'nothing-unseen' ? succeeding(history) : history;
}

function keyOf({ rule, deviceId, violation }: Found): string {
  return `${rule} ${deviceId} ${violation}`;
}
