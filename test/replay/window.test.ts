import { describe, expect, test } from 'vitest';
import type { Coverage } from '../../src/replay/coverage.ts';
import { isOpen, type Window, WindowOfOrder } from '../../src/replay/window.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { type SceneParts, sceneOf } from './scenery.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const [PF, OTHER] = ['0000:02:00.0', '0000:5e:00.0'];
/** Two traces whose stamps may be wrong by 5 ns against each other, and one that stands alone. */
const SOURCES = [
  storedSource(1, { clockGroup: 1, clockError: 2 }),
  storedSource(2, { clockGroup: 1, clockError: 3 }),
  storedSource(3),
];

const at = (id: number, sourceId: number, time: bigint | null, more: Partial<StoredEvent> = {}) =>
  storedEvent('pci.flr', { id, sourceId, time, ...more });

/** The windows that events are handed over in; `lostAt`: ids of events before which something was lost. */
function windows(events: readonly StoredEvent[], lostAt: readonly number[] = [], parts: SceneParts = {}): Window[] {
  const found: Window[] = [];
  const coverage = { changesAt: ({ id }: StoredEvent) => lostAt.includes(id) } as unknown as Coverage;
  const { scene } = sceneOf([PF, OTHER], { sources: SOURCES, ...parts });
  const window = new WindowOfOrder(scene, coverage, (one) => found.push(one));
  for (const event of events) window.offer(event);
  window.flush();
  window.flush();
  return found;
}

const ids = (list: readonly Window[]) => list.map(({ events }) => events.map(({ id }) => id).join('+'));
const open = (list: readonly Window[]) =>
  list.flatMap(({ parts }) => parts.map((part) => part.map(({ id }) => id).join('+')));

describe('events are held back', () => {
  test('as long as the next one may have come before them', () => {
    const events = [at(1, 1, 100n), at(2, 2, 105n), at(3, 1, 110n), at(4, 2, 116n)];
    expect(ids(windows(events))).toEqual(['1+2+3', '4']);
  });

  test('by the latest of their stamps', () => {
    expect(ids(windows([at(1, 1, 100n), at(2, 2, 98n), at(3, 1, 104n), at(4, 1, 106n)]))).toEqual(['1+2+3+4']);
    expect(ids(windows([at(1, 1, 100n), at(2, 2, 98n), at(3, 1, 106n)]))).toEqual(['1+2', '3']);
  });

  test('on the clock of their history', () => {
    const moved = [
      SOURCES[0] ?? storedSource(1),
      storedSource(2, { clockGroup: 1, clockError: 3, clockOffset: -900n }),
    ];
    expect(ids(windows([at(1, 1, 100n), at(2, 2, 1003n)], [], { sources: moved }))).toEqual(['1+2']);
  });

  test('not where something was lost, or where one has no stamp', () => {
    const events = [at(1, 1, 100n), at(2, 2, 101n), at(3, 1, 102n)];
    expect(ids(windows(events, [2]))).toEqual(['1', '2+3']);
    expect(ids(windows([at(1, 1, 100n), at(2, 2, null), at(3, 1, 100n)]))).toEqual(['1', '2', '3']);
    expect(ids(windows([at(1, 1, null), at(2, 2, 100n)]))).toEqual(['1', '2']);
    // A new window has an end of its own.
    expect(ids(windows([at(1, 1, 100n), at(2, 1, null), at(3, 2, 100n), at(4, 1, 105n)]))).toEqual(['1', '2', '3+4']);
  });

  test('not beside those of another history', () => {
    expect(ids(windows([at(1, 1, 100n), at(2, 3, 100n), at(3, 3, 100n), at(4, 3, 101n)]))).toEqual(['1', '2+3', '4']);
  });

  test('at most 256: where more are tied both windows are cut', () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => at(n + 1, 1 + (n % 2), 100n));
    const sizes = (events: readonly StoredEvent[]) =>
      windows(events).map(({ events: { length }, isCut }) => [length, isCut]);
    expect(sizes(many(256))).toEqual([[256, false]]);
    expect(sizes(many(300))).toEqual([
      [256, true],
      [44, true],
    ]);
    expect(sizes(many(600))).toEqual([
      [256, true],
      [256, true],
      [88, true],
    ]);
    // What comes later, or after a loss, is not.
    expect(sizes([...many(257), at(258, 1, 200n), at(259, 2, 200n)])).toEqual([
      [256, true],
      [1, true],
      [2, false],
    ]);
    expect(sizes([...many(256), at(257, 1, 200n)])).toEqual([
      [256, false],
      [1, false],
    ]);
  });

  test('of what is cut the order is open of all that may be tied with what is beyond the cut', () => {
    // Of one device and source, whose order is that of the lines: 256 records of them, from 1 ns on.
    const fill = Array.from({ length: 255 }, (_, n) => at(n + 1, 1, 100n, { deviceId: 3 }));
    const last = (time: bigint) => at(256, 1, time);
    expect(open(windows([...fill, last(100n), at(257, 2, 105n)]))).toEqual([
      fill.map(({ id }) => id).join('+'),
      '256',
      '257',
    ]);
    // The stamps are wrong by 5 ns at most: the two of device 4 are further from what is beyond the cut. Of device 1 one is not.
    const near = Array.from({ length: 253 }, (_, n) => at(n + 1, 1, 102n, { deviceId: 3 }));
    const [far, early, late] = [at(300, 1, 100n, { deviceId: 4 }), at(301, 1, 100n), at(258, 2, 108n, { deviceId: 4 })];
    expect(open(windows([far, early, ...near, last(102n), at(257, 2, 107n), late]))).toEqual([
      '301+256',
      near.map(({ id }) => id).join('+'),
      '257',
    ]);
  });

  test('of one log that names no CPU the lines tell the order, however many stand at one time', () => {
    const many = (cpu: number | null) => Array.from({ length: 300 }, (_, n) => at(n + 1, 3, 100n, { cpu }));
    expect(open(windows(many(null)))).toEqual([]);
    // Of another CPU each may have come first.
    expect(open(windows(many(0)))).toHaveLength(2);
  });

  test('each is handed over once, also where there is none', () => {
    expect(windows([])).toEqual([]);
    expect(windows([at(1, 1, 100n)])).toEqual([{ events: [at(1, 1, 100n)], parts: [], wide: new Set(), isCut: false }]);
  });
});

describe('an order is open', () => {
  const two = (one: Partial<StoredEvent>, other: Partial<StoredEvent>, more: SceneParts = {}) =>
    open(windows([at(1, 1, 100n, one), at(2, 2, 103n, other)], [], more));

  test('between two events of one device that are as near as the clocks are wrong', () => {
    expect(two({}, {})).toEqual(['1+2']);
    expect(open(windows([at(1, 1, 100n), at(2, 1, 103n)]))).toEqual([]);
    expect(two({ kind: 'tsm.bind' }, { kind: 'vfio.zap' })).toEqual(['1+2']);
  });

  test('not between those of different devices', () => {
    expect(two({}, { deviceId: 2 })).toEqual([]);
  });

  test('but where one of them concerns others, too', () => {
    for (const kind of ['tsm.connect', 'pci.bus_reset', 'task.exit'] as const) {
      expect(two({ kind }, { deviceId: 2 })).toEqual(['1+2']);
      expect(two({}, { deviceId: 2, kind })).toEqual(['1+2']);
    }
    expect(windows([at(1, 1, 100n, { kind: 'tsm.connect' }), at(2, 2, 100n)]).map(({ wide }) => [...wide])).toEqual([
      [1],
    ]);
  });

  test('not where the place of one does not matter', () => {
    for (const more of [{ kind: 'iommu.fault' }, { kind: 'vfio.zap', supersededBy: 9 }] as const) {
      expect(two({}, more)).toEqual([]);
      expect(two(more, {})).toEqual([]);
    }
  });

  test.each([
    ['pci.add'],
    ['pci.remove'],
    ['pci.set_master'],
    ['pci.command'],
    ['pci.config_write'],
    ['vfio.close'],
    ['vfio.open'],
    ['vfio.config_write'],
    ['tdisp.lock'],
    ['guest.lock'],
    ['tsm.unbind'],
    ['vfio.disable'],
  ] as const)('where it matters: %s', (kind) => {
    expect(two({ kind }, {})).toEqual(['1+2']);
  });

  test('part by part, device by device', () => {
    const both = [
      at(1, 1, 100n),
      at(2, 1, 100n, { deviceId: 2 }),
      at(3, 2, 100n),
      at(4, 1, 100n, { deviceId: 2 }),
      at(5, 2, 100n, { deviceId: 2 }),
    ];
    expect(open(windows(both))).toEqual(['1+3', '2+4+5']);
    // All of them where one concerns all.
    expect(open(windows([...both, at(6, 1, 100n, { kind: 'task.exit', deviceId: null })]))).toEqual(['1+2+3+4+5+6']);
  });

  test('only where two of the part are tied, however many lie between', () => {
    const chain = [at(1, 1, 100n), at(2, 1, 104n), at(3, 1, 108n), at(4, 1, 112n)];
    expect([ids(windows(chain)), open(windows(chain))]).toEqual([['1+2+3+4'], []]);
    expect(open(windows([...chain, at(5, 2, 116n)]))).toEqual(['1+2+3+4+5']);
    const between = [at(1, 2, 100n), at(2, 1, 106n, { deviceId: 2 }), at(3, 2, 106n, { kind: 'iommu.fault' })];
    expect(open(windows(between))).toEqual([]);
    // Not the neighbour, the one before it.
    expect(open(windows([at(1, 2, 100n), at(2, 1, 101n, { pid: 7, cpu: 1 }), at(3, 1, 101n)]))).toEqual(['1+2+3']);
    const early = [at(1, 2, 100n), at(2, 1, 105n, { rootId: 1 }), at(3, 1, 105n, { rootId: 1 })];
    expect(open(windows(early))).toEqual([]);
  });
});

test('whether the order of two is open asks for their stamps, and whom they concern', () => {
  const { scene } = sceneOf([PF, OTHER], { sources: SOURCES });
  const none: ReadonlySet<number> = new Set();
  const [one, two, far] = [at(1, 1, 100n), at(2, 2, 100n), at(3, 2, 100n, { deviceId: 2 })];
  expect(isOpen(scene, none, one, two)).toBe(true);
  expect(isOpen(scene, none, one, far)).toBe(false);
  expect(isOpen(scene, new Set([1]), one, far)).toBe(true);
  expect(isOpen(scene, new Set([3]), one, far)).toBe(true);
  expect(isOpen(scene, new Set([1]), one, { ...two, time: 106n })).toBe(false);
});
