import { UsageError } from '../base/errors.ts';
import { escapeForTerminal } from '../base/untrusted.ts';
import type { TimelineReader } from './timeline.ts';

/** @throws UsageError where `since` or `until` says seconds to a clock that counts something else. */
export function refuseTicks(
  reader: Pick<TimelineReader, 'sources'>,
  { since, until }: { readonly since: string | null; readonly until: string | null },
): void {
  if (since === null && until === null) return;
  const ticking = reader.sources().find((source) => source.timeUnit === 'ticks');
  if (ticking === undefined) return;
  throw new UsageError(
    `--since and --until are seconds, but the clock of ${escapeForTerminal(ticking.path)} counts ticks: leave them away for it`,
  );
}
