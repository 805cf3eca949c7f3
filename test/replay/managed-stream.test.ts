import { expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import type { EventClass } from '../../src/model/states.ts';
import { managedStream } from '../../src/replay/managed-stream.ts';
import { originAt } from '../../src/replay/origin.ts';
import type { SoleStream } from '../../src/replay/sole-stream.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import { sceneOf } from './scenery.ts';
import { storedEvent } from './stored-event.ts';

const PF = '0000:02:00.0';
const TOLD = storedEvent('tsm.context', { id: 1, deviceId: 2 });
const STREAM: SoleStream = { ide: '0xa', used: true, enabledBy: null, failed: false, asked: false, allotted: false };

interface Setup {
  readonly stream?: SoleStream;
  readonly whole?: readonly [pf: boolean, vf: boolean];
  readonly dsm?: string | null;
  readonly pf?: string;
  readonly complete?: EventClass;
  readonly spokenOf?: number;
}

function managed({
  stream = STREAM,
  whole = [true, true],
  dsm = PF,
  complete = 'ide',
  spokenOf = 1,
  pf: of,
}: Setup = {}) {
  const { scene, tracks } = sceneOf([PF, '0000:02:10.0'], {
    events: [TOLD],
    options: { complete: new Set([complete]) },
  });
  const [pf, vf] = tracks as [DeviceTrack, DeviceTrack];
  Object.assign(pf, { stream, origin: originAt(whole[0]) });
  vf.origin = originAt(whole[1]);
  if (of !== undefined) vf.isVfOf(of as Bdf, { record: 1 });
  vf.dsmRecord = dsm === null ? null : { dsm: dsm as Bdf, id: 1 };
  if (dsm !== null) vf.dsm = dsm as Bdf;
  return managedStream(scene, vf, storedEvent('ide.disable', { id: 9, deviceId: spokenOf }));
}

test('the only stream of the function that the core names as the security manager, with its word', () => {
  expect(managed()).toEqual({ stream: STREAM, shownBy: TOLD });
});

test('that of the PF of a VF, with what shows it to be one', () => {
  expect(managed({ dsm: null, pf: PF })).toEqual({ stream: STREAM, shownBy: TOLD });
});

test.each<[string, Setup]>([
  ['there may be several', { stream: 'several' }],
  ['none was spoken of', { stream: null }],
  ['the kernel found one', { stream: 'at-init' }],
  ['records of the manager are missing', { whole: [false, true] }],
  ['records of the function are missing', { whole: [true, false] }],
  ['streams may not have been recorded', { complete: 'bind' }],
  ['nothing tells who manages it', { dsm: null }],
  ['another function manages it', { dsm: '0000:02:00.1' }],
  ['the record is of no function that is known', { spokenOf: 5 }],
])('not where %s', (_, setup) => {
  expect(managed(setup)).toBeNull();
});
