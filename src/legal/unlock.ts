import { PLATFORM_PROFILES } from '../model/platforms.ts';
import type { Platform } from '../model/states.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { History } from './history.ts';

/** What an unlock that was refused needs: the unmaps before it, or where they were not recorded, null. */
export type Unlock = { readonly unmaps: readonly StoredEvent[] } | { readonly unmaps: null } | 'unknown';

/**
 * Where device memory has to be unmapped before the unlock, and one was refused for memory that was still mapped: the unmaps after
 * it, as far as a later unlock proves that with them nothing was mapped any more. The model follows no mappings; the firmware does.
 */
export function unlockAfter(history: History, step: StoredEvent, deviceId: number, platform: Platform): Unlock {
  if (PLATFORM_PROFILES[platform].privateUnmap !== 'before-unlock' || step.kind !== 'tdisp.stop') return 'unknown';
  const unit = history.unit(step);
  const later = history.events
    .slice(history.events.indexOf(step) + 1)
    .filter((event) => event.deviceId === deviceId && !unit.has(event.id) && begins(event));
  const proof = later.findIndex(
    ({ kind, outcome, args }) => kind === 'tdisp.stop' && outcome === 'ok' && args['command_name'] === UNLOCK,
  );
  const between = proof < 0 ? [] : later.slice(0, proof);
  const unmaps = between.filter(({ kind, outcome }) => kind === 'mmio.unmap' && outcome === 'ok');
  // Who binds anew maps anew.
  const isAnother = between.some(({ kind }) => kind === 'mmio.map' || kind === 'tsm.bind');
  return { unmaps: unmaps.length === 0 || isAnother ? null : unmaps };
}

const UNLOCK = 'RMI_VDEV_UNLOCK';

function begins({ phase, pairId, supersededBy, certainty }: StoredEvent): boolean {
  if (supersededBy !== null || certainty === 'maybe' || certainty === 'none') return false;
  return phase !== 'exit' || pairId === null;
}
