import type { StoredDevice, StoredEvent, StoredSource } from '../../src/timeline/rows.ts';

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

/** A source that stands alone, unless told otherwise. */
export function storedSource(id: number, more: Partial<StoredSource> = {}): StoredSource {
  return {
    id,
    path: `${id}.txt`,
    format: 'ftrace',
    compression: 'none',
    clock: 'boot',
    timeUnit: 'ns',
    firstLine: 1,
    lastLine: 1000,
    lines: 1000,
    records: 1000,
    continuation: 0,
    events: 1000,
    skipped: 0,
    unparsed: 0,
    lost: 0,
    firstTime: null,
    lastTime: null,
    clockGroup: id,
    clockOffset: 0n,
    clockError: null,
    ...more,
  };
}

/** A device whose address a record names. */
export function storedDevice(id: number, bdf: string | null, more: Partial<StoredDevice> = {}): StoredDevice {
  return {
    id,
    sourceId: 1,
    bdf,
    pf: null,
    dsm: null,
    guestBdf: null,
    aliases: [],
    certainty: bdf === null ? 'none' : 'exact',
    fromTime: null,
    toTime: null,
    events: 0,
    ...more,
  };
}
