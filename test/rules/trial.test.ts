import { describe, expect, test } from 'vitest';
import { EVENT_CLASSES } from '../../src/model/states.ts';
import { EventList } from '../../src/replay/event-list.ts';
import type { ReplayOptions } from '../../src/replay/step.ts';
import type { Draft } from '../../src/rules/draft.ts';
import { RULES } from '../../src/rules/index.ts';
import { textOf } from '../../src/rules/premise.ts';
import { holdTrial } from '../../src/rules/trial.ts';
import type { StoredDevice, StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent, storedSource } from '../replay/stored-event.ts';

// Events of one log, replayed and judged as `analyze` does. The line of an event is its number here.

type Word = readonly [kind: StoredEvent['kind'], more?: Partial<StoredEvent>];

interface Setting extends Partial<Omit<ReplayOptions, 'complete'>> {
  readonly complete?: ReplayOptions['complete'];
  readonly sources?: readonly StoredSource[];
  readonly devices?: readonly StoredDevice[];
  readonly rules?: string;
}

const DEVICE = storedDevice(1, '0000:02:00.0');

async function tried(words: readonly Word[], { sources, devices, rules, ...options }: Setting = {}) {
  const events = words.map(([kind, more], index) => storedEvent(kind, { id: index + 1, ...more }));
  const trial = await holdTrial(
    new EventList(sources ?? [storedSource(1)], devices ?? [DEVICE], events),
    {
      platform: 'sev-tio',
      x86: false,
      complete: new Set(EVENT_CLASSES),
      fromBoot: true,
      gaps: new Map(),
      judged: () => true,
      side: null,
      ...options,
    },
    RULES.filter(({ doc }) => rules === undefined || rules.split(' ').includes(doc.id)),
  );
  const findings = trial.court.findings();
  return { trial, findings, verdicts: findings.map(brief) };
}

const brief = ({ verdict, rule, track, violation }: Draft) => `${verdict} ${rule.doc.id} ${track.id}:${violation.line}`;
/** What the finding takes for granted, sentence by sentence. */
const granted = (draft: Draft | undefined): string[] => draft?.assumptions.map(textOf) ?? [];
const NOTHING = new Set<never>();
const BOUND: readonly Word[] = [['tsm.connect'], ['tsm.bind']];

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

  test('where nothing was declared there is nothing to contradict', async () => {
    const { trial } = await tried(contradicted, { complete: NOTHING, fromBoot: false });
    expect(trial.options.disproved).toBeUndefined();
  });
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

  test('is a suspicion at most where the unbind is inside, or may be among what was lost meanwhile', async () => {
    const right = await tried([...BOUND, disconnect, inside('tsm.unbind_core'), over], { rules });
    expect(right.verdicts).toEqual(['possible disconnect-while-bound 1:3']);
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

describe('what the device tells of its state after the step', () => {
  // Bus Master is set (3) and cleared (the step), and then the firmware asks the device (TIO_TDI_STATUS).
  const write = (value: string): Word => [
    'vfio.config_write',
    { args: { region: 'basic', position: '4', count: '2', value } },
  ];
  const [set, clear] = [write('0x6'), write('0x2')];
  const ask: Word = ['tsm.guest_request', { args: { scope: '1' } }];
  const told = (state: string): Word => ['tdisp.state', { symbol: 'sev_tio_tdi_status', args: { state } }];
  const [LOCKED, ERROR] = ['1', '3'];
  const judged = async (...words: readonly Word[]) => {
    const { verdicts, findings } = await tried([...BOUND, set, ...words], {
      rules: 'bme-clear-while-locked',
      complete: NOTHING,
    });
    const [one] = findings;
    const after = one?.evidence.filter(({ event }) => event.id > one.violation.id) ?? [];
    const roles = after.map(({ role, event }) => `${role}:${event.id}`);
    return { verdicts, roles, byLater: one?.byLater, summary: one?.summary, assumptions: granted(one) };
  };

  test('LOCKED speaks against it: it was stopped, and locked again', async () => {
    expect(await judged(clear)).toMatchObject({ verdicts: ['probable bme-clear-while-locked 1:4'], byLater: false });
    expect(await judged(clear, told(LOCKED))).toMatchObject({
      verdicts: ['possible bme-clear-while-locked 1:4'],
      roles: ['symptom:5'],
      byLater: true,
      summary: expect.stringMatching(/, though line 5 speaks against it$/),
    });
  });

  test('ERROR is what everybody expects', async () => {
    expect(await judged(clear, told(ERROR))).toMatchObject({
      verdicts: ['probable bme-clear-while-locked 1:4'],
      roles: ['confirmation:5'],
      byLater: false,
    });
  });

  test('ERROR after a request that may have been a STOP: it was none', async () => {
    const open = await judged(ask, ask, clear);
    expect(open).toMatchObject({ verdicts: ['possible bme-clear-while-locked 1:6'], byLater: false });
    expect(await judged(ask, ask, clear, told(ERROR))).toMatchObject({
      verdicts: ['probable bme-clear-while-locked 1:6'],
      roles: ['confirmation:7'],
      byLater: true,
      summary: expect.stringMatching(/, as line 7 tells$/),
      assumptions: [
        'the state at the step, which was open then, is the one that line 7 (sev_tio_tdi_status) tells of',
        'the step would be right only with this unseen between lines 2 and 6: the STATE_CHANGE request was a STOP (line 5), and after it: an unrecorded LOCK; the device fell to ERROR unseen',
      ],
    });
  });
});
