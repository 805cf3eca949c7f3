import { describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { NOTHING_NOTED } from '../../src/replay/ledger.ts';
import { candidatesOf, heeding, isPerhaps, reached, spreads } from '../../src/replay/reach.ts';
import { NO_STEPS } from '../../src/replay/step-orders.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { sceneOf, shownReach } from './scenery.ts';
import { storedEvent, storedSource } from './stored-event.ts';

const PORT = '0000:00:01.0';
const PF = '0000:02:00.0';
const OTHER_FUNCTION = '0000:02:00.1';
const VF = '0000:02:10.0';
const SAME_BUS = '0000:02:05.0';
const ELSEWHERE = '0000:5e:00.0';

/** 1 the port, 2 a PF below it, 3 its other function, 4 a VF, 5 another device on the bus, 6 one elsewhere. */
function machine() {
  const { scene, tracks } = sceneOf([PORT, PF, OTHER_FUNCTION, VF, SAME_BUS, ELSEWHERE]);
  tracks[3]?.isVfOf(PF as Bdf, { record: 9 });
  scene.topology(1).learn(storedEvent('pci.bridge', { id: 1, args: { first: '02', last: '03' } }), PORT);
  return { scene, tracks };
}

const at = (kind: StoredEvent['kind'], deviceId: number | null, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id: 50, deviceId, ...more });

/** Whom the event does something to. */
function whom(event: StoredEvent, calls: readonly StoredEvent[] = [], { scene, tracks } = machine()): string {
  void tracks;
  return shownReach(reached(scene, event, scene.owner(event), calls));
}

describe('what an event does something to', () => {
  // PCIe: an FLR of a PF resets its VFs, that of a VF itself alone; a conventional reset every function of what is reset.
  test.each<[string, StoredEvent, string]>([
    ['an FLR of the PF: its VFs too', at('pci.flr', 2), '2:- 4:vf'],
    ['an FLR of a VF', at('pci.flr', 4), '4:-'],
    ['an FLR of another function', at('pci.flr', 3), '3:-'],
    ['a reset of the bus: whatever is below the port', at('pci.bus_reset', 2), '2:- 3:device 4:vf 5:below'],
    [
      'a reset of the bus below the port',
      at('pci.bus_reset', 1, { args: { below: '1' } }),
      '2:below 3:below 4:below 5:below',
    ],
    ['the link of the port goes down', at('pci.link_down', 1), '2:below 3:below 4:below 5:below'],
    ['the port is removed', at('pci.remove', 1), '1:- 2:below 3:below 4:below 5:below'],
    ['the port forwards nothing any more', at('pci.clear_master', 1), '1:- 2:below 3:below 4:below 5:below'],
    ['the PF is removed', at('pci.remove', 2), '2:-'],
    ['the PF clears Bus Master', at('pci.clear_master', 2), '2:-'],
    ['SR-IOV is disabled', at('pci.sriov_disable', 2), '2:- 4:vf'],
    ['a DSM is disconnected', at('tsm.disconnect', 2), '2:- 3:dsm 4:dsm'],
    ['the core disconnects it', at('tsm.disconnect_core', 2), '2:- 3:dsm 4:dsm'],
    ['a DSM is connected', at('tsm.connect', 2), '2:- 3:dsm 4:dsm'],
    ['an unbind', at('tsm.unbind', 2), '2:-'],
    ['nothing of a device', at('pci.flr', null), ''],
  ])('%s', (_name, event, expected) => {
    expect(whom(event)).toBe(expected);
  });

  test('is not what is gone, nor what another machine has', () => {
    const gone = machine();
    for (const track of gone.tracks) if (track.id === 4) track.gone = true;
    expect(whom(at('pci.flr', 2), [], gone)).toBe('2:-');
    const apart = sceneOf([PF, { bdf: VF, sourceId: 2 }], { sources: [storedSource(1), storedSource(2)] });
    apart.tracks[1]?.isVfOf(PF as Bdf, { record: 9 });
    expect(whom(at('pci.flr', 1), [], apart)).toBe('1:-');
  });

  test('is the function that was asked to be reset, where the reset goes by way of the port', () => {
    const ask = at('pci.reset', 4, { id: 40, phase: 'enter', supersededBy: 50 });
    expect(whom(at('pci.bus_reset', null), [{ ...ask, deviceId: 6 }])).toBe('6:-');
    // Whatever is on that bus shares it.
    expect(whom(at('pci.bus_reset', null), [ask])).toBe('4:- 2:below 3:below 5:below');
    expect(whom(at('pci.bus_reset', null), [{ ...ask, deviceId: 2 }])).toBe('2:- 3:device 4:vf 5:below');
    expect(whom(at('pci.bus_reset', 1, { args: { below: '1' } }), [{ ...ask, deviceId: 6 }])).toBe(
      '6:- 2:below 3:below 4:below 5:below',
    );
    // What names another function is done to that one, whatever encloses it; neither is a call that stands for itself.
    expect(whom(at('pci.flr', 3), [{ ...ask, deviceId: 6 }])).toBe('3:-');
    expect(whom(at('pci.flr', 3), [{ ...ask, deviceId: 3 }])).toBe('3:-');
    for (const more of [{ supersededBy: null }, { supersededBy: 49 }, { deviceId: null }, { deviceId: 99 }] as const)
      expect(whom(at('pci.bus_reset', null), [{ ...ask, ...more }])).toBe('');
  });
});

describe('what is said concerns', () => {
  const heard = (event: StoredEvent, calls: readonly StoredEvent[] = [], { scene } = machine()) =>
    shownReach(heeding(scene, event, scene.owner(event), calls));

  test.each<[string, StoredEvent, string]>([
    ['a LOCK: the TDI', at('tdisp.lock', 2), '2:-'],
    ['a session that ends: all that its DSM manages', at('spdm.disconnect', 2), '2:- 3:dsm 4:dsm'],
    ['a stream that is disabled', at('ide.disable', 2), '2:- 3:dsm 4:dsm'],
    ['a stream that is set up', at('ide.setup', 2), '2:- 3:dsm 4:dsm'],
    ['a session of nobody', at('spdm.disconnect', null), ''],
  ])('%s', (_name, event, expected) => {
    expect(heard(event)).toBe(expected);
  });

  test('the function that a VM has, and those that are connected to a TSM', () => {
    const vm = at('vm.destroy', null, { args: { vm: '0xff1', what: 'VM' } });
    const bound = machine();
    for (const track of bound.tracks) if (track.id === 4) track.ledger = { ...NOTHING_NOTED, vm: '0xff1' };
    expect(heard(vm, [], bound)).toBe('4:-');
    expect(heard(vm)).toBe('');
    const connected = machine();
    for (const track of connected.tracks) if (track.id > 4) track.ledger = { ...NOTHING_NOTED, connected: true };
    expect(heard(at('tsm.unregister', null), [], connected)).toBe('5:- 6:-');
    expect(heard(at('host.sleep', null), [], connected)).toBe('5:- 6:-');
    for (const track of connected.tracks) if (track.id === 5) track.gone = true;
    expect(heard(at('tsm.unregister', null), [], connected)).toBe('6:-');
    // On another machine nothing of it is known.
    const apart = sceneOf([PF, { bdf: VF, sourceId: 2 }], { sources: [storedSource(1), storedSource(2)] });
    for (const track of apart.tracks) track.ledger = { ...NOTHING_NOTED, connected: true };
    expect(heard(at('tsm.unregister', null), [], apart)).toBe('1:-');
  });

  test('whoever asked, where the answer names nobody', () => {
    const bind = at('tsm.bind', 4, { id: 40, phase: 'enter' });
    const nameless = at('vfio.ioctl', null, { id: 39, phase: 'enter' });
    for (const kind of ['firmware.refused', 'fence.status', 'fence.clear'] as const)
      expect(heard(at(kind, null), [nameless, bind])).toBe('4:-');
    expect(heard(at('fence.clear', 4), [bind])).toBe('4:-');
    expect(heard(at('tdisp.lock', null), [bind])).toBe('');
    expect(heard(at('fence.clear', null), [{ ...bind, deviceId: 99 }])).toBe('');
    // A stream has two ends: at the port it is one of the function that is being connected.
    expect(heard(at('ide.enable', 1), [{ ...bind, deviceId: 6 }])).toBe('1:- 6:dsm');
    expect(heard(at('ide.setup', 1), [{ ...bind, deviceId: 6 }])).toBe('1:-');
  });

  test('whose fence is due, where no call tells: one of several only by a success', () => {
    const cleared = at('fence.clear', null);
    const refused = at('fence.clear', null, { args: { error: '-5' } });
    const withFences = (...ids: readonly number[]) => {
      const all = machine();
      const fence = { left: 'unread', at: storedEvent('tdisp.stop'), ran: true, vm: null, unbound: true } as const;
      for (const track of all.tracks)
        if (ids.includes(track.id)) track.ledger = { ...NOTHING_NOTED, steps: { ...NO_STEPS, fence } };
      return all;
    };
    expect(heard(cleared, [], withFences(4))).toBe('4:-');
    expect(heard(refused, [], withFences(4))).toBe('4:-');
    expect(heard(at('fence.status', null), [], withFences(4))).toBe('4:-');
    expect(heard(at('tdisp.stop', null), [], withFences(4))).toBe('');
    expect(heard(cleared, [], withFences(4, 5))).toBe('4:- 5:-');
    expect(heard(refused, [], withFences(4, 5))).toBe('');
    const gone = withFences(4, 5);
    for (const track of gone.tracks) if (track.id === 5) track.gone = true;
    expect(heard(refused, [], gone)).toBe('4:-');
    const apart = sceneOf([PF, { bdf: VF, sourceId: 2 }], { sources: [storedSource(1), storedSource(2)] });
    for (const track of apart.tracks) track.ledger = withFences(4).tracks[3]?.ledger ?? NOTHING_NOTED;
    expect(heard(cleared, [], apart)).toBe('1:-');
  });
});

describe('events of which nobody knows whose they are', () => {
  const { scene, tracks } = machine();
  const perhaps = at('pci.flr', null, { maybe: [2, 6, 99], certainty: 'maybe' });

  test('may be of these devices', () => {
    expect([isPerhaps(perhaps), isPerhaps(at('pci.flr', null)), isPerhaps({ ...perhaps, deviceId: 2 })]).toEqual([
      true,
      false,
      false,
    ]);
    expect(candidatesOf(scene, perhaps).map(({ id }) => id)).toEqual([2, 6]);
    expect(candidatesOf(scene, { ...perhaps, deviceId: 2 })).toEqual([]);
    expect(tracks).toHaveLength(6);
  });
});

test.each<[string, StoredEvent, boolean]>([
  ['one that may be of several', at('tsm.bind', null, { maybe: [2] }), true],
  ['the end of a task', at('task.exit', null), true],
  ['the end of a VM', at('vm.destroy', null), true],
  ['a stream', at('ide.enable', 2), true],
  ['a disconnect', at('tsm.disconnect', 2), true],
  ['a disconnect by the core', at('tsm.disconnect_core', 2), true],
  ['a connect', at('tsm.connect', 2), true],
  ['a link that goes down', at('pci.link_down', 1), true],
  ['what is below a port', at('pci.enable', 1, { args: { below: '1' } }), true],
  ['a reset of the bus', at('pci.bus_reset', 6), true],
  ['the port is removed', at('pci.remove', 1), true],
  ['the port forwards nothing', at('pci.clear_master', 1), true],
  ['an enable of the port', at('pci.enable', 1), false],
  ['a function is removed', at('pci.remove', 2), false],
  ['an FLR of the PF', at('pci.flr', 2), true],
  ['SR-IOV of the PF', at('pci.sriov_disable', 2), true],
  ['an FLR of a function without VFs', at('pci.flr', 3), false],
  ['SR-IOV of one without VFs', at('pci.sriov_disable', 6), false],
  ['a bind', at('tsm.bind', 2), false],
  ['an FLR of nobody', at('pci.flr', null), false],
])('concerns others, too: %s', (_name, event, expected) => {
  expect(spreads(machine().scene, event)).toBe(expected);
});
