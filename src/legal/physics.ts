import type { StoredEvent } from '../timeline/rows.ts';

type Kind = StoredEvent['kind'];

/** What needs the function to be open in vfio. */
const BY_USER: ReadonlySet<Kind> = new Set([
  'vfio.config_write',
  'vfio.ioctl',
  'vfio.zap',
  'vfio.revoke',
  'vfio.low_power',
  'vfio.mmap',
  'vfio.close',
  'vfio.disable',
  'tsm.bind',
]);
const OPENS: ReadonlySet<Kind> = new Set(['vfio.open']);
const CLOSES: ReadonlySet<Kind> = new Set(['vfio.close', 'vfio.disable']);
/** After them the function, or its use by vfio, is another one. */
const ENDS: ReadonlySet<Kind> = new Set(['pci.remove', 'vfio.unregister']);
const COMES: ReadonlySet<Kind> = new Set(['pci.add']);

/**
 * Pairs that keep their order whatever the TDI's state is, since the kernel does one only after the other: first one, then the
 * other. Not of the TDISP model, which knows no files and no drivers.
 */
const FIXED: readonly (readonly [first: ReadonlySet<Kind>, then: ReadonlySet<Kind>])[] = [
  [COMES, new Set([...BY_USER, ...OPENS, ...ENDS, 'tsm.connect'])],
  [OPENS, BY_USER],
  [BY_USER, CLOSES],
  [CLOSES, new Set([...ENDS, ...OPENS])],
  [
    new Set([...BY_USER, ...OPENS, 'tsm.bind', 'tsm.connect', 'tsm.guest_request', 'pci.reset', 'pci.flr']),
    new Set(['pci.remove']),
  ],
  [ENDS, new Set([...OPENS, ...COMES])],
  // Removing a function is what makes the core drop its context.
  [new Set(['pci.remove']), new Set(['tsm.destroy'])],
  [new Set(['tsm.connect']), new Set(['tsm.bind', 'tdisp.lock'])],
  [
    new Set(['tsm.bind']),
    new Set(['tsm.unbind', 'tsm.unbind_core', 'tsm.guest_request', 'tdisp.stop', 'tdisp.start', 'mmio.unmap']),
  ],
  [new Set(['tsm.disconnect', 'tsm.disconnect_core']), new Set(['tsm.connect'])],
];

/** Whether records may change places with those that they jump over. */
export function mayPass(
  moved: readonly StoredEvent[],
  jumped: readonly StoredEvent[],
  way: 'earlier' | 'later',
): boolean {
  const [first, then] = way === 'earlier' ? [jumped, moved] : [moved, jumped];
  return !isEnd(first, then) && !FIXED.some(([one, other]) => has(first, one) && has(then, other));
}

function has(events: readonly StoredEvent[], kinds: ReadonlySet<Kind>): boolean {
  return events.some(
    ({ kind, outcome, phase, pairId }) =>
      kinds.has(kind) && outcome !== 'failed' && !(phase === 'exit' && pairId !== null),
  );
}

/** A task that has ended does nothing any more. */
function isEnd(first: readonly StoredEvent[], then: readonly StoredEvent[]): boolean {
  const ended = then.filter(({ kind }) => kind === 'task.exit').map(({ pid, args }) => Number(args['pid'] ?? pid));
  return first.some(({ pid }) => pid !== null && ended.includes(pid));
}
