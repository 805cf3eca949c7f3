import type { StoredEvent } from '../timeline/rows.ts';

type Kind = Pick<StoredEvent, 'kind'>;

/** A bind, at whatever level it was recorded: the core's own, the driver's below it, or what calls it. */
export function isBind({ kind }: Kind): boolean {
  return kind === 'tsm.bind' || kind === 'tsm.bind_core';
}

/** What the core's bind comes down to in the driver is no bind of its own. */
export function isPartOfBind({ kind }: Kind, calls: readonly Kind[]): boolean {
  return kind === 'tsm.bind_core' && calls.some((call) => call.kind === 'tsm.bind');
}
