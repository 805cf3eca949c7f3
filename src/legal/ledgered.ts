import type { EventKind, Outcome } from '../events/event.ts';
import type { Effect } from '../replay/effects.ts';

/** Effects that say themselves whether what was recorded before them, beside the state of the TDI, was done in order. */
export const LEDGERED: ReadonlySet<Effect['type']> = new Set([
  'reclaim',
  'failed-bind',
  'fence-left',
  'lock-over-stream',
  'stream-enable',
  'driver-attached',
  'dma-open',
]);

/**
 * What they say it of; the replay, not this list, says which of them sets which step right. Readings are none of them: what was read is
 * so when it was read, and at another place it may be otherwise.
 */
export const NOTED: ReadonlySet<EventKind> = new Set([
  'fence.clear',
  'ide.enable',
  'ide.disable',
  'ide.teardown',
  'guest.accept',
  'guest.unlock',
]);

/** Below the core's own operations it is the driver that stops the TDI: of all that is noted, only that is lacking. */
export function wantsStop(effect: Effect['type']): boolean {
  return effect === 'reclaim' || effect === 'failed-bind';
}

interface Noted {
  readonly kind: EventKind;
  readonly name: string;
  readonly outcome: Outcome;
}

/** Operations to be tried where nobody recorded one; what had failed has to succeed. */
export function notedInserts(effect: Effect): readonly Noted[] {
  switch (effect.type) {
    case 'fence-left': {
      const name = `TIO_ASID_FENCE_CLEAR${effect.left === 'uncleared' ? ' that succeeds' : ''}`;
      const clear: Noted = { kind: 'fence.clear', name, outcome: 'ok' };
      // Who has not looked does not know whether there is anything to clear.
      return effect.left === 'unread' ? [{ ...clear, name: 'TIO_ASID_FENCE_CLEAR, if it is fenced,' }] : [clear];
    }
    case 'lock-over-stream': {
      const name = `pci_ide_stream_enable${effect.missing?.why === 'failed' ? ' that succeeds' : ''}`;
      return [{ kind: 'ide.enable', name, outcome: 'ok' }];
    }
    case 'driver-attached':
    case 'dma-open':
      return [{ kind: 'guest.accept', name: 'pci_tsm_accept', outcome: 'ok' }];
    default:
      return [];
  }
}
