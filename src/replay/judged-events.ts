import { parseSeconds } from '../base/time.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';
import { SourceClocks } from './clocks.ts';

/** Which part of what was recorded is judged. */
export interface JudgedStretch {
  /** Decimal seconds, inclusive. */
  readonly since: string | null;
  readonly until: string | null;
  readonly lastBoot: boolean;
}

/** `--since`, `--until`, `--last-boot`: earlier events still move the state, they are not judged. */
export function judgedEvents(
  reader: TimelineReader,
  { since, until, lastBoot }: JudgedStretch,
): (event: StoredEvent) => boolean {
  const from = since === null ? null : parseSeconds(since);
  const to = until === null ? null : parseSeconds(until);
  const bootLine = new Map<number, number>();
  for (const { code, sourceId, line } of reader.health()) {
    if (lastBoot && code === 'reboot' && sourceId !== null && line !== null) {
      bootLine.set(sourceId, Math.max(line, bootLine.get(sourceId) ?? 0));
    }
  }
  // Of merged inputs the clock of the first one counts.
  const clocks = new SourceClocks(reader.sources());
  return (event) => {
    if (event.line < (bootLine.get(event.sourceId) ?? 0)) return false;
    const time = clocks.time(event);
    if (time === null) return true;
    return (from === null || time >= from) && (to === null || time <= to);
  };
}
