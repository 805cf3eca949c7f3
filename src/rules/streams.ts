import type { EventClass } from '../model/states.ts';
import { isSamePointer } from '../replay/same-pointer.ts';
import { type ManagedStream, type OneStream, STREAM_KINDS } from '../replay/sole-stream.ts';
import type { Step } from '../replay/step.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Doubt } from './rule.ts';

/**
 * Whether the TDI can have been locked over no other stream or session than the one that `opened` made: it was the only one of the
 * device's security manager since the machine began, and was there before anything put the TDI into its state.
 */
export function isLockedOver(
  opened: StoredEvent | null,
  by: EventClass,
  { track: { stateEvidence }, options }: Step,
): opened is StoredEvent {
  if (opened === null || !options.complete.has(by) || stateEvidence.length === 0) return false;
  return stateEvidence.every(({ id }) => id > (opened.pairId ?? opened.id));
}

/**
 * Whether it is a command to the RMM, which looks first whether the device has a VDEV, and refuses if it has one: smc_pdev_stop() and
 * smc_pdev_stream_disconnect(), TF-RMM/tf-rmm runtime/rmi/pdev.c@9a7f8ef46378 (the former since c36fb57a of 2024-10-08).
 */
export function isOfRmm({ args }: StoredEvent): boolean {
  const command = args['command_name'];
  return command === 'RMI_PDEV_STOP' || command === 'RMI_PDEV_STREAM_DISCONNECT';
}

/**
 * Whether the stream that is missing is the only one that the device ever had. Its kernel object is made for an endpoint below a
 * root port only, each with IDE (pci_ide_stream_alloc(), drivers/pci/ide.c): what it is for is no device inside the root complex.
 */
export function isOnlyStream({ track, options }: Step, missing: StoredEvent): boolean {
  const { stream, origin } = track;
  if (missing.deviceId !== track.id) return false;
  if (!options.complete.has('ide') || !origin.whole || stream === null || typeof stream === 'string') return false;
  return isNamed(missing, stream);
}

/** The same of the security manager of the function; without every arrival, another function may be at its address. */
export function isOnlyManaged({ options }: Step, missing: StoredEvent, { stream }: ManagedStream): boolean {
  return options.complete.has('ide') && options.complete.has('hotplug') && isNamed(missing, stream);
}

function isNamed({ args: { ide } }: StoredEvent, stream: OneStream): boolean {
  return ide !== undefined && stream.ide !== null && isSamePointer(ide, stream.ide);
}

/** Streams that are remembered as new; a device has one or two. */
const NEW_MAX = 16;

/** Later records of another stream of the device that was there already, and enabled, when the one that the event names was stopped. */
export function byAnotherStream({ args: { ide: stopped } }: StoredEvent): Doubt | undefined {
  if (stopped === undefined) return undefined;
  const begun: string[] = [];
  return ({ kind, args: { ide }, outcome }) => {
    // After that there are new ones.
    if (kind === 'tsm.connect' || kind === 'pci.remove') return false;
    if (!STREAM_KINDS.has(kind) || ide === undefined || outcome === 'failed' || isSamePointer(ide, stopped))
      return null;
    if (kind === 'ide.disable') return begun.some((one) => isSamePointer(one, ide)) ? null : true;
    if (begun.length < NEW_MAX) begun.push(ide);
    return null;
  };
}

/** The same by what was recorded before: another stream of the device is enabled. */
export function isBesideAnother({ event: { args }, track }: Step): boolean {
  const { enabled } = track.ledger.steps.stream;
  return args['ide'] !== undefined && enabled.some(({ ide }) => ide !== '?' && !isSamePointer(ide, args['ide'] ?? ''));
}
