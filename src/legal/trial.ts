import type { Verdict } from '../model/analysis.ts';
import { EVENT_CLASSES, type TdiState } from '../model/states.ts';
import { EventList } from '../replay/event-list.ts';
import { Replay, type ReplayObserver, type ReplayOptions, type Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { Judge } from '../rules/judge.ts';
import type { Charge, Rule } from '../rules/rule.ts';
import { weigh } from '../rules/verdict.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { History } from './history.ts';
import { LEDGERED } from './ledgered.ts';
import { decidesNoState } from './turning.ts';

/** What the search replays with. */
export interface Setting {
  readonly rules: readonly Rule[];
  readonly options: ReplayOptions;
  readonly tracks: readonly DeviceTrack[];
}

/** A finding of a trial, by the id of its violation in the timeline. */
export interface Found {
  readonly rule: string;
  readonly deviceId: number;
  readonly violation: number;
  readonly verdict: Verdict;
}

/** What the replay makes of an order. */
export interface Outcome {
  readonly found: readonly Found[];
  /** Records that no history explains, by id. */
  readonly impossible: ReadonlySet<number>;
  /** What the rule said of the step. */
  readonly charges: readonly Judged[];
}

/** What the rule holds against the step in an order, and whether it is right there. */
export interface Judged {
  readonly charge: Charge;
  readonly effect: Step['effect'];
  /** The record that was judged: not the violation where that is an earlier one. */
  readonly at: number;
  /** The likeliest states in which it would be wrong. */
  readonly states: readonly TdiState[];
  readonly held: boolean;
}

/** The step in question: which rule asks about it, on which device. */
export interface Question {
  readonly rule: Rule;
  readonly deviceId: number;
  /** Ids of the records that may be the step: an entry, or its return. */
  readonly steps: ReadonlySet<number>;
}

/** What was declared; and nothing but what was recorded has happened. */
export type Reading = 'as-declared' | 'nothing-unseen';

/**
 * Replays orders of a handful of records as one history of one source: the times would contradict the order, and which records
 * may have come first is no question any more.
 */
export class Laboratory {
  readonly #rules: readonly Rule[];
  readonly #options: ReplayOptions;
  readonly #devices: ReadonlyMap<number, StoredDevice>;
  readonly #source: StoredSource;

  /** @param devices with what was found out of them in the end: PF and DSM. */
  constructor(rules: readonly Rule[], options: ReplayOptions, devices: readonly StoredDevice[], source: StoredSource) {
    this.#rules = rules;
    this.#options = options;
    this.#devices = new Map(devices.map((device) => [device.id, device]));
    this.#source = { ...source, path: '', clockGroup: source.id, clockOffset: 0n, clockError: null };
  }

  /** Records replayed so far. */
  spent = 0;

  async replay(history: History, question: Question, reading: Reading): Promise<Outcome> {
    this.spent += history.events.length;
    const events = history.events.map((event, index) => this.#timeless(event, index + 1));
    const options: ReplayOptions = {
      ...this.#options,
      fromBoot: false,
      complete: this.#complete(reading),
      gaps: reading === 'nothing-unseen' ? new Map() : this.#gaps(history),
      judged: () => true,
      ...(reading === 'nothing-unseen' && { disproved: new Map() }),
    };
    const idOf = (event: StoredEvent) => history.events[event.id - 1]?.id ?? 0;
    const court = new Judge(this.#rules, options);
    const watch = new Watch(court, question, idOf);
    await new Replay(new EventList([this.#source], this.#devicesOf(history), events), options, watch).run();
    return {
      found: court.findings().map(({ rule, track, violation, verdict }) => ({
        rule: rule.doc.id,
        deviceId: track.id,
        violation: idOf(violation),
        verdict,
      })),
      impossible: new Set(court.impossibles.map(({ event }) => idOf(event))),
      charges: watch.charges,
    };
  }

  #gaps({ events, gaps }: History): ReplayOptions['gaps'] {
    const lines = events.flatMap(({ id }, index) => (gaps.has(id) ? [index + 1] : []));
    return new Map([[this.#source.id, { lines, throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
  }

  /** The stretch begins where it was cut, not where the function came into being. */
  #complete(reading: Reading): ReplayOptions['complete'] {
    const classes = reading === 'nothing-unseen' ? EVENT_CLASSES : this.#options.complete;
    return new Set([...classes].filter((one) => one !== 'start'));
  }

  #timeless(event: StoredEvent, line: number): StoredEvent {
    return {
      ...event,
      sourceId: this.#source.id,
      line,
      endLine: line,
      time: null,
      cpu: null,
      text: '',
      pairLine: null,
      pairTime: null,
      duplicateOf: null,
    };
  }

  #devicesOf(history: History): StoredDevice[] {
    const ids = new Set(history.events.flatMap(({ deviceId, maybe }) => (deviceId === null ? maybe : [deviceId])));
    return [...ids]
      .sort((a, b) => a - b)
      .flatMap((id) => this.#devices.get(id) ?? [])
      .map((device) => ({ ...device, sourceId: this.#source.id }));
  }
}

/** Listens for what the rule says of the step, and lets the court hear everything. */
class Watch implements ReplayObserver {
  readonly charges: Judged[] = [];
  readonly #court: Judge;
  readonly #question: Question;
  readonly #idOf: (event: StoredEvent) => number;

  constructor(court: Judge, question: Question, idOf: (event: StoredEvent) => number) {
    this.#court = court;
    this.#question = question;
    this.#idOf = idOf;
  }

  step(step: Step): void {
    const { rule, deviceId, steps } = this.#question;
    if (step.track.id === deviceId && rule.concerns?.(step.track, step.effect) !== false) {
      const charge = rule.judge(step);
      const at = this.#idOf(step.event);
      const isAsked = (event: StoredEvent | undefined) => event !== undefined && steps.has(this.#idOf(event));
      if (charge !== null && (isAsked(step.event) || isAsked(charge.violation))) {
        const states = step.belief.likeliest(charge.wrongIn);
        this.charges.push({ charge, effect: step.effect, at, states, held: isHeld(step, rule, charge) });
      }
    }
    this.#court.step(step);
  }

  seen: ReplayObserver['seen'] = (event, track) => this.#court.seen(event, track);

  impossible: ReplayObserver['impossible'] = (...args) => this.#court.impossible(...args);
}

/**
 * Whether the step is right, and that rests on something: on the belief, which knows that the function was bound or unbound, or on
 * what was recorded beside it. What the step was answered at its old place says nothing of the new one.
 */
function isHeld(step: Step, rule: Rule, { wrongIn, provedByAnswer }: Charge): boolean {
  if (decidesNoState(wrongIn)) return provedByAnswer === false && LEDGERED.has(step.effect.type);
  const { boundEvidence, unbindSeen, startKnown } = step.track;
  if (rule.restsOnBind && !boundEvidence && !unbindSeen && !startKnown) return false;
  const right = step.belief.cost((state: TdiState) => !wrongIn(state));
  return weigh(step.belief, wrongIn) === null && right === 0;
}
