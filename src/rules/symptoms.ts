import { NOTHING_NOTED } from '../replay/ledger.ts';
import { protocolEffects } from '../replay/protocol.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { Draft } from './draft.ts';
import { strength } from './verdict.ts';

// What a device and its host show of a harm that was done before.

const ENXIO = -6;

/** Trouble that an earlier finding may explain. */
export function isSymptom(event: StoredEvent): boolean {
  if (event.kind === 'iommu.fault' || event.kind === 'aer.error' || event.kind === 'vfio.restore') return true;
  const refused = event.kind === 'tsm.guest_request' && event.outcome === 'failed' && event.code !== ENXIO;
  return refused && !(event.phase === 'exit' && event.pairId !== null);
}

/** The device says that it is in the ERROR that the finding put it in. */
export function confirms(event: StoredEvent, { verdict, after, evidence }: Draft): boolean {
  if (event.kind !== 'tdisp.state' || strength(verdict) < strength('probable')) return false;
  if (!after.device.includes('error') || evidence.some(({ role }) => role === 'confirmation')) return false;
  const [readBack] = protocolEffects(event, NOTHING_NOTED, [], false);
  return readBack?.type === 'read-back' && readBack.whose === 'truth' && readBack.state === 'error';
}
