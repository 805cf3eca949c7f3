import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedSource } from '../replay/stored-event.ts';
import { BOUND, brief, DEVICE, granted, NOTHING, type Setting, tried, type Word } from './tried.ts';

test('a disable of a bound function is definite where everything was recorded, and probable where an unbind may be missing', async () => {
  const rules = 'unbind-before-disable';
  expect((await tried([...BOUND, ['vfio.disable']], { rules })).verdicts).toEqual([
    'definite unbind-before-disable 1:3',
  ]);
  expect((await tried([...BOUND, ['vfio.disable']], { rules, complete: NOTHING })).verdicts).toEqual([
    'probable unbind-before-disable 1:3',
  ]);
  expect((await tried([...BOUND, ['tsm.unbind'], ['vfio.disable']], { rules })).verdicts).toEqual([]);
});

describe('an unbind that may have come before', () => {
  const rules = 'unbind-before-disable';
  const [own, elsewhere] = [storedSource(1), storedSource(2, { path: 'other.txt' })];

  test('stands in another log, whose clock nothing relates to this one', async () => {
    const devices = [DEVICE, storedDevice(2, '0000:02:00.0', { sourceId: 2 })];
    const other: Word = ['tsm.unbind', { sourceId: 2, deviceId: 2 }];
    const sources = [own, elsewhere];
    const { verdicts, findings } = await tried([...BOUND, ['vfio.disable'], other], { rules, sources, devices });
    expect(verdicts).toEqual(['possible unbind-before-disable 1:3']);
    expect(granted(findings[0]).join()).toContain('other.txt:4');
    const core: Word = ['tsm.unbind_core', { sourceId: 2, deviceId: 2 }];
    expect((await tried([...BOUND, ['vfio.disable'], core], { rules, sources, devices })).verdicts).toEqual(verdicts);
    // That of another function does not.
    const apart = [DEVICE, storedDevice(2, '0000:03:00.0', { sourceId: 2 })];
    expect((await tried([...BOUND, ['vfio.disable'], other], { rules, sources, devices: apart })).verdicts).toEqual([
      'definite unbind-before-disable 1:3',
    ]);
  });

  test('names no device', async () => {
    const devices = [DEVICE, storedDevice(2, null)];
    const other: Word = ['tsm.unbind', { deviceId: 2 }];
    const { verdicts } = await tried([...BOUND, other, ['vfio.disable']], { rules, devices });
    expect(verdicts).toEqual(['possible unbind-before-disable 1:4']);
    const late = await tried([...BOUND, ['vfio.disable'], other], { rules, devices });
    expect(late.verdicts).toEqual(['definite unbind-before-disable 1:3']);
  });
});

describe('a record that contradicts what was declared complete', () => {
  // Bound without having been connected, from the boot on, with every connect recorded: a connect is missing.
  const contradicted: readonly Word[] = [['tsm.bind'], ['vfio.disable']];

  test('is told, and nothing of that device is held against anybody on the strength of the declaration', async () => {
    const { verdicts, findings, trial } = await tried(contradicted, {
      rules: 'bind-without-connect unbind-before-disable',
    });
    expect(verdicts.toSorted()).toEqual([
      'inconsistent bind-without-connect 1:1',
      'probable unbind-before-disable 1:2',
    ]);
    expect(trial.court.impossibles.map(({ event, track }) => [event.id, track === trial.tracks[0]])).toEqual([
      [1, true],
    ]);
    expect([...(trial.options.disproved ?? [])].map(([id, event]) => [id, event.id])).toEqual([[1, 1]]);
    const [row] = trial.court
      .coverage(trial.tracks)
      .filter(({ rule }) => rule.doc.id === 'bind-without-connect')
      .map(({ status }) => status);
    expect(row).toBe('violated');
    const shows = 'line 1 (tsm.bind) shows that a step of the device is missing';
    const disable = findings.find(({ violation }) => violation.line === 2);
    expect(granted(disable)).toContain(`no class of events is complete here: ${shows}`);
    expect(disable?.toConfirm).toEqual([`capture it again: ${shows}`]);
  });

  test('says nothing of other devices', async () => {
    const devices = [DEVICE, storedDevice(2, '0000:03:00.0')];
    const sound = [...BOUND, ['vfio.disable'] as Word].map(([kind]): Word => [kind, { deviceId: 2 }]);
    const { verdicts } = await tried([...contradicted, ...sound], {
      rules: 'bind-without-connect unbind-before-disable',
      devices,
    });
    expect(verdicts.toSorted()).toEqual([
      'definite unbind-before-disable 2:5',
      'inconsistent bind-without-connect 1:1',
      'probable unbind-before-disable 1:2',
    ]);
  });

  test('is told once, also where a device itself contradicts it, which may be wrong', async () => {
    // Device 2 is bound and locked, and says that it runs, with every request recorded.
    const devices = [DEVICE, storedDevice(2, '0000:03:00.0')];
    const says: readonly Word[] = [
      ...BOUND.map(([kind]): Word => [kind, { deviceId: 2 }]),
      ['tdisp.state', { deviceId: 2, symbol: 'sev_tio_tdi_status', args: { state: '2' } }],
    ];
    const { verdicts, trial } = await tried([...contradicted, ...says], {
      rules: 'bind-without-connect state-readback-conflict',
      devices,
    });
    expect(verdicts.toSorted()).toEqual([
      'inconsistent bind-without-connect 1:1',
      'inconsistent state-readback-conflict 2:5',
    ]);
    expect(trial.court.impossibles.map(({ event }) => event.id).toSorted()).toEqual([1, 5]);
    expect([...(trial.options.disproved?.keys() ?? [])]).toEqual([1]);
  });

  test('where nothing was declared there is nothing to contradict', async () => {
    const { trial } = await tried(contradicted, { complete: NOTHING, fromBoot: false });
    expect(trial.options.disproved).toBeUndefined();
  });
});

test('what shows after a loss that the function is bound counts as far as it is certain, however much was shown before', async () => {
  // After the loss anything may have happened; a request that is answered, of a task that has this device open, says that it is bound.
  for (const count of [1, 20]) {
    const asked = Array.from({ length: count }, (): Word => ['tsm.guest_request', { args: { scope: '0' } }]);
    const after: Word = ['tsm.guest_request', { args: { scope: '0' }, certainty: 'inherited' }];
    const gaps = new Map([[1, { lines: [3 + count], throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
    const { verdicts } = await tried([...BOUND, ...asked, after, ['vfio.disable']], {
      rules: 'unbind-before-disable',
      gaps,
    });
    expect(verdicts).toEqual([`probable unbind-before-disable 1:${4 + count}`]);
  }
});

describe('a disconnect of a bound function', () => {
  // The core unbinds it first, inside: rude, and in order. Only where that is seen not to happen the device is left bound.
  const rules = 'disconnect-while-bound';
  const disconnect: Word = ['tsm.disconnect', { phase: 'enter', pairId: 5, outcome: 'ok' }];
  const inside = (kind: StoredEvent['kind']): Word => [kind, { parentId: 3, rootId: 3 }];
  const over: Word = ['tsm.disconnect', { phase: 'exit', pairId: 3, rootId: 3 }];

  test('is definite where all unbinds are recorded, and none is inside', async () => {
    const { verdicts } = await tried([...BOUND, disconnect, inside('pci.enable'), over], { rules });
    expect(verdicts).toEqual(['definite disconnect-while-bound 1:3']);
  });

  test('is a warning where the unbind is inside', async () => {
    const right = await tried([...BOUND, disconnect, inside('tsm.unbind_core'), over], { rules });
    expect(right.verdicts).toEqual(['possible disconnect-while-bound 1:3']);
  });

  test('is a suspicion at most where the unbind may be among what was lost meanwhile', async () => {
    const hole = (line: number) => new Map([[1, { lines: [line], throughout: Number.POSITIVE_INFINITY, ofCpu: [] }]]);
    const events = [...BOUND, disconnect, inside('pci.enable'), over, ['pci.enable'] as Word];
    for (const line of [4, 5]) {
      const { verdicts } = await tried(events, { rules, gaps: hole(line) });
      expect(verdicts).toEqual(['possible disconnect-while-bound 1:3']);
    }
    // Lost when it was over.
    const { verdicts } = await tried(events, { rules, gaps: hole(6) });
    expect(verdicts).toEqual(['definite disconnect-while-bound 1:3']);
  });
});

describe('a rule that holds on the platform that another input proves', () => {
  const zap: readonly Word[] = [...BOUND, ['vfio.zap']];
  const judged = async (words: readonly Word[], options: Setting) => {
    const { findings, trial } = await tried(words, { platform: 'generic', rules: 'bar-zap-while-bound', ...options });
    const [row] = trial.court.coverage(trial.tracks);
    const status = [row?.status, ...(row?.missing.filter((one) => one === 'platform') ?? [])].join(' ');
    return { verdicts: findings.map(brief), status, assumptions: findings.flatMap(granted) };
  };

  test('accuses nobody for more than a suspicion, which says so', async () => {
    const perhaps = await judged(zap, { perhaps: ['tdx'] });
    expect(perhaps).toMatchObject({ verdicts: ['possible bar-zap-while-bound 1:3'], status: 'violated' });
    expect(perhaps.assumptions.join()).toContain('this input is of the same machine');
    const tdx = await judged(zap, { platform: 'tdx' });
    expect(tdx).toMatchObject({ verdicts: ['probable bar-zap-while-bound 1:3'], status: 'violated' });
    expect(tdx.assumptions.join()).not.toContain('machine');
    // Nothing proves it; it is another one.
    expect(await judged(zap, {})).toMatchObject({ verdicts: [], status: 'blind platform' });
    expect(await judged(zap, { platform: 'cca' })).toMatchObject({ verdicts: [], status: 'not-applicable' });
  });

  test('is blind for want of the platform, too', async () => {
    expect((await judged(BOUND, { perhaps: ['tdx'] })).status).toBe('blind platform');
    expect((await judged(BOUND, { platform: 'tdx' })).status).toBe('blind');
  });
});

describe('an unbind that names no device, and may be of one of two', () => {
  const rules = 'unbind-before-disable';
  const devices = [DEVICE, storedDevice(2, '0000:03:00.0')];
  const perhaps = { deviceId: null, maybe: [1, 2], certainty: 'maybe', symbol: 'pci_tsm_unbind' } as const;
  const judged = async (...words: readonly Word[]) => {
    const { verdicts, findings } = await tried([...BOUND, ...words, ['vfio.disable']], {
      rules,
      devices,
      complete: NOTHING,
    });
    return { verdicts, assumptions: granted(findings[0]), toConfirm: findings[0]?.toConfirm };
  };
  const doubt = 'line 3 (pci_tsm_unbind) is of another device: it names none, and may be of any of 2';
  const ask = 'tell whose line 3 (pci_tsm_unbind) is: probe it with bdf=, or name its pointer or file with --map';

  test('leaves a suspicion of either, and is what to ask for: no declaration tells whose it is', async () => {
    expect(await judged(['tsm.unbind', perhaps])).toEqual({
      verdicts: ['possible unbind-before-disable 1:4'],
      assumptions: expect.arrayContaining([doubt]),
      toConfirm: [ask],
    });
    // Without it.
    expect(await judged()).toMatchObject({
      verdicts: ['probable unbind-before-disable 1:3'],
      toConfirm: ['if the capture holds every event of these classes, say so: --complete bind'],
    });
  });

  test('is told once, whatever was recorded inside it', async () => {
    const call: readonly Word[] = [
      ['tsm.unbind', { ...perhaps, phase: 'enter', pairId: 5, rootId: 3 }],
      ['tsm.unbind_core', { ...perhaps, symbol: '__pci_tsm_unbind', parentId: 3, rootId: 3 }],
      ['tsm.unbind', { ...perhaps, phase: 'exit', pairId: 3, rootId: 3 }],
    ];
    const { assumptions, toConfirm } = await judged(...call);
    expect(assumptions.filter((one) => one.includes('is of another device'))).toEqual([doubt]);
    expect(toConfirm).toEqual([ask]);
    // Two of them are two.
    const two = await judged(['tsm.unbind', perhaps], ['tsm.unbind', perhaps]);
    expect(two.assumptions.filter((one) => one.includes('is of another device'))).toHaveLength(2);
  });

  test('that begins while the step is under way may have been the one', async () => {
    const overlapping = async (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) => {
      const { verdicts } = await tried(
        [
          ...BOUND,
          ['vfio.disable', { phase: 'enter', pairId: 5, pid: 7 }],
          [kind, { ...perhaps, pid: 8, ...more }],
          ['vfio.disable', { phase: 'exit', pairId: 3, pid: 7 }],
        ],
        { rules, devices, complete: NOTHING },
      );
      return verdicts;
    };
    const [open, accused] = [['possible unbind-before-disable 1:3'], ['probable unbind-before-disable 1:3']];
    expect(await overlapping('tsm.unbind')).toEqual(open);
    expect(await overlapping('tsm.unbind_core')).toEqual(open);
    // A return, whose entry counts; and a STOP unbinds nothing.
    expect(await overlapping('tsm.unbind', { phase: 'exit', pairId: 1 })).toEqual(accused);
    expect(await overlapping('tsm.guest_request')).toEqual(accused);
  });

  test('before the bind says nothing of it', async () => {
    const { verdicts, findings } = await tried(
      [['tsm.connect'], ['tsm.unbind', perhaps], ['tsm.bind'], ['vfio.disable']],
      {
        rules,
        devices,
        complete: NOTHING,
      },
    );
    expect(verdicts).toEqual(['probable unbind-before-disable 1:4']);
    expect(granted(findings[0]).join()).not.toContain('line 2');
  });
});
