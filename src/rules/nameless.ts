import { isBind } from '../replay/binds.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { CLOSE_UNSEEN, type Excuse, excuseOf, NAMES } from './excuses.ts';
import { severityOf, weaker } from './verdict.ts';

/** An event that may excuse a step, of nobody knows which device. */
interface Loose {
  readonly excuse: Excuse;
  readonly event: StoredEvent;
  readonly track: DeviceTrack;
  readonly position: number;
}

/** Where a device was last seen to be bound: by its bind, or by anything that only a bound one is asked. */
interface Seen {
  readonly bind: number;
  readonly bound: number;
}

// Whose the last ones may be is looked at; of those before them it is enough that there were some.
const LOOSE_MAX = 256;
const NEVER: Seen = { bind: 0, bound: 0 };

/**
 * Unbinds and the like of which nothing tells whose they are. Each may be the one that a finding misses: the log has it, so that no
 * completeness that is declared rules it out.
 */
export class Nameless {
  #position = 0;
  readonly #loose: Loose[] = [];
  /** What came before those: the last one of a kind and source, which stands for all of them. */
  readonly #older = new Map<string, Loose>();
  /** Closes: they excuse nothing, but nobody may say that there was none. */
  readonly #closes: Loose[] = [];
  /** Devices without an address whose bind is recorded: what ends it is their own. */
  readonly #bound = new Set<DeviceTrack>();
  readonly #seen = new Map<DeviceTrack, Seen>();
  readonly #doubts = new Map<Draft, Loose>();

  /** To be told of every event of a device, in order. */
  note(event: StoredEvent, track: DeviceTrack): void {
    this.#position += 1;
    if (track.bdf !== null) {
      if (event.outcome === 'failed') return;
      const { bind } = this.#seen.get(track) ?? NEVER;
      if (isBind(event)) this.#seen.set(track, { bind: this.#position, bound: this.#position });
      if (event.kind === 'tsm.guest_request') this.#seen.set(track, { bind, bound: this.#position });
      return;
    }
    if (isBind(event)) this.#bound.add(track);
    const excuse = excuseOf(event);
    if (excuse === null || this.#bound.has(track)) return;
    const list = excuse === 'close' ? this.#closes : this.#loose;
    list.push({ excuse, event, track, position: this.#position });
    if (list.length <= LOOSE_MAX) return;
    const older = list.splice(0, LOOSE_MAX / 2);
    if (excuse !== 'close') for (const one of older) this.#older.set(`${one.event.sourceId} ${one.excuse}`, one);
  }

  /** To be told of a finding when its step is met. */
  drafted(draft: Draft): void {
    const { track, rule, proved, violation, clocks } = draft;
    if (!rule.restsOnBind || proved || track.bdf === null || this.#loose.length === 0) return;
    const { bind, bound } = this.#seen.get(track) ?? NEVER;
    const history = clocks.history(violation.sourceId);
    const mayExcuse = ({ excuse, event, position }: Loose) => {
      if (event.id === violation.id || clocks.history(event.sourceId) !== history) return false;
      // A TDI that was stopped is still bound.
      return excuse === 'stop' ? position > bind && rule.settledBy.includes('guest-request') : position > bound;
    };
    const found =
      this.#loose.findLast((one) => mayExcuse(one) && !isAnother(one.track, track)) ??
      [...this.#older.values()].find(mayExcuse);
    if (found) this.#doubts.set(draft, found);
  }

  /** After the last event: caps what one of them may excuse. */
  weigh(draft: Draft): void {
    this.#tellOfCloses(draft);
    const doubt = this.#doubts.get(draft);
    const verdict = weaker(draft.verdict, 'possible');
    if (doubt === undefined || verdict === draft.verdict) return;
    draft.verdict = verdict;
    draft.severity = severityOf(verdict);
    draft.assumptions.push(ofAnother(doubt, draft));
  }

  /** The close that was not recorded may be one of these: the device is left bound then, too, but not without a close. */
  #tellOfCloses(draft: Draft): void {
    const at = draft.assumptions.indexOf(CLOSE_UNSEEN);
    if (at < 0 || this.#closes.length === 0) return;
    const { track, violation, clocks } = draft;
    const history = clocks.history(violation.sourceId);
    const bind = this.#seen.get(track)?.bind ?? 0;
    const close = this.#closes.findLast(
      ({ event, track: other, position }) =>
        position > bind && clocks.history(event.sourceId) === history && !isAnother(other, track),
    );
    if (close !== undefined) draft.assumptions[at] = ofAnother(close, draft);
  }
}

function ofAnother({ event, excuse }: Loose, { violation, clocks }: Draft): string {
  const same = event.sourceId === violation.sourceId;
  const where = same ? `line ${event.line}` : `${clocks.path(event.sourceId)}:${event.line}`;
  return `the ${NAMES[excuse]} on ${where} is of another device: nothing tells of which`;
}

/** Whether both have addresses of the same kind of object, and not one in common. */
function isAnother(one: DeviceTrack, two: DeviceTrack): boolean {
  const shared = one.aliases.filter((alias) => two.aliases.some((other) => spaceOf(other) === spaceOf(alias)));
  return shared.some((alias) => POINTERS.has(spaceOf(alias))) && !shared.some((alias) => two.aliases.includes(alias));
}

/** Objects of which a function has one. */
const POINTERS: ReadonlySet<string> = new Set(['pci', 'dev']);

function spaceOf(alias: string): string {
  return alias.slice(0, alias.indexOf('='));
}
