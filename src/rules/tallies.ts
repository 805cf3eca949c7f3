import type { CoverageStatus } from '../model/analysis.ts';
import type { EventClass } from '../model/states.ts';
import { optionsFor, type ReplayOptions } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { holding, isApplied } from './holding.ts';
import type { Rule } from './rule.ts';

/** What one rule could tell of one device. */
export interface Coverage {
  readonly rule: Rule;
  readonly track: DeviceTrack;
  readonly status: CoverageStatus;
  readonly triggers: number;
  /** Triggers among them that change nothing, whatever the state. */
  readonly withoutEffect: number;
  readonly missing: readonly (EventClass | 'platform')[];
}

/** Counts of one rule on one device. */
interface Tally {
  triggers: number;
  withoutEffect: number;
  /** Triggers that the state was known well enough for. */
  judged: number;
  /** There is a finding, of whatever verdict. */
  found: boolean;
  /** A trigger could not be judged because the start of the function is unknown. */
  startMissing: boolean;
  /** Nothing spoke for either side of a trigger. */
  open: boolean;
}

/** The counts of all rules on all devices, and what they come to. */
export class Tallies {
  readonly #rules: readonly Rule[];
  readonly #options: ReplayOptions;
  /** By rule, and by id of the device. */
  readonly #tallies: ReadonlyMap<Rule, Map<number, Tally>>;

  constructor(rules: readonly Rule[], options: ReplayOptions) {
    this.#rules = rules;
    this.#options = options;
    this.#tallies = new Map(rules.map((rule) => [rule, new Map()]));
  }

  of(rule: Rule, track: DeviceTrack): Tally {
    const ofRule = this.#tallies.get(rule);
    const known = ofRule?.get(track.id);
    if (known) return known;
    const fresh = { triggers: 0, withoutEffect: 0, judged: 0, found: false, startMissing: false, open: false };
    ofRule?.set(track.id, fresh);
    return fresh;
  }

  /** What each rule could tell of each device that vfio or the TSM core dealt with. */
  coverage(tracks: readonly DeviceTrack[]): Coverage[] {
    return tracks
      .filter((track) => track.concerned)
      .flatMap((track) => this.#rules.map((rule) => this.#coverageOf(rule, track)));
  }

  #coverageOf(rule: Rule, track: DeviceTrack): Coverage {
    const tally = this.of(rule, track);
    const base = { rule, track, triggers: tally.triggers, withoutEffect: tally.withoutEffect };
    if (tally.triggers === 0 && rule.concerns?.(track) === false)
      return { ...base, status: 'not-applicable', missing: [] };
    const holds = holding(rule, this.#options);
    if (!isApplied(rule, this.#options)) {
      const undecided = holds === 'undecided';
      return { ...base, status: undecided ? 'blind' : 'not-applicable', missing: undecided ? ['platform'] : [] };
    }
    if (tally.found) {
      return { ...base, status: 'violated', missing: [] };
    }
    if (tally.judged > 0) return { ...base, status: 'held', missing: [] };
    const missing: (EventClass | 'platform')[] = [];
    if (tally.triggers === 0) missing.push(...rule.doc.needs.trigger);
    if (rule.restsOnBind) {
      const known = track.everBound || track.unbindSeen || track.startKnown;
      if (tally.startMissing || !known) missing.push('start');
      const { complete } = optionsFor(this.#options, track);
      if (!track.bindRecorded) missing.push(...rule.doc.needs.state.filter((one) => !complete.has(one)));
    }
    if (holds === 'perhaps') missing.push('platform');
    if (tally.open)
      missing.push(
        'start',
        ...rule.doc.needs.state.filter((one) => !optionsFor(this.#options, track).complete.has(one)),
      );
    return { ...base, status: 'blind', missing: [...new Set(missing)] };
  }
}
