import type { Bdf } from '../base/bdf.ts';
import type { LegalOrder } from '../legal/order.ts';
import type { EventClass } from '../model/states.ts';
import type { Host } from '../replay/hosts.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { Draft } from '../rules/draft.ts';
import type { Coverage } from '../rules/tallies.ts';
import type { NewHealth } from '../timeline/rows.ts';

/** What the replay and the rules found out, with the parameters they worked under. */
export interface Judgement {
  readonly hosts: readonly Host[];
  readonly fromBoot: boolean;
  readonly complete: readonly EventClass[];
  /** Only this function is reported; null: all. */
  readonly device: Bdf | null;
  readonly tracks: readonly DeviceTrack[];
  readonly drafts: readonly Draft[];
  readonly coverage: readonly Coverage[];
  /** The smallest legal change of order, of findings for which it was looked for. */
  readonly orders: ReadonlyMap<Draft, LegalOrder>;
  /** What the replay itself found wanting. */
  readonly health: readonly NewHealth[];
}

export function isReported({ device }: Judgement, { bdf }: Pick<DeviceTrack, 'bdf'>): boolean {
  return device === null || bdf === device;
}
