import type { Step } from '../replay/replay.ts';
import { type Join, joinOf } from '../timeline/join.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/**
 * What is taken for granted where a record does not name its device itself, but something that leads to one device only.
 *
 * @param calls the recorded calls around the event, innermost first.
 */
export function restsOn(event: StoredEvent, { track }: Pick<Step, 'track'>, calls: readonly StoredEvent[]): string {
  return sentence(joinOf(event, track, calls), track.bdf);
}

function sentence(join: Join, bdf: string | null): string {
  switch (join.by) {
    case 'told':
      return `names no device but ${join.name}, which is ${bdf} as the user says (--map, --hints)`;
    case 'pointer':
      return `names no device but ${join.name}, which is taken to be the only one that its task, call or file leads to`;
    case 'object':
      return `names no device but ${join.name}, which is this one's as other records tell`;
    case 'inside':
      return `names no device: it was made in a system call on a file of this one (${join.name})`;
    case 'call':
      return `names no device: it was made in a call on this one, line ${join.line}`;
    case 'entry':
      return `names no device: its entry, line ${join.line}, is of this one`;
    case 'short-address':
      return 'names no segment: it is taken to be the only function with this address';
    case 'address':
    case 'task':
      return 'names no device: it is taken to be the only one that its task names';
  }
}
