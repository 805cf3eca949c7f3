import { perhapsCalls } from '../events/index.ts';
import type { Verdict } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { lineOf } from './line-of.ts';
import { isOfIommufd } from './of-iommufd.ts';
import { severityOf, strength, weaker } from './verdict.ts';

/** A step whose end is not recorded, and the unbind of the same task that came too late for it, or inside it. */
interface Pair {
  readonly draft: Draft;
  readonly unbind: StoredEvent;
  /** What was taken for granted of the two, and how to settle it; null where what the step was seen to do speaks for it. */
  readonly assumption: string;
  readonly toConfirm: string | null;
  /** The verdict before, and the one with that in mind. */
  readonly was: Verdict;
  readonly weakened: Verdict;
}

/**
 * Unbinds that come too late for a step, but as far as the records tell not after it: calls are intervals, and which of two that
 * overlap did its work first is open.
 */
export class Overlaps {
  readonly #open = new Map<DeviceTrack, readonly Pair[]>();
  /** The last call of iommufd's on each device. */
  readonly #iommufd = new Map<DeviceTrack, StoredEvent>();

  /** The unbind that the findings of a device have waited for. */
  unbound(track: DeviceTrack, waiting: readonly Draft[], unbind: StoredEvent): void {
    const call = this.#iommufd.get(track);
    const late = waiting.filter(({ violation }) => violation.id < unbind.id);
    const byOperation = Map.groupBy(waiting, ({ operation }) => operation);
    const pairs = late.flatMap((draft) => {
      const unshown = !byOperation.get(draft.operation)?.some((other) => showsHarm(other, draft, unbind));
      const left = call !== undefined && call.pid === draft.violation.pid && call.id > draft.violation.id;
      return weighOverlap(draft, unbind, unshown, left) ?? [];
    });
    if (pairs.length > 0) this.#open.set(track, pairs);
  }

  /** What the step does after the unbind shows that it was not over when that came. */
  seen(event: StoredEvent, track: DeviceTrack): void {
    if (event.phase === 'enter' && isOfIommufd(event)) this.#iommufd.set(track, event);
    const pairs = this.#open.get(track);
    if (pairs === undefined) return;
    if (event.phase === 'exit') {
      if (isOfIommufd(event))
        this.#open.set(
          track,
          pairs.filter((pair) => !isSettled(pair, event)),
        );
      return;
    }
    const inside = ({ draft, unbind, toConfirm }: Pair) =>
      toConfirm !== null && event.parentId === draft.violation.id && event.id > unbind.id;
    const shown = pairs.filter(inside);
    if (shown.length === 0) return;
    for (const { draft, unbind, assumption, toConfirm } of shown) {
      draft.assumptions.splice(draft.assumptions.indexOf(assumption), 1);
      draft.toConfirm = draft.toConfirm.filter((one) => one !== toConfirm);
      weaken(draft, 'possible', doneBefore(draft, unbind), true);
    }
    this.#open.set(
      track,
      pairs.filter((pair) => !inside(pair)),
    );
  }
}

/** Whether the return of the unbind tells that it was none of the step's: the task had come out of that before. */
function isSettled({ draft, unbind, assumption, toConfirm, was, weakened }: Pair, event: StoredEvent): boolean {
  if (event.pairId !== unbind.id || draft.violation.pid !== unbind.pid) return false;
  const at = draft.assumptions.indexOf(assumption);
  if (at >= 0) draft.assumptions.splice(at, 1);
  draft.toConfirm = draft.toConfirm.filter((one) => one !== toConfirm);
  if (draft.verdict !== weakened) return true;
  draft.verdict = was;
  draft.severity = severityOf(was);
  return true;
}

/**
 * Weighs a step against an unbind that began before its end, or of which nothing tells that it did not. Where the end of the step is
 * not recorded, nothing is certain. What the same task does inside a step comes after the harm, but where the step may be of a kernel
 * that unbinds by itself first.
 *
 * @param unshown nothing that the step did before the unbind shows its harm.
 * @param left the task of the step has called iommufd since, which nothing does inside the step.
 * @returns both, where the same task may have unbound inside the step, and nothing tells yet; null otherwise.
 */
export function weighOverlap(draft: Draft, unbind: StoredEvent, unshown = false, left = false): Pair | null {
  const { violation } = draft;
  const sameTask = violation.pid !== null && violation.pid === unbind.pid;
  const inside = sameTask || (unbind.rootId ?? unbind.id) === draft.operation;
  const open = violation.pairId === null;
  const overlaps = !open && ((violation.pairId ?? 0) > unbind.id || endsLate(draft, unbind));
  if (violation.phase !== 'enter' || !(overlaps || open)) return null;
  if (inside && !(violation.symbol !== null && perhapsCalls(violation.symbol, 'pci_tsm_unbind'))) return null;
  if (inside && isConfirmedBefore(draft, unbind)) return null;
  // A task that is in iommufd has come out of vfio.
  if (open && sameTask && (left || isOfIommufd(unbind))) return null;
  const told = inside && unshown;
  if (overlaps) {
    weaken(draft, 'possible', doneBefore(draft, unbind), told);
    return null;
  }
  const line = lineOf(unbind, violation, draft.clocks);
  // A removal waits for whoever has the function open: what another task does with it shows that it is still there.
  if (!inside && REMOVALS.has(violation.kind) && draft.track.removing) {
    weaken(draft, 'possible', `the function was gone before the unbind of ${line}: no record tells when it went`, true);
    return null;
  }
  const assumption = `the step was over before the unbind of ${line}: its return was not recorded`;
  const was = draft.verdict;
  // An ioctl that asks for a reset shows none: what is recorded of the reset stands for it.
  weaken(draft, inside && violation.kind === 'vfio.ioctl' ? 'possible' : 'probable', assumption, told);
  if (!inside) return null;
  const toConfirm = told ? `probe the return of ${violation.symbol}, too` : null;
  if (toConfirm !== null) draft.toConfirm = [...draft.toConfirm, toConfirm];
  return { draft, unbind, assumption, toConfirm, was, weakened: draft.verdict };
}

const REMOVALS: ReadonlySet<StoredEvent['kind']> = new Set(['pci.remove', 'pci.sriov_disable']);

function doneBefore({ violation, clocks }: Draft, unbind: StoredEvent): string {
  return `the step did its harm before the unbind of ${lineOf(unbind, violation, clocks)}, which began meanwhile`;
}

/** @param told the assumption is told where it does not change the verdict, too. */
function weaken(draft: Draft, most: 'possible' | 'probable', assumption: string, told: boolean): void {
  const verdict = weaker(draft.verdict, most);
  if (verdict === draft.verdict && !told) return;
  if (verdict !== draft.verdict) draft.severity = severityOf(verdict);
  draft.verdict = verdict;
  draft.assumptions.push(assumption);
}

/** Whether `other`, of the same operation, is harm that the step of `draft` was seen to do before the unbind. */
function showsHarm(other: Draft, draft: Draft, unbind: StoredEvent): boolean {
  return (
    other.violation.id > draft.violation.id &&
    other.violation.id < unbind.id &&
    strength(other.verdict) >= strength('probable')
  );
}

/** Whether the device itself told of the harm before the unbind began. */
function isConfirmedBefore({ evidence, violation }: Draft, unbind: StoredEvent): boolean {
  return evidence.some(({ role, event }) => role === 'confirmation' && event.id > violation.id && event.id < unbind.id);
}

/** Whether the step may have ended only after the unbind of another source began, as far as their clocks tell. */
function endsLate({ violation, clocks }: Draft, unbind: StoredEvent): boolean {
  if (violation.sourceId === unbind.sourceId) return false;
  const end = clocks.time({ sourceId: violation.sourceId, time: violation.pairTime });
  const begin = clocks.time(unbind);
  return end !== null && begin !== null && begin <= end + clocks.error(violation.sourceId, unbind.sourceId);
}
