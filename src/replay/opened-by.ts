import type { EventClass } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import { isSamePointer } from './same-pointer.ts';
import type { DeviceTrack } from './track.ts';

/**
 * What opened the IDE stream or SPDM session that the event ends, where the device's security manager had no other one since the
 * machine began: every TDI of it that was locked since was locked over that one. Null where that is not proved.
 *
 * @param manager as it was before the event.
 */
export function openedBy(
  heard: StoredEvent,
  { origin, stream, session }: DeviceTrack,
  complete: ReadonlySet<EventClass>,
): StoredEvent | null {
  if (!origin.whole) return null;
  if (heard.kind === 'ide.disable') {
    if (!complete.has('ide') || stream === null || typeof stream === 'string') return null;
    return isSamePointer(heard.args['ide'] ?? '', stream.ide ?? '') ? stream.enabledBy : null;
  }
  if (heard.kind !== 'spdm.disconnect' || !complete.has('firmware')) return null;
  return session === 'several' || heard.outcome !== 'ok' ? null : session;
}
