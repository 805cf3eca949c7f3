import type { Bdf } from '../base/bdf.ts';
import { formatTime } from '../base/time.ts';
import type { BeliefSize, DeviceInfo, StateSpan } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { deviceKey, sourceKey } from '../timeline/ids.ts';
import type { StoredDevice, StoredSource } from '../timeline/rows.ts';
import type { Places } from './places.ts';

/** A device and what was believed of it, over time. */
export function deviceInfo(device: StoredDevice, source: StoredSource | undefined, places: Places): DeviceInfo {
  const track = places.track(device.id);
  const unit = source?.timeUnit ?? 'ns';
  return {
    id: deviceKey(device.id),
    source: sourceKey(device.sourceId),
    bdf: device.bdf as Bdf | null,
    pf: track?.pf ?? (device.pf as Bdf | null),
    dsm: device.dsm as Bdf | null,
    port: track?.port ?? null,
    guest_bdf: device.guestBdf,
    aliases: device.aliases,
    from_time: formatTime(device.fromTime, unit),
    to_time: formatTime(device.toTime, unit),
    events: device.events,
    states: track?.concerned ? spansOf(track, places) : [],
    belief: track?.concerned ? sizeOf(track) : null,
  };
}

function spansOf({ spans }: DeviceTrack, places: Places): StateSpan[] {
  return spans.map(({ cause, layers }, index) => {
    const next = spans[index + 1]?.cause ?? null;
    return {
      from_time: cause ? places.time(cause) : null,
      to_time: next ? places.time(next) : null,
      ...layers,
      cause: cause ? { source: sourceKey(cause.sourceId), line: cause.line } : null,
    };
  });
}

function sizeOf({ belief, waitedMost }: DeviceTrack): BeliefSize {
  return { states: belief.size, assumptions: belief.everyAssumption().length, waited: waitedMost };
}
