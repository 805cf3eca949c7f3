import type { StoredEvent } from '../../src/timeline/rows.ts';

/** An event as the timeline hands it out; its line is its id. */
export function storedEvent(kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}): StoredEvent {
  const id = more.id ?? 1;
  return {
    id,
    sourceId: 1,
    line: id,
    endLine: id,
    time: BigInt(id) * 1000n,
    cpu: null,
    task: null,
    pid: null,
    kind,
    phase: 'point',
    outcome: 'ok',
    code: null,
    symbol: null,
    args: {},
    text: '',
    truncated: false,
    entityId: 1,
    parentId: null,
    rootId: null,
    deviceId: 1,
    maybe: [],
    certainty: 'exact',
    pairId: null,
    pairLine: null,
    supersededBy: null,
    duplicateOf: null,
    pairTime: null,
    ...more,
  };
}
