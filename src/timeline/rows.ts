import type { Compression } from '../base/compression.ts';
import type { HealthCode } from '../base/health.ts';
import type { TimeUnit } from '../base/time.ts';
import type { EventKind, Outcome, Phase } from '../events/event.ts';

/** Rows of the timeline as the stages write and read them. Ids are those of SQLite, 1-based, in order of insertion. */
export interface NewSource {
  path: string;
  format: string;
  compression: Compression;
}

/** Known when the source has been read to its end. */
export interface SourceTotals {
  /** As detected; replaces what addSource was told. */
  format: string;
  clock: string;
  timeUnit: TimeUnit;
  /** In the file, 1-based, inclusive: a source may be one part of several, and another part may stand inside it. */
  firstLine: number;
  lastLine: number;
  lines: number;
  records: number;
  continuation: number;
  events: number;
  skipped: number;
  unparsed: number;
  lost: number;
  firstTime: bigint | null;
  lastTime: bigint | null;
}

export interface NewEvent {
  sourceId: number;
  line: number;
  endLine: number;
  time: bigint | null;
  cpu: number | null;
  task: string | null;
  pid: number | null;
  kind: EventKind;
  phase: Phase;
  outcome: Outcome;
  code: number | null;
  symbol: string | null;
  args: Readonly<Record<string, string>>;
  text: string;
  truncated: boolean;
  /** What the record names the device by, see identity/; null for an event that concerns no device. */
  entityId: number | null;
  /** The innermost recorded call around this event, and the outermost one (itself if there is none). */
  parentId: number | null;
  rootId: number | null;
}

/** An event as the replay and the reports read it back: `deviceId` is resolved through the entity. */
export interface StoredEvent extends NewEvent {
  id: number;
  deviceId: number | null;
  /** How well the record's clue tells the device: `exact`, taken over (`inherited`), one of several (`maybe`), or not at all. */
  certainty: NewDevice['certainty'] | 'maybe';
  /** Of an event that is `maybe`: the devices it may be about; `deviceId` is null then. */
  maybe: readonly number[];
  /** The exit record that belongs to this `enter`, and the other way round. */
  pairId: number | null;
  /** Line of the pair. */
  pairLine: number | null;
  /** A wrapper whose inner, more telling event is recorded too: it must not count twice. */
  supersededBy: number | null;
  /** The same message in another source, which counts in its place. */
  duplicateOf: number | null;
  /** Time of the pair, on the same clock. */
  pairTime: bigint | null;
}

/** An event with what later records have told of it, where that is known at once. */
export type EventSoFar = NewEvent & Partial<Pick<StoredEvent, 'pairId' | 'supersededBy'>>;

export interface NewDevice {
  sourceId: number;
  bdf: string | null;
  pf: string | null;
  dsm: string | null;
  guestBdf: string | null;
  aliases: readonly string[];
  /** `exact`: a record names it; `inherited`: taken over from the task's other records; `none`: unknown. */
  certainty: 'exact' | 'inherited' | 'none';
}

export interface StoredDevice extends NewDevice {
  id: number;
  fromTime: bigint | null;
  toTime: bigint | null;
  events: number;
}

export interface StoredSource extends NewSource, SourceTotals {
  id: number;
  /** The first source of those whose clocks relate; its own id where it stands alone. They share one order of events. */
  clockGroup: number;
  /** Nanoseconds to add to its times to have them on the clock of that source. */
  clockOffset: bigint;
  /** Nanoseconds by which that may be wrong; null for a source that stands alone. */
  clockError: number | null;
}

export interface NewHealth {
  sourceId: number | null;
  code: HealthCode;
  line: number | null;
  message: string;
  count: number;
}

export interface NewUnrecognised {
  sourceId: number;
  subsystem: string;
  text: string;
  count: number;
  line: number;
}
