import type { StoredEvent } from '../timeline/rows.ts';
import type { Scene } from './scene.ts';
import type { ManagedStream } from './sole-stream.ts';
import { optionsFor } from './step.ts';
import type { DeviceTrack } from './track.ts';

/** @param spoken a record of a stream of another function. Null where it is not proved to be the manager, or to have had one stream only. */
export function managedStream(scene: Scene, track: DeviceTrack, spoken: StoredEvent): ManagedStream | null {
  const manager = scene.owner(spoken);
  if (manager === null) return null;
  const { stream } = manager;
  if (!track.origin.whole || !manager.origin.whole || stream === null || typeof stream === 'string') return null;
  const record = scene.topology(spoken.sourceId).managedBy(manager.bdf, track)?.record ?? null;
  const shownBy = record === null ? null : scene.recorded.event(record);
  const { complete } = optionsFor(scene.options, manager);
  return complete.has('ide') && shownBy !== null ? { stream, shownBy } : null;
}
