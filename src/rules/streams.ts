import type { Step } from '../replay/step.ts';
import type { StoredEvent } from '../timeline/rows.ts';

/**
 * What enabled the stream that the step stops, where the TDI can have been locked over no other one: the only one that was ever
 * spoken of since the machine began, enabled before anything put the TDI into its state. Null where that is not proved.
 */
export function lockedOver({ event, track, options }: Step): StoredEvent | null {
  const { stream, origin, stateEvidence } = track;
  // Streams of the DSM that were spoken of before a record told that it is one are not the function's.
  if (event.deviceId !== track.id) return null;
  if (!options.complete.has('ide') || !origin.whole || stream === null || typeof stream === 'string') return null;
  const { ide, enabledBy } = stream;
  if (enabledBy === null || event.args['ide'] !== ide) return null;
  return stateEvidence.length > 0 && stateEvidence.every(({ id }) => id > (enabledBy.pairId ?? enabledBy.id))
    ? enabledBy
    : null;
}

/**
 * Whether the stream that is missing is the only one that the device ever had. Its kernel object is made for an endpoint below a
 * root port only, each with IDE (pci_ide_stream_alloc(), drivers/pci/ide.c): what it is for is no device inside the root complex.
 */
export function isOnlyStream({ track, options }: Step, missing: StoredEvent): boolean {
  const { stream, origin } = track;
  if (missing.deviceId !== track.id) return false;
  if (!options.complete.has('ide') || !origin.whole || stream === null || typeof stream === 'string') return false;
  return missing.args['ide'] === stream.ide;
}
