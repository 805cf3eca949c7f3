import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENT_KINDS } from '../src/events/event.ts';
import { STREAM_EVENTS } from '../src/model/ide.ts';
import { LINK_OPERATIONS } from '../src/model/link.ts';
import { PLATFORM_PROFILES } from '../src/model/platforms.ts';
import { FUNCTION_REGISTERS } from '../src/model/registers.ts';
import { PLATFORMS } from '../src/model/states.ts';
import { DEVICE_EVENTS, TDISP_REQUESTS } from '../src/model/tdisp.ts';
import { RULES } from '../src/rules/index.ts';
import { BUGS, platformsOf, seededOn, UNSEEDED } from './support/history/bugs.ts';
import { DRIVERS } from './support/history/drivers.ts';
import { FTRACE } from './support/history/forms.ts';
import { guestOn } from './support/history/guest.ts';
import { MOVES, rowName, UNSEEN } from './support/history/moves.ts';
import { legalOn } from './support/history/walk.ts';
import { eventsIn } from './support/in-memory.ts';
import { PATIENCE } from './support/runs.ts';

// The tables of the model drive the histories of the soundness tests: what is added to one of them is generated, or its absence
// has a reason.

/** Everything that the model knows to happen. */
const ROWS: readonly string[] = [
  ...Object.keys(LINK_OPERATIONS).map((name) => `link ${name}`),
  ...Object.keys(TDISP_REQUESTS).map((name) => `tdisp ${name}`),
  ...Object.keys(DEVICE_EVENTS).map((name) => `device ${name}`),
  ...Object.keys(STREAM_EVENTS).map((name) => `stream ${name}`),
  // Those in capabilities stand elsewhere in each device.
  ...FUNCTION_REGISTERS.filter(({ place }) => place.in === 'header').map(({ name }) => `register ${name}`),
];
const MOVED = new Set(MOVES.flatMap(({ rows }) => rows.map(rowName)));
/** COMMAND has moves of its own, bit by bit. */
const BY_NAME = new Set(['register Command']);

test.each(ROWS)('%s is in the histories, or it is said why not', (row) => {
  const isMoved = MOVED.has(row) || BY_NAME.has(row);
  expect(isMoved !== Object.hasOwn(UNSEEN, row), row).toBe(true);
});

test('nothing is excused that the model does not know', () => {
  expect(Object.keys(UNSEEN).filter((row) => !ROWS.includes(row))).toEqual([]);
});

describe.each(PLATFORMS)('on %s', (platform) => {
  test('every step of the teardown can be traced', () => {
    const known = Object.keys(DRIVERS[platform].teardown);
    expect([...PLATFORM_PROFILES[platform].teardown].sort()).toEqual(known.sort());
  });

  test.each(RULES.filter(({ doc }) => doc.platforms.includes(platform)).map(({ doc }) => doc.id))(
    '%s has a bug that is seeded, or it is said why not',
    (rule) => {
      const seeded = BUGS.filter((bug) => bug.rule === rule && platformsOf(bug).includes(platform));
      const excuse = UNSEEDED[rule]?.[platform];
      const todo = 'test/support/history/bugs.ts: a bug in BUGS, or in UNSEEDED why there is none; not both';
      expect(seeded.length > 0 !== (excuse !== undefined), todo).toBe(true);
    },
  );

  test('every move that is possible there is made in legal histories', () => {
    const made = new Set(
      fc
        .sample(legalOn(platform), { numRuns: 1500, seed: 1 })
        .flatMap((entries) => entries.map(({ step }) => step.replace(/#\d+$/, ''))),
    );
    const missing = MOVES.filter(({ name }) => !made.has(name)).map(({ name }) => name);
    expect(missing).toEqual(NOT_THERE[platform]);
  });
});

/** Requests that no driver of the platform sends by itself. */
const NOT_THERE: Readonly<Record<(typeof PLATFORMS)[number], readonly string[]>> = {
  generic: ['lock', 'start', 'stop', 'report', 'ask for the state', 'read the state back', 'keys refreshed'],
  tdx: ['lock', 'report', 'read the state back'],
  'sev-tio': ['lock', 'ask for the state'],
  cca: ['ask for the state'],
};

/** Kinds of events in no generated history: symptoms, ties between names, and what nobody judges; no state rests on them. */
const NOT_GENERATED: readonly string[] = `
  vfio.dmabuf_cleanup vfio.unregister vfio.request vfio.restore pci.bus pci.unreachable pci.feature pci.link_up pci.runtime_pm
  tsm.doe tsm.register tsm.error tdisp.measurements spdm.manage ide.alloc ide.claim ide.free ide.state ide.error doe.exchange doe.error
  firmware.ready firmware.dead iommu.bind iommu.unbind iommu.attach_call iommu.detach_call iommu.map iommu.unmap iommu.fault
  iommu.domain pci.power_refused iommu.block iommu.unblock iommu.error iommufd.ioctl iommufd.close iommufd.viommu_alloc iommufd.viommu_destroy
  iommufd.object_destroy iommufd.tsm_op iommufd.tsm_request iommufd.refused dmabuf.export dmabuf.attach dmabuf.detach dmabuf.put
  vm.unmap vm.attributes vm.fault vm.exit guest.report aer.error aer.recovery host.splat host.hang host.machine_check
  syscall.ioctl`
  .trim()
  .split(/\s+/);

test('every other kind of event is in the histories', { timeout: PATIENCE }, async () => {
  const sample = <T>(of: fc.Arbitrary<T>, numRuns: number) => fc.sample(of, { numRuns, seed: 2 });
  const histories = [
    ...PLATFORMS.flatMap((platform) => [...sample(legalOn(platform), 60), ...sample(guestOn(platform), 4)]),
    ...BUGS.flatMap((bug) =>
      platformsOf(bug).flatMap((one) => sample(seededOn(bug, one), 1).map(({ entries }) => entries)),
    ),
  ];
  const seen = new Set<string>();
  for (const entries of histories) for (const { kind } of await eventsIn(FTRACE.render(entries))) seen.add(kind);
  expect(
    Object.keys(EVENT_KINDS)
      .filter((kind) => !seen.has(kind))
      .sort(),
  ).toEqual([...NOT_GENERATED].sort());
});

test('a bug names a rule that exists, and says why it is no more than probable', () => {
  const rules = new Set(RULES.map(({ doc }) => doc.id));
  expect(BUGS.filter(({ rule }) => !rules.has(rule))).toEqual([]);
  const unexplained = BUGS.filter(
    ({ verdict, because }) => typeof verdict === 'string' && verdict !== 'definite' && because === undefined,
  );
  expect(unexplained).toEqual([]);
});
