import { SourceClocks } from '../../src/replay/clocks.ts';
import { EventList } from '../../src/replay/event-list.ts';
import { Scene } from '../../src/replay/scene.ts';
import type { ReplayObserver, ReplayOptions } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { NOTHING_TOLD } from './replay-options.ts';
import { storedDevice, storedSource } from './stored-event.ts';

const DEAF: ReplayObserver = { step() {}, seen() {}, impossible() {} };

export interface SceneParts {
  readonly options?: Partial<ReplayOptions>;
  readonly sources?: readonly StoredSource[];
  readonly events?: readonly StoredEvent[];
  readonly observer?: Partial<ReplayObserver>;
}

/** A scene with functions at these addresses, numbered from 1; nothing is known of their states. */
export function sceneOf(
  bdfs: readonly (string | null | Partial<StoredDevice>)[],
  { options, sources = [storedSource(1)], events = [], observer }: SceneParts = {},
): { scene: Scene; tracks: DeviceTrack[] } {
  const devices = bdfs.map((one, at) => {
    if (one === null || typeof one === 'string') return storedDevice(at + 1, one);
    return storedDevice(at + 1, one.bdf ?? null, one);
  });
  const all: ReplayOptions = {
    ...NOTHING_TOLD,
    ...options,
  };
  const scene = new Scene(new EventList(sources, devices, events), all, new SourceClocks(sources), {
    ...DEAF,
    ...observer,
  });
  const tracks = devices.map((device) => new DeviceTrack(device, false));
  scene.tracks = new Map(tracks.map((track) => [track.id, track]));
  return { scene, tracks };
}

/** `1:vf 3:-`: who is reached, and how; `-` where the event is its own. */
export function shownReach(found: ReadonlyMap<DeviceTrack, { readonly tie: string } | null>): string {
  return [...found].map(([{ id }, reach]) => `${id}:${reach?.tie ?? '-'}`).join(' ');
}
