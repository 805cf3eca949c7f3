import { describe, expect, it, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import type { SideFact } from '../../src/input/side-data.ts';
import type { EventClass } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, BOUND_UNLOCKED, CONNECTED, TDI_STATES, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { Effect } from '../../src/replay/effects.ts';
import type { Answer, ExplicitRequest } from '../../src/replay/protocol.ts';
import type { Shown, Step } from '../../src/replay/step.ts';
import type { Tie } from '../../src/replay/topology.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Charge, Rule } from '../../src/rules/rule.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, statesWhere, stepOf } from './step.ts';

// What each rule holds against a step, before anybody asks what was believed: see docs/ for why.

function ruleOf(id: string): Rule {
  const rule = RULES.find(({ doc }) => doc.id === id);
  if (!rule) throw new Error(`no rule ${id}`);
  return rule;
}

const LOCKED = 'locked/locked locked/error locked/unlocked run/run run/error run/unlocked';
const BOUND = `unlocked/unlocked ${LOCKED}`;
const NOT_BOUND = 'unbound connected';
const ALL = `${NOT_BOUND} ${BOUND}`;

const at = (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) => storedEvent(kind, { id: 50, ...more });
const lock = storedEvent('tdisp.lock', { id: 5 });
const complete = (...classes: EventClass[]): Partial<Step> => ({
  options: { ...OPTIONS, complete: new Set(classes) },
});
const reached = (tie: Tie): Partial<Step> => ({
  reach: { tie, record: null, side: null, shownBy: null, holds: false } satisfies Shown,
});

/** Effects of every type, to see which of them a rule judges at all. */
const EFFECTS: readonly Effect[] = [
  { type: 'command-clear', bit: 'bme', certain: true },
  { type: 'command-clear', bit: 'mse', certain: true },
  { type: 'function-reset', certain: true },
  { type: 'conventional-reset' },
  { type: 'power-loss', certain: true, state: 'D3cold' },
  { type: 'zap' },
  { type: 'disable' },
  { type: 'removal' },
  { type: 'sriov-change', certain: true },
  { type: 'disconnect' },
  { type: 'bind' },
  { type: 'guest-request' },
  { type: 'owner-exit' },
  { type: 'unbind' },
  { type: 'vdevice-destroy' },
  { type: 'vm-destroy' },
  { type: 'tsm-unregister' },
  { type: 'failed-bind', lock, cleaned: false },
  { type: 'private-unmap', answer: 'unknown', status: null },
  { type: 'private-unmap', answer: 'refused', status: 'TDX_GPA_RANGE_NOT_BLOCKED' },
  { type: 'reclaim', stopped: false },
  { type: 'vdev-destroy', answer: 'not-ready', stopped: false, locked: null },
  registerWritten('unknown'),
  { type: 'fence-left', left: 'uncleared', vm: 'unknown', at: lock },
  { type: 'lock-over-stream', missing: { why: 'disabled', at: lock } },
  { type: 'stream-enable', portFirst: lock },
  { type: 'driver-attached', step: 'probe', how: 'early', locked: lock },
  { type: 'guest-unlock', left: 'driver' },
  { type: 'dma-open', how: 'early', locked: lock },
  { type: 'mmio-accept', how: 'unbound' },
  { type: 'system-sleep', state: 'deep' },
  { type: 'stream-stop', opened: null },
  { type: 'session-end', opened: null },
  { type: 'read-back', whose: 'truth', state: 'error' },
  { type: 'guest-accept', answer: 'no-report' },
  ...(['lock', 'start', 'stop', 'report'] as const).map((request): Effect => asked(request, 'wrong-state')),
  { type: 'refusal', answer: 'wrong-state', command: 'X', named: true },
];

function asked(request: ExplicitRequest, answer: Answer, named = true, command = 'X'): Effect {
  return { type: 'request', request, answer, command, named };
}

function registerWritten(old: 'differs' | 'same' | 'unknown', register = 'BIST', ofPf = false): Effect {
  return { type: 'config-change', register, old, ofPf, side: null };
}

/** By rule: what it judges, and in which states that is wrong. */
const JUDGED: readonly (readonly [id: string, effects: string, wrongIn: string])[] = [
  ['unbind-before-disable', 'disable', BOUND],
  ['bme-clear-while-locked', 'command-clear bme', LOCKED],
  ['mse-clear-while-locked', 'command-clear mse', LOCKED],
  ['flr-while-locked', 'function-reset', LOCKED],
  ['conventional-reset-while-locked', 'conventional-reset', LOCKED],
  ['power-state-while-locked', 'power-loss', LOCKED],
  ['config-change-while-locked', 'config-change', LOCKED],
  ['sriov-change-while-locked', 'sriov-change', LOCKED],
  ['bar-zap-while-bound', 'zap', LOCKED],
  ['private-mmio-unmap-before-stop', 'private-unmap', LOCKED],
  ['surprise-removal-while-bound', 'removal', BOUND],
  ['disconnect-while-bound', 'disconnect', BOUND],
  ['bind-without-connect', 'bind', 'unbound'],
  ['double-bind', 'bind', BOUND],
  ['unbind-without-bind', 'unbind', NOT_BOUND],
  ['guest-request-while-unbound', 'guest-request', NOT_BOUND],
  ['vdevice-destroy-while-bound', 'vdevice-destroy', BOUND],
  ['vm-destroy-while-bound', 'vm-destroy', BOUND],
  ['tsm-unregister-while-connected', 'tsm-unregister', `connected ${BOUND}`],
  ['failed-bind-not-cleaned', 'failed-bind', ALL],
  ['bound-at-exit', 'owner-exit', BOUND],
  ['lock-from-wrong-state', 'request lock', LOCKED],
  // Of the device itself: one that has fallen to ERROR or was reset cannot be started.
  [
    'start-without-lock',
    'request start',
    'unbound connected unlocked/unlocked locked/error locked/unlocked run/error run/unlocked',
  ],
  ['report-before-lock', 'request report', 'unbound connected unlocked/unlocked'],
  ['accept-before-report', 'guest-accept', ALL],
  ['ide-stream-stop-while-locked', 'stream-stop', LOCKED],
  ['spdm-session-end-while-locked', 'session-end', LOCKED],
  ['reclaim-order', 'reclaim', ALL],
  ['fence-not-cleared', 'fence-left', ALL],
  ['lock-before-ide-stream', 'lock-over-stream', ALL],
  ['root-port-stream-first', 'stream-enable', ALL],
  ['driver-probe-before-accept', 'driver-attached', ALL],
  ['guest-unlock-while-in-use', 'guest-unlock', ALL],
  ['dma-enable-before-run', 'dma-open', ALL],
  ['mmio-accept-before-bind', 'mmio-accept', ALL],
  ['mmio-unmap-before-block', 'private-unmap', ALL],
  ['vdev-destroy-before-unlock', 'vdev-destroy', LOCKED],
  ['sleep-while-bound', 'system-sleep', BOUND],
  ['tdisp-request-refused', 'refusal', ALL],
  // The device said ERROR.
  [
    'state-readback-conflict',
    'read-back',
    'unbound connected unlocked/unlocked locked/locked locked/unlocked run/run run/unlocked',
  ],
];

const label = (effect: Effect) =>
  effect.type === 'command-clear'
    ? `${effect.type} ${effect.bit}`
    : effect.type === 'request'
      ? `${effect.type} ${effect.request}`
      : effect.type;

describe('each rule judges its own steps, in its own states', () => {
  test.each(JUDGED)('%s: %s', (id, effects, wrongIn) => {
    const rule = ruleOf(id);
    const charges = EFFECTS.flatMap((effect) => {
      const charge = rule.judge(stepOf(effect));
      return charge === null ? [] : [{ effect, charge }];
    });
    expect([...new Set(charges.map(({ effect }) => label(effect)))].join()).toBe(effects);
    for (const { charge } of charges) {
      expect(statesWhere(charge.wrongIn)).toBe(wrongIn);
      expect(charge.summary).toMatch(/^\S.*[^.]$/);
      for (const text of [...(charge.takesForGranted ?? []), ...(charge.toConfirm ?? [])]) expect(text).toMatch(/\w/);
    }
  });

  it('and no rule is left out', () => {
    const judged = JUDGED.map(([id]) => id);
    const others = RULES.map(({ doc }) => doc.id).filter((id) => !judged.includes(id));
    expect(others, 'add a row to JUDGED').toEqual(['unlock-before-private-mmio-unmap']);
    expect(new Set(judged).size).toBe(judged.length);
  });

  it('rests on a bind where it is wrong because of one', () => {
    // The others are judged by what the kernel or the firmware answered.
    const unbound = RULES.filter(({ restsOnBind }) => !restsOnBind).map(({ doc }) => doc.id);
    expect(unbound.sort()).toEqual([
      'accept-before-report',
      'bind-without-connect',
      'dma-enable-before-run',
      'double-bind',
      'driver-probe-before-accept',
      'failed-bind-not-cleaned',
      'fence-not-cleared',
      'guest-request-while-unbound',
      'guest-unlock-while-in-use',
      'lock-before-ide-stream',
      'lock-from-wrong-state',
      'mmio-accept-before-bind',
      'mmio-unmap-before-block',
      'private-mmio-unmap-before-stop',
      'reclaim-order',
      'report-before-lock',
      'root-port-stream-first',
      'start-without-lock',
      'state-readback-conflict',
      'tdisp-request-refused',
      'tsm-unregister-while-connected',
      'unbind-without-bind',
      'unlock-before-private-mmio-unmap',
      'vdev-destroy-before-unlock',
    ]);
  });

  it('is settled by the classes through which its states are left', () => {
    const settled = Object.fromEntries(RULES.map(({ doc, settledBy }) => [doc.id, settledBy.join(' ')]));
    const [bind, lockClasses] = ['bind', 'bind guest-request'];
    expect(settled).toEqual({
      'unbind-before-disable': bind,
      'bme-clear-while-locked': lockClasses,
      'mse-clear-while-locked': lockClasses,
      'flr-while-locked': lockClasses,
      'conventional-reset-while-locked': lockClasses,
      'power-state-while-locked': lockClasses,
      'config-change-while-locked': lockClasses,
      'sriov-change-while-locked': lockClasses,
      'bar-zap-while-bound': lockClasses,
      'private-mmio-unmap-before-stop': lockClasses,
      'unlock-before-private-mmio-unmap': 'firmware mmio',
      'surprise-removal-while-bound': bind,
      'disconnect-while-bound': bind,
      'bind-without-connect': 'link',
      'double-bind': bind,
      'unbind-without-bind': bind,
      'guest-request-while-unbound': bind,
      'vdevice-destroy-while-bound': bind,
      'vm-destroy-while-bound': bind,
      'tsm-unregister-while-connected': 'link',
      'failed-bind-not-cleaned': 'firmware',
      'bound-at-exit': bind,
      'lock-from-wrong-state': lockClasses,
      'start-without-lock': lockClasses,
      'report-before-lock': lockClasses,
      'accept-before-report': 'guest-request',
      'ide-stream-stop-while-locked': lockClasses,
      'spdm-session-end-while-locked': lockClasses,
      'reclaim-order': 'firmware',
      'fence-not-cleared': 'firmware',
      'lock-before-ide-stream': 'ide',
      'root-port-stream-first': 'ide',
      'driver-probe-before-accept': 'guest-request',
      'guest-unlock-while-in-use': 'guest-request',
      'dma-enable-before-run': 'guest-request',
      'mmio-accept-before-bind': 'guest-request',
      'mmio-unmap-before-block': 'firmware',
      'vdev-destroy-before-unlock': 'firmware',
      'sleep-while-bound': bind,
      'tdisp-request-refused': 'firmware',
      'state-readback-conflict': 'bind guest-request reset config-write',
    });
  });

  it('names the operation that has several harmful steps by the gravest', () => {
    const rank = (id: string) => ruleOf(id).rank;
    // Design, section 3: disable > reset > MSE / BME / power > zap.
    expect(rank('unbind-before-disable')).toBeGreaterThan(rank('flr-while-locked'));
    expect(rank('flr-while-locked')).toBe(rank('conventional-reset-while-locked'));
    for (const id of ['mse-clear-while-locked', 'bme-clear-while-locked', 'power-state-while-locked']) {
      expect(rank(id)).toBeLessThan(rank('flr-while-locked'));
      expect(rank(id)).toBeGreaterThan(rank('bar-zap-while-bound'));
    }
    expect(rank('sriov-change-while-locked')).toBeGreaterThan(rank('surprise-removal-while-bound'));
    expect(rank('surprise-removal-while-bound')).toBeGreaterThan(rank('unbind-before-disable'));
  });
});

/** What a charge says of its strength. */
function terms(charge: Charge | null): string {
  if (charge === null) return 'none';
  const { provedByAnswer, atMost, severity, onlyIfLikely, symptom, rightedBy, follows, takesForGranted = [] } = charge;
  return [
    provedByAnswer === undefined ? 'believed' : provedByAnswer ? 'proved' : 'right',
    atMost ?? 'any',
    severity ?? '',
    onlyIfLikely ? 'likely' : '',
    symptom ? 'symptom' : '',
    rightedBy ? `righted:${[...rightedBy.by]}:${rightedBy.otherwiseAtMost ?? 'any'}` : '',
    follows ? `follows:${follows}` : '',
    takesForGranted.length > 0 ? `granted:${takesForGranted.length}` : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

const REFUSED = (code: number | null) => ({ event: at('tsm.bind', { outcome: 'failed', code }) });
const REQUESTED = (code: number | null) => ({ event: at('tsm.guest_request', { outcome: 'failed', code }) });

function trackWith(change: (track: DeviceTrack) => void): Partial<Step> {
  const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
  change(track);
  return { track };
}

const fact = { place: 'lspci.txt:7', text: 'NoSoftRst-' } as SideFact;
const softReset = (value: boolean) =>
  trackWith((track) => {
    track.noSoftReset = { value, fact };
  });

const withBar = (isVf: boolean) =>
  trackWith((track) => {
    track.origin = { ...track.origin, physicalBy: storedEvent('pci.bar', { id: 3 }), isCertain: true };
    track.isVf = isVf;
  });

const noVfBySide = (isOnly = true) =>
  trackWith((track) => {
    track.noVfSide = fact;
    track.origin = { ...track.origin, isOnly };
  });

describe('how strong a charge can be', () => {
  test.each<[string, string, Effect, Partial<Step>, string]>([
    [
      'bme-clear-while-locked',
      'the bit was set',
      { type: 'command-clear', bit: 'bme', certain: true },
      {},
      'believed any',
    ],
    [
      'bme-clear-while-locked',
      'it may have been clear',
      { type: 'command-clear', bit: 'bme', certain: false },
      {},
      'believed possible granted:1',
    ],
    // Of a VF the bit is emulated: whether the function is one, records may not tell.
    [
      'mse-clear-while-locked',
      'the bit was set',
      { type: 'command-clear', bit: 'mse', certain: true },
      {},
      'believed possible granted:1',
    ],
    [
      'mse-clear-while-locked',
      'the bit was set, of a function that side data show to be no VF',
      { type: 'command-clear', bit: 'mse', certain: true },
      { ...complete('hotplug'), ...noVfBySide() },
      'believed any granted:1',
    ],
    [
      'mse-clear-while-locked',
      'the same, where functions may come and go unseen',
      { type: 'command-clear', bit: 'mse', certain: true },
      noVfBySide(),
      'believed probable granted:1',
    ],
    [
      'mse-clear-while-locked',
      'the same, where another function was at the address',
      { type: 'command-clear', bit: 'mse', certain: true },
      { ...complete('hotplug'), ...noVfBySide(false) },
      'believed probable granted:1',
    ],
    [
      'mse-clear-while-locked',
      'the bit was set, of a function whose BARs the kernel has read',
      { type: 'command-clear', bit: 'mse', certain: true },
      { ...complete('hotplug'), ...withBar(false) },
      'believed any',
    ],
    [
      'mse-clear-while-locked',
      'the same, where functions may come and go unseen',
      { type: 'command-clear', bit: 'mse', certain: true },
      withBar(false),
      'believed probable granted:1',
    ],
    [
      'mse-clear-while-locked',
      'it may have been clear, of a function that is no VF',
      { type: 'command-clear', bit: 'mse', certain: false },
      { ...complete('hotplug'), ...withBar(false) },
      'believed possible granted:1',
    ],
    [
      'mse-clear-while-locked',
      'it may have been clear',
      { type: 'command-clear', bit: 'mse', certain: false },
      {},
      'believed possible granted:2',
    ],
    ['flr-while-locked', 'by FLR', { type: 'function-reset', certain: true }, {}, 'believed any'],
    [
      'flr-while-locked',
      'by a method that is not told',
      { type: 'function-reset', certain: false },
      {},
      'believed probable granted:1',
    ],
    ['conventional-reset-while-locked', 'its own', { type: 'conventional-reset' }, {}, 'believed any'],
    ['power-state-while-locked', 'D3cold', { type: 'power-loss', certain: true, state: 'D3cold' }, {}, 'believed any'],
    [
      'power-state-while-locked',
      'D3hot',
      { type: 'power-loss', certain: false, state: 'D3hot' },
      {},
      'believed possible granted:1',
    ],
    [
      'power-state-while-locked',
      'D3hot that keeps the state',
      { type: 'power-loss', certain: false, state: 'D3hot' },
      softReset(true),
      'right any',
    ],
    [
      'power-state-while-locked',
      'D3hot that loses it',
      { type: 'power-loss', certain: false, state: 'D3hot' },
      softReset(false),
      'believed probable granted:1',
    ],
    [
      'power-state-while-locked',
      'D3cold, whatever D3hot does',
      { type: 'power-loss', certain: true, state: 'D3cold' },
      softReset(true),
      'believed any',
    ],
    // A restore writes what stands there already.
    ['config-change-while-locked', 'a register', registerWritten('unknown'), {}, 'believed possible likely granted:1'],
    [
      'config-change-while-locked',
      'a register that held something else before',
      registerWritten('differs'),
      {},
      'believed probable likely granted:1',
    ],
    [
      'config-change-while-locked',
      'a BAR of a VF, which is fixed',
      registerWritten('differs', 'Base Address Registers'),
      withBar(true),
      'none',
    ],
    [
      'config-change-while-locked',
      'a BAR',
      registerWritten('differs', 'Base Address Registers'),
      withBar(false),
      'believed probable likely granted:1',
    ],
    [
      'config-change-while-locked',
      'a register that held the same before',
      registerWritten('same'),
      {},
      'right any likely',
    ],
    [
      'config-change-while-locked',
      'a register that a VF leaves to its PF',
      registerWritten('differs', 'Process Address Space ID', true),
      {},
      'believed possible likely granted:2',
    ],
    [
      'config-change-while-locked',
      'the same, of a function that is no VF',
      registerWritten('differs', 'Process Address Space ID', true),
      withBar(false),
      'believed probable likely granted:1',
    ],
    [
      'config-change-while-locked',
      'a BAR of a function that may be a VF',
      registerWritten('differs', 'Base Address Registers'),
      {},
      'believed possible likely granted:2',
    ],
    [
      'sriov-change-while-locked',
      'of the PF',
      { type: 'sriov-change', certain: true },
      { event: at('pci.sriov_enable') },
      'believed any',
    ],
    [
      'sriov-change-while-locked',
      'of the PF, where it may have been off',
      { type: 'sriov-change', certain: false },
      { event: at('pci.sriov_disable') },
      'believed possible granted:1',
    ],
    ['sriov-change-while-locked', 'of a VF', { type: 'sriov-change', certain: true }, reached('vf'), 'believed any'],
    ['bar-zap-while-bound', 'a zap', { type: 'zap' }, {}, 'believed probable'],
    [
      'bar-zap-while-bound',
      'inside the unbind',
      { type: 'zap' },
      { calls: [at('vfio.close'), at('tsm.unbind')] },
      'right probable',
    ],
    [
      'bar-zap-while-bound',
      'inside the unbind of the core',
      { type: 'zap' },
      { calls: [at('tsm.unbind_core')] },
      'right probable',
    ],
    [
      'bar-zap-while-bound',
      'inside something else',
      { type: 'zap' },
      { calls: [at('vfio.close')] },
      'believed probable',
    ],
    [
      'private-mmio-unmap-before-stop',
      'the module refused',
      { type: 'private-unmap', answer: 'wrong-state', status: null },
      {},
      'proved any likely',
    ],
    [
      'private-mmio-unmap-before-stop',
      'its answer is not known',
      { type: 'private-unmap', answer: 'unknown', status: null },
      {},
      'believed probable likely granted:1',
    ],
    [
      'private-mmio-unmap-before-stop',
      'it did so',
      { type: 'private-unmap', answer: 'ok', status: null },
      {},
      'right any likely',
    ],
    [
      'private-mmio-unmap-before-stop',
      'it found something else',
      { type: 'private-unmap', answer: 'refused', status: null },
      {},
      'right any likely',
    ],
    [
      'surprise-removal-while-bound',
      'removed, perhaps because the link went down',
      { type: 'removal' },
      { event: at('pci.remove') },
      'believed any follows:pci.link_down',
    ],
    [
      'surprise-removal-while-bound',
      'the link went down',
      { type: 'removal' },
      { event: at('pci.link_down') },
      'believed any',
    ],
    // The core unbinds before it disconnects.
    [
      'disconnect-while-bound',
      'a disconnect',
      { type: 'disconnect' },
      {},
      'believed possible righted:tsm.unbind,tsm.unbind_core:any granted:1',
    ],
    [
      'vdevice-destroy-while-bound',
      'iommufd unbinds then',
      { type: 'vdevice-destroy' },
      {},
      'believed possible righted:tsm.unbind,tsm.unbind_core:any granted:1',
    ],
    [
      'tsm-unregister-while-connected',
      'the core disconnects first',
      { type: 'tsm-unregister' },
      {},
      'believed possible likely righted:tsm.unbind,tsm.unbind_core,tsm.disconnect,tsm.disconnect_core:possible granted:2',
    ],
    ['vm-destroy-while-bound', 'a VM goes', { type: 'vm-destroy' }, {}, 'believed any'],
    ['unbind-before-disable', 'the close', { type: 'disable' }, {}, 'believed any'],
    // Misuse that the kernel refuses is a note. errno: ENXIO 6, EBUSY 16, EINVAL 22.
    ['bind-without-connect', '-ENXIO', { type: 'bind' }, REFUSED(-6), 'believed possible note'],
    [
      'bind-without-connect',
      '-EINVAL, which is also for want of a VM',
      { type: 'bind' },
      REFUSED(-22),
      'believed possible note granted:1',
    ],
    ['bind-without-connect', '-EBUSY', { type: 'bind' }, REFUSED(-16), 'right possible note'],
    ['bind-without-connect', 'no code', { type: 'bind' }, REFUSED(null), 'right possible note'],
    ['bind-without-connect', 'it succeeded', { type: 'bind' }, { event: at('tsm.bind') }, 'right possible note'],
    [
      'bind-without-connect',
      'it succeeded, and left a code',
      { type: 'bind' },
      { event: at('tsm.bind', { code: -6 }) },
      'right possible note',
    ],
    [
      'double-bind',
      '-EBUSY, which the driver may say, too',
      { type: 'bind' },
      REFUSED(-16),
      'believed possible note likely granted:1',
    ],
    ['double-bind', '-EINVAL', { type: 'bind' }, REFUSED(-22), 'right possible note likely'],
    ['double-bind', 'the same VM again', { type: 'bind' }, { event: at('tsm.bind') }, 'right possible note likely'],
    [
      'double-bind',
      'it succeeded, and left a code',
      { type: 'bind' },
      { event: at('tsm.bind', { code: -16 }) },
      'right possible note likely',
    ],
    [
      'unbind-without-bind',
      'void, and does nothing',
      { type: 'unbind' },
      {},
      'believed possible note likely granted:1',
    ],
    [
      'guest-request-while-unbound',
      '-ENXIO: there is no TDI',
      { type: 'guest-request' },
      REQUESTED(-6),
      'proved possible note',
    ],
    [
      'guest-request-while-unbound',
      'whatever else it answers, there was one',
      { type: 'guest-request' },
      REQUESTED(-22),
      'right possible note',
    ],
    [
      'guest-request-while-unbound',
      'it succeeded',
      { type: 'guest-request' },
      { event: at('tsm.guest_request', { code: -6 }) },
      'right possible note',
    ],
    // Whoever probes the LOCK need not have probed the STOP.
    [
      'failed-bind-not-cleaned',
      'nothing followed',
      { type: 'failed-bind', lock, cleaned: false },
      {},
      'believed possible granted:1',
    ],
    [
      'failed-bind-not-cleaned',
      'nothing followed, and all would be here',
      { type: 'failed-bind', lock, cleaned: false },
      complete('firmware'),
      'believed any',
    ],
    [
      'failed-bind-not-cleaned',
      'a STOP followed',
      { type: 'failed-bind', lock, cleaned: true },
      {},
      'right possible granted:1',
    ],
    [
      'failed-bind-not-cleaned',
      'a STOP followed, and all is here',
      { type: 'failed-bind', lock, cleaned: true },
      complete('firmware'),
      'right any',
    ],
    ['reclaim-order', 'without a STOP', { type: 'reclaim', stopped: false }, {}, 'believed possible granted:1'],
    [
      'reclaim-order',
      'without a STOP, and it would be here',
      { type: 'reclaim', stopped: false },
      complete('firmware'),
      'believed any',
    ],
    ['reclaim-order', 'after a STOP', { type: 'reclaim', stopped: true }, {}, 'right possible granted:1'],
    [
      'reclaim-order',
      'after a STOP, and all is here',
      { type: 'reclaim', stopped: true },
      complete('firmware'),
      'right any',
    ],
    [
      'ide-stream-stop-while-locked',
      'a stream, not surely the one',
      { type: 'stream-stop', opened: null },
      {},
      'believed probable likely granted:1',
    ],
    [
      'spdm-session-end-while-locked',
      'a session, not surely the one',
      { type: 'session-end', opened: null },
      {},
      'believed probable likely granted:1',
    ],
    [
      'accept-before-report',
      'the guest says so',
      { type: 'guest-accept', answer: 'no-report' },
      {},
      'proved possible note',
    ],
    ['accept-before-report', 'it had the report', { type: 'guest-accept', answer: 'ok' }, {}, 'right possible note'],
    ['accept-before-report', 'it does not look', { type: 'guest-accept', answer: 'other' }, {}, 'none'],
    ['conventional-reset-while-locked', 'of another function', { type: 'function-reset', certain: true }, {}, 'none'],
  ])('%s, %s', (id, _what, effect, step, expected) => {
    const charge = ruleOf(id).judge(stepOf(effect, step));
    expect(terms(charge)).toBe(expected);
    for (const text of [...(charge?.takesForGranted ?? []), ...(charge?.toConfirm ?? [])]) expect(text).toMatch(/\w/);
  });

  // Only a probe, or the registers of the function, would tell.
  test.each<[string, Effect]>([
    ['disconnect-while-bound', { type: 'disconnect' }],
    ['vdevice-destroy-while-bound', { type: 'vdevice-destroy' }],
    ['tsm-unregister-while-connected', { type: 'tsm-unregister' }],
    ['flr-while-locked', { type: 'function-reset', certain: false }],
    ['power-state-while-locked', { type: 'power-loss', certain: false, state: 'D3hot' }],
    ['sriov-change-while-locked', { type: 'sriov-change', certain: false }],
  ])('%s asks for what the record does not tell', (id, effect) => {
    expect(ruleOf(id).judge(stepOf(effect))?.toConfirm).toEqual([expect.stringMatching(/\w/)]);
    if ('certain' in effect) expect(ruleOf(id).judge(stepOf({ ...effect, certain: true }))?.toConfirm).toBeUndefined();
  });

  it('says where side data told what it takes for granted', () => {
    const charge = ruleOf('power-state-while-locked').judge(
      stepOf({ type: 'power-loss', certain: false, state: 'D3hot' }, softReset(false)),
    );
    expect(charge?.takesForGranted).toEqual([expect.stringMatching(/lspci\.txt:7: NoSoftRst-/)]);
  });
});

describe('a request by its answer', () => {
  // Where the answer names the state it is proved; an errno may have other reasons; a success was right.
  const EXPECTED: Readonly<Record<Answer, readonly [named: string, errno: string]>> = {
    ok: ['right any symptom', 'right any symptom'],
    queued: ['right any symptom', 'right any symptom'],
    'wrong-state': ['proved any symptom', 'proved probable symptom granted:1'],
    'not-ready': ['believed possible likely symptom granted:1', 'believed possible likely symptom granted:1'],
    mapped: ['none', 'none'],
    refused: ['none', 'none'],
    unfinished: ['none', 'none'],
    unknown: ['none', 'none'],
  };

  describe('where the records leave no other state', () => {
    const whole = complete('bind', 'guest-request', 'firmware');
    const running = { ...whole, belief: Belief.only(BOUND_RUN) };
    const unlocked = { ...whole, belief: Belief.only(BOUND_UNLOCKED) };
    test.each<[string, ExplicitRequest, Partial<Step>]>([
      ['lock-from-wrong-state', 'lock', running],
      ['start-without-lock', 'start', unlocked],
      ['report-before-lock', 'report', unlocked],
    ])('%s: the state decides, whatever the answer leaves open', (id, request, more) => {
      const judge = (answer: Answer, step: Partial<Step>) =>
        terms(ruleOf(id).judge(stepOf(asked(request, answer, false), step)));
      expect(judge('not-ready', more)).toBe('believed any likely symptom');
      expect(judge('wrong-state', more)).toBe('proved any symptom');
      // One piece of it missing.
      const open = { ...more, belief: Belief.unknown() };
      const within = { ...more, calls: [at('tsm.unbind')] };
      for (const step of [open, within, { ...more, ...complete('bind', 'guest-request') }]) {
        expect(judge('not-ready', step)).toBe('believed possible likely symptom granted:1');
        expect(judge('wrong-state', step)).toBe('proved probable symptom granted:1');
      }
    });

    test('vdev-destroy-before-unlock, as long as nothing unlocked it', () => {
      const judge = (stopped: boolean, step: Partial<Step>, locked: StoredEvent | null = null) =>
        terms(
          ruleOf('vdev-destroy-before-unlock').judge(
            stepOf({ type: 'vdev-destroy', answer: 'not-ready', stopped, locked }, step),
          ),
        );
      expect(judge(false, running)).toBe('believed any likely');
      expect(judge(true, running)).toBe('believed possible likely granted:1');
      expect(judge(false, { ...running, ...complete('bind', 'guest-request') })).toBe(
        'believed probable likely granted:1',
      );
      expect(judge(false, { ...running, calls: [at('tsm.unbind_core')] })).toBe('believed probable likely granted:1');
      // How far the unbind has come, its own steps tell.
      const inside = { ...running, calls: [at('tsm.unbind')] };
      expect(judge(false, inside, at('tdisp.lock'))).toBe('proved probable granted:2');
    });
  });

  test.each([
    ['lock-from-wrong-state', 'lock'],
    ['start-without-lock', 'start'],
    ['report-before-lock', 'report'],
  ] as const)('%s', (id, request) => {
    for (const [answer, [named, errno]] of Object.entries(EXPECTED) as [Answer, [string, string]][]) {
      expect(terms(ruleOf(id).judge(stepOf(asked(request, answer)))), answer).toBe(named);
      const bare = ruleOf(id).judge(stepOf(asked(request, answer, false)));
      expect(terms(bare), answer).toBe(errno);
      for (const text of bare?.takesForGranted ?? []) expect(text).toMatch(/\w/);
      expect(ruleOf(id).judge(stepOf(asked('stop', answer)))).toBeNull();
    }
  });

  test.each<[Answer, string]>([
    ['ok', 'right any symptom'],
    ['queued', 'right any symptom'],
    ['wrong-state', 'proved any symptom'],
    ['mapped', 'proved any symptom'],
    ['not-ready', 'proved possible symptom granted:1'],
    ['refused', 'proved possible symptom granted:1'],
    ['unknown', 'none'],
    ['unfinished', 'none'],
  ])('tdisp-request-refused, %s', (answer, expected) => {
    const charge = ruleOf('tdisp-request-refused').judge(
      stepOf({ type: 'refusal', answer, command: 'TIO_X', named: true }),
    );
    expect(terms(charge)).toBe(expected);
    if (charge) expect(charge.summary).toMatch(/^TIO_X was refused/);
    for (const text of charge?.takesForGranted ?? []) expect(text).toMatch(/\w/);
  });

  it('an errno that means the state is no proof of it', () => {
    const refusal: Effect = { type: 'refusal', answer: 'wrong-state', command: 'tdi_run', named: false };
    expect(terms(ruleOf('tdisp-request-refused').judge(stepOf(refusal)))).toBe('proved probable symptom');
  });

  it('the RMM refuses to unlock while device memory is mapped', () => {
    const rule = ruleOf('unlock-before-private-mmio-unmap');
    const unlock = (answer: Answer, command = 'RMI_VDEV_UNLOCK') =>
      terms(rule.judge(stepOf(asked('stop', answer, true, command))));
    expect(unlock('mapped')).toBe('proved any');
    expect(unlock('ok')).toBe('right any');
    expect(unlock('wrong-state')).toBe('right any');
    expect(unlock('unknown')).toBe('none');
    expect(unlock('unfinished')).toBe('none');
    expect(unlock('mapped', 'RMI_VDEV_DESTROY')).toBe('none');
    // A line of the host names no reason.
    const told = (kind: StoredEvent['kind'], command: string) =>
      terms(rule.judge(stepOf({ type: 'refusal', answer: 'refused', command, named: false }, { event: at(kind) })));
    expect(told('tdisp.refused', 'UNLOCK')).toBe('proved possible granted:1');
    expect(told('tdisp.refused', 'LOCK')).toBe('none');
    expect(told('tdisp.stop', 'UNLOCK')).toBe('none');
    // The answer to the request is judged as such, not once more as a refusal.
    expect(told('firmware.refused', 'RMI_VDEV_UNLOCK')).toBe('none');
    const bare = rule.judge(stepOf(asked('stop', 'mapped', true, 'RMI_VDEV_UNLOCK')));
    expect(bare?.summary).toMatch(/still mapped/);
    expect(rule.judge(stepOf({ type: 'disable' }))).toBeNull();
    const charge = rule.judge(stepOf(asked('stop', 'mapped', true, 'RMI_VDEV_UNLOCK')));
    expect(charge && TDI_STATES.every((state) => charge.wrongIn(state))).toBe(true);
  });
});

describe('whom a rule concerns', () => {
  it('is every function, but for Memory Space Enable of a VF: vfio emulates it', () => {
    const vf = new DeviceTrack(storedDevice(1, '0000:02:00.1'), false);
    const pf = new DeviceTrack(storedDevice(2, '0000:02:00.0'), false);
    vf.isVfOf('0000:02:00.0' as Bdf, { record: 4 });
    const spared = RULES.filter(({ concerns }) => concerns?.(vf) === false).map(({ doc }) => doc.id);
    expect(spared).toEqual(['mse-clear-while-locked']);
    expect(RULES.filter(({ concerns }) => concerns?.(pf) === false)).toEqual([]);
  });
});

describe('what is said of a step', () => {
  const said = (id: string, effect: Effect, step: Partial<Step> = {}) =>
    ruleOf(id).judge(stepOf(effect, step))?.summary;

  it('tells how a reset came to the device', () => {
    const reset: Effect = { type: 'conventional-reset' };
    const how = (['below', 'device', 'bus', 'vf', 'dsm'] as const).map((tie) =>
      said('conventional-reset-while-locked', reset, reached(tie)),
    );
    expect(new Set([...how, said('conventional-reset-while-locked', reset)]).size).toBe(6);
    expect(how[0]).toMatch(/link above/);
    expect(how[1]).toMatch(/another function reached the whole device/);
    expect(how[2]).toMatch(/reached the bus/);
    expect(how[3]).toMatch(/PF reached this VF/);
    expect(how[4]).toMatch(/reset reached the device/);
  });

  it('tells who did it, and what', () => {
    const clear: Effect = { type: 'command-clear', bit: 'bme', certain: true };
    const by = (event: StoredEvent) => said('bme-clear-while-locked', clear, { event });
    expect(by(at('vfio.config_write', { symbol: 'vfio_basic_config_write' }))).toMatch(
      /^a configuration write cleared/,
    );
    expect(by(at('pci.clear_master', { symbol: 'pci_clear_master' }))).toMatch(/^pci_clear_master cleared/);
    expect(by(at('pci.clear_master'))).toMatch(/^the kernel cleared/);
    expect(said('bar-zap-while-bound', { type: 'zap' }, { event: at('vfio.revoke') })).toMatch(/dma-bufs/);
    expect(said('bar-zap-while-bound', { type: 'zap' }, { event: at('vfio.zap') })).toMatch(/zapped/);
    expect(said('config-change-while-locked', registerWritten('unknown'))).toMatch(/BIST/);
    expect(said('power-state-while-locked', { type: 'power-loss', certain: true, state: 'D3cold' })).toMatch(/D3cold/);
    const removal = (kind: StoredEvent['kind'], step: Partial<Step> = {}) =>
      said('surprise-removal-while-bound', { type: 'removal' }, { event: at(kind), ...step });
    expect(removal('pci.remove')).toMatch(/^the function was removed/);
    expect(removal('pci.remove', reached('below'))).toMatch(/^the bridge above was removed/);
    expect(removal('pci.link_down', reached('below'))).toMatch(/^the link to the device went down/);
    const sriov = (kind: StoredEvent['kind'], step: Partial<Step> = {}) =>
      said('sriov-change-while-locked', { type: 'sriov-change', certain: true }, { event: at(kind), ...step });
    expect(sriov('pci.sriov_enable')).toMatch(/enabled on this PF/);
    expect(sriov('pci.sriov_disable')).toMatch(/disabled on this PF/);
    expect(sriov('pci.sriov_disable', reached('vf'))).toMatch(/disabled on the PF .* this VF/);
    expect(sriov('pci.remove')).toMatch(/disabled on the PF .* this VF/);
    expect(said('bind-without-connect', { type: 'bind' }, REFUSED(-6))).toMatch(/refused with -6$/);
    expect(said('bind-without-connect', { type: 'bind' }, REFUSED(null))).toMatch(/refused with an error$/);
    const left: Effect = { type: 'failed-bind', lock, cleaned: false };
    expect(said('failed-bind-not-cleaned', left, { event: at('tsm.bind') })).toMatch(/bound again/);
    expect(said('failed-bind-not-cleaned', left, { event: at('vfio.disable') })).toMatch(/given up/);
    expect(
      said('private-mmio-unmap-before-stop', { type: 'private-unmap', answer: 'wrong-state', status: null }),
    ).toMatch(/module refused/);
  });

  it('names the record to blame: the call on the PF, the LOCK that was left', () => {
    const disable = at('pci.sriov_disable', { id: 40 });
    const removed = stepOf({ type: 'sriov-change', certain: true }, { event: at('pci.remove'), calls: [disable] });
    expect(ruleOf('sriov-change-while-locked').judge(removed)?.violation).toBe(disable);
    const alone = stepOf(
      { type: 'sriov-change', certain: true },
      { event: at('pci.remove'), calls: [at('vfio.close')] },
    );
    expect(ruleOf('sriov-change-while-locked').judge(alone)?.violation).toBe(alone.event);
    expect(
      ruleOf('failed-bind-not-cleaned').judge(stepOf({ type: 'failed-bind', lock, cleaned: false }))?.violation,
    ).toBe(lock);
  });
});

describe('a process that ends while a function is bound', () => {
  const end = (event: Partial<StoredEvent>, binder: number | null) =>
    terms(
      ruleOf('bound-at-exit').judge(
        stepOf(
          { type: 'owner-exit', outlasted: true },
          {
            event: at('task.exit', event),
            ...trackWith((track) => {
              track.binder = binder;
            }),
          },
        ),
      ),
    );

  // Before 6.16 the tracepoint does not say whether the last thread ended; who bound it may be another process.
  test.each<[string, Partial<StoredEvent>, number | null, string]>([
    ['the whole process, which bound it', { args: { group_dead: 'true', pid: '7' } }, 7, 'probable'],
    ['the whole process; who bound it is not known', { args: { group_dead: 'true', pid: '7' } }, null, 'probable'],
    ['another process bound it', { args: { group_dead: 'true', pid: '7' } }, 8, 'possible'],
    ['exit_group', { symbol: 'sys_exit_group', pid: 7 }, 7, 'probable'],
    ['perhaps a thread only', { args: { pid: '7' } }, 7, 'possible'],
    ['a call that ends one thread', { symbol: 'sys_exit', pid: 7 }, 7, 'possible'],
    [
      'the record counts, not the task that wrote it',
      { args: { group_dead: 'true', pid: '7' }, pid: 9 },
      7,
      'probable',
    ],
  ])('%s', (_name, event, binder, atMost) => {
    expect(end(event, binder)).toBe(`believed ${atMost} granted:2`);
  });
});

test('a process that ends as the trace does may have closed the device when nobody looked any more', () => {
  const exit = at('task.exit', { args: { group_dead: 'true', pid: '7' } });
  const charge = ruleOf('bound-at-exit').judge(stepOf({ type: 'owner-exit' }, { event: exit }));
  expect([charge?.atMost, charge?.takesForGranted?.at(-1), charge?.toConfirm]).toEqual([
    'possible',
    'the close was neither still to come when the trace ended nor among what was lost',
    ['let the trace go on, without a loss, for a minute after the process has ended'],
  ]);
});

test('a process that ends while another one uses the device may have left the binding to that one', () => {
  const usedBy = at('vfio.config_write', { pid: 21, symbol: 'vfio_basic_config_write' });
  const exit = at('task.exit', { args: { group_dead: 'true', pid: '7' } });
  const charge = ruleOf('bound-at-exit').judge(stepOf({ type: 'owner-exit', usedBy }, { event: exit }));
  expect([charge?.atMost, charge?.takesForGranted?.[0], charge?.shownBy]).toEqual([
    'possible',
    'task 21, which used the device afterwards (vfio_basic_config_write), does not own the binding',
    [usedBy],
  ]);
});

test('a read-back of what an unbind left behind is held against its STOP, however little fits the belief', () => {
  const stop = at('tdisp.stop', { id: 3, outcome: 'failed' });
  const charge = ruleOf('state-readback-conflict').judge(
    stepOf({ type: 'read-back', whose: 'truth', state: 'run', leftBy: stop }),
  );
  expect(charge).toMatchObject({
    provedByAnswer: true,
    atMost: 'probable',
    shownBy: [stop],
    summary: 'the device said that the TDI was in RUN: the unbind had left it so, whose STOP was refused',
  });
});

describe('a read-back that nothing explains', () => {
  const read = (whose: 'truth' | 'belief', state: 'locked' | 'run' | 'error', step: Partial<Step> = {}) =>
    ruleOf('state-readback-conflict').judge(stepOf({ type: 'read-back', whose, state }, step));
  const known = trackWith((track) => {
    track.boundEvidence = true;
  });

  it('is one where it takes steps that were not recorded', () => {
    // Seen bound and running; the device says ERROR.
    const fallen = Belief.only(BOUND_RUN).closed(new Set());
    expect(terms(read('truth', 'error', { belief: fallen, ...known }))).toBe('believed probable likely symptom');
    expect(terms(read('truth', 'run', { belief: fallen, ...known }))).toBe('right possible likely symptom');
    expect(terms(read('belief', 'locked', { belief: fallen, ...known }))).toBe('believed possible likely symptom');
    // A firmware that remembers ERROR contradicts nothing.
    expect(terms(read('belief', 'error', { belief: fallen, ...known }))).toBe('right possible likely symptom');
  });

  test.each<[string, (track: DeviceTrack) => void, string]>([
    ['nothing', () => {}, 'believed'],
    ['a bind was seen', (track) => (track.boundEvidence = true), 'right'],
    ['the start was seen', (track) => (track.startKnown = true), 'right'],
    ['an unbind was seen', (track) => (track.unbindSeen = true), 'right'],
  ])('is none where the belief rests on something: %s', (_name, change, expected) => {
    const charge = read('truth', 'locked', { belief: Belief.unknown(), ...trackWith(change) });
    expect(terms(charge).split(' ')[0]).toBe(expected);
  });

  it('accuses nobody where no history leads there: the log is at fault', () => {
    const charge = read('truth', 'locked', { belief: Belief.only(CONNECTED), ...known });
    expect(terms(charge).split(' ')[0]).toBe('right');
    expect(charge?.contradiction).toMatch(/CONFIG_LOCKED.*no history/);
  });

  it('says who said what', () => {
    expect(read('truth', 'error')?.summary).toMatch(/^the device said .* ERROR/);
    expect(read('belief', 'run')?.summary).toMatch(/^the firmware believed .* RUN/);
  });

  it('costs at least one step', () => {
    const by = (extra: number) => Belief.only(BOUND_RUN).or(Belief.only(BOUND_LOCKED), extra);
    expect(terms(read('truth', 'locked', { belief: by(1), ...known }))).toMatch(/^believed/);
    expect(terms(read('truth', 'locked', { belief: by(0), ...known }))).toMatch(/^right/);
  });
});

test('states of the tests are those of the model', () => {
  expect(statesWhere(() => true)).toBe(ALL);
  expect(statesWhere((state) => state === TDI_STATES[0])).toBe('unbound');
  expect([UNBOUND.bind, BOUND_UNLOCKED.contract]).toEqual(['unbound', 'unlocked']);
});
