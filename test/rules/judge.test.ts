import { describe, expect, it, test } from 'vitest';
import type { EventClass, Platform } from '../../src/model/states.ts';
import { BOUND_LOCKED, BOUND_RUN, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { Effect } from '../../src/replay/effects.ts';
import type { ReplayOptions, Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import type { Draft } from '../../src/rules/draft.ts';
import { RULES } from '../../src/rules/index.ts';
import { Judge } from '../../src/rules/judge.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { CLOCKS, OPTIONS, stepOf } from './step.ts';

// What the judge makes of single steps: the belief is given, nothing is replayed.

const NONE: ReadonlySet<EventClass> = new Set();
/** A TDI that was seen bound, with whatever may have happened unseen since: the verdict is `probable`. */
const LIKELY = Belief.only(BOUND_LOCKED).closed(NONE);
const SURE = Belief.only(BOUND_RUN);

function boundTrack(id = 1, bdf: string | null = '0000:02:00.0'): DeviceTrack {
  const track = new DeviceTrack(storedDevice(id, bdf), false);
  track.boundEvidence = true;
  track.everBound = true;
  track.bindRecorded = true;
  track.concerned = true;
  return track;
}

const at = (kind: StoredEvent['kind'], id: number, more: Partial<StoredEvent> = {}) =>
  storedEvent(kind, { id, ...more });

/** A court that asks some rules only. */
class Court {
  readonly track = boundTrack();
  readonly options: ReplayOptions;
  readonly judge: Judge;

  constructor(rules: string, more: Partial<ReplayOptions> = {}) {
    this.options = { ...OPTIONS, ...more };
    const ids = rules.split(' ');
    this.judge = new Judge(
      RULES.filter(({ doc }) => ids.includes(doc.id)),
      this.options,
    );
  }

  step(effect: Effect, event: StoredEvent, more: Partial<Step> = {}): void {
    this.judge.step(stepOf(effect, { event, track: this.track, belief: LIKELY, options: this.options, ...more }));
  }

  seen(event: StoredEvent, track = this.track): void {
    this.judge.seen(event, track);
  }

  /** `headline|caused VERDICT RULE LINE`, and the other evidence. */
  get found(): string[] {
    return this.judge.findings().map((draft) => {
      const others = draft.evidence.slice(1).map(({ role, event }) => `${role}:${event.line}`);
      const place = draft.causedBy === null ? 'headline' : `caused:${draft.causedBy.rule.doc.id}`;
      return [place, draft.verdict, draft.severity, draft.rule.doc.id, draft.violation.line, ...others].join(' ');
    });
  }

  coverage(track = this.track): string[] {
    return this.judge
      .coverage([track])
      .map(({ rule, status, triggers, missing }) => [rule.doc.id, status, triggers, ...missing].join(' '));
  }

  get only(): Draft {
    const [one, ...more] = this.judge.findings();
    if (!one || more.length > 0) throw new Error(`${more.length + 1} findings`);
    return one;
  }
}

const DISABLE: Effect = { type: 'disable' };
const FLR: Effect = { type: 'function-reset', certain: true };
const ZAP: Effect = { type: 'zap' };
const REMOVAL: Effect = { type: 'removal' };

describe('one operation is one headline', () => {
  it('named by the gravest of its steps, wherever that stands', () => {
    const court = new Court('unbind-before-disable flr-while-locked bar-zap-while-bound', { platform: 'tdx' });
    const inside = { rootId: 10 };
    court.step(ZAP, at('vfio.zap', 11, inside));
    court.step(DISABLE, at('vfio.disable', 12, inside));
    court.step(FLR, at('pci.flr', 13, inside));
    // A new operation is a headline of its own.
    court.step(FLR, at('pci.flr', 20));
    expect(court.found).toEqual([
      'caused:unbind-before-disable probable error bar-zap-while-bound 11',
      'headline probable error unbind-before-disable 12',
      'caused:unbind-before-disable probable error flr-while-locked 13',
      'headline probable error flr-while-locked 20',
    ]);
  });

  it('but the stronger verdict comes before the graver step', () => {
    const court = new Court('unbind-before-disable flr-while-locked');
    court.step(DISABLE, at('vfio.disable', 11, { rootId: 10 }), { belief: LIKELY.or(Belief.only(CONNECTED)) });
    court.step(FLR, at('pci.flr', 12, { rootId: 10 }));
    expect(court.found).toEqual([
      'caused:flr-while-locked possible warning unbind-before-disable 11',
      'headline probable error flr-while-locked 12',
    ]);
  });

  it('and of equal ones the earlier', () => {
    const court = new Court('flr-while-locked conventional-reset-while-locked');
    court.step({ type: 'conventional-reset' }, at('pci.bus_reset', 11, { rootId: 10 }));
    court.step(FLR, at('pci.flr', 12, { rootId: 10 }));
    expect(court.found.map((line) => line.split(' ')[0])).toEqual([
      'headline',
      'caused:conventional-reset-while-locked',
    ]);
  });

  it('is told once a rule, unless the same record shows it better', () => {
    const court = new Court('flr-while-locked');
    const first = at('pci.flr', 11, { rootId: 10 });
    const weak = { belief: LIKELY.or(Belief.only(CONNECTED)) };
    court.step(FLR, first, weak);
    court.step(FLR, at('pci.flr', 12, { rootId: 10 }));
    expect(court.found).toEqual(['headline possible warning flr-while-locked 11']);
    court.step(FLR, first);
    court.step(FLR, first, weak);
    expect(court.found).toEqual(['headline probable error flr-while-locked 11']);
  });

  it('is another one for another device', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11, { rootId: 10 }));
    court.step(FLR, at('pci.flr', 12, { rootId: 10 }), { track: boundTrack(2, '0000:03:00.0') });
    expect(court.found.map((line) => line.split(' ')[0])).toEqual(['headline', 'headline']);
  });

  it('whose answer proves it replaces what was only believed', () => {
    const court = new Court('lock-from-wrong-state');
    const lock = (answer: 'not-ready' | 'wrong-state'): Effect => ({
      type: 'request',
      request: 'lock',
      answer,
      command: 'X',
      named: true,
    });
    court.step(lock('not-ready'), at('tdisp.lock', 11, { rootId: 10 }));
    expect(court.found).toEqual(['headline possible warning lock-from-wrong-state 11']);
    court.step(lock('wrong-state'), at('firmware.refused', 12, { rootId: 10 }));
    expect(court.found).toEqual(['headline definite error lock-from-wrong-state 12']);
    // What comes then belongs to the better one.
    court.step(lock('wrong-state'), at('firmware.refused', 13, { rootId: 10 }));
    court.seen(at('iommu.fault', 14));
    expect(court.found).toEqual(['headline definite error lock-from-wrong-state 12 symptom:14']);
  });
});

describe('what comes after a finding', () => {
  it('is a symptom: faults, errors, a restore, requests that are refused', () => {
    const court = new Court('flr-while-locked');
    court.seen(at('iommu.fault', 5));
    court.step(FLR, at('pci.flr', 11));
    court.seen(at('iommu.fault', 12));
    court.seen(at('aer.error', 13));
    court.seen(at('vfio.restore', 14));
    court.seen(at('tsm.guest_request', 15, { outcome: 'failed', code: -5, phase: 'enter', pairId: 16 }));
    court.seen(at('tsm.guest_request', 16, { outcome: 'failed', code: -5, phase: 'exit', pairId: 15 }));
    // -ENXIO says that it was not bound any more; a success is no trouble.
    court.seen(at('tsm.guest_request', 17, { outcome: 'failed', code: -6 }));
    court.seen(at('tsm.guest_request', 18));
    court.seen(at('pci.enable', 19));
    expect(court.found).toEqual([
      'headline probable error flr-while-locked 11 symptom:12 symptom:13 symptom:14 symptom:15',
    ]);
  });

  it('is one of the newest headline, unless that is the weaker suspicion', () => {
    const court = new Court('flr-while-locked bme-clear-while-locked unbind-before-disable');
    court.step(FLR, at('pci.flr', 11));
    court.step(FLR, at('pci.flr', 12));
    court.seen(at('iommu.fault', 13));
    court.step(FLR, at('pci.flr', 14), { belief: LIKELY.or(Belief.only(CONNECTED)) });
    court.seen(at('iommu.fault', 15));
    expect(court.found).toEqual([
      'headline probable error flr-while-locked 11',
      'headline probable error flr-while-locked 12 symptom:13 symptom:15',
      'headline possible warning flr-while-locked 14',
    ]);
  });

  it('is one of what names its operation', () => {
    const court = new Court('flr-while-locked unbind-before-disable bme-clear-while-locked');
    court.step({ type: 'command-clear', bit: 'bme', certain: true }, at('pci.clear_master', 11, { rootId: 10 }));
    court.step(DISABLE, at('vfio.disable', 12, { rootId: 10 }));
    court.step(FLR, at('pci.flr', 13, { rootId: 10 }));
    court.seen(at('aer.error', 14));
    expect(court.found.filter((line) => line.includes('symptom'))).toEqual([
      'headline probable error unbind-before-disable 12 symptom:14',
    ]);
  });

  it('is none of another device', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11));
    court.seen(at('iommu.fault', 12), boundTrack(2, '0000:03:00.0'));
    expect(court.found).toEqual(['headline probable error flr-while-locked 11']);
  });

  it('a refusal is a symptom of an earlier operation, and a finding where there is none', () => {
    const refused: Effect = { type: 'refusal', answer: 'refused', command: 'X', named: true };
    const court = new Court('tdisp-request-refused flr-while-locked');
    court.step(refused, at('tdisp.start', 10));
    court.step(FLR, at('pci.flr', 11));
    court.step(refused, at('tdisp.start', 12));
    expect(court.found).toEqual([
      'headline possible warning tdisp-request-refused 10',
      'headline probable error flr-while-locked 11 symptom:12',
    ]);
    const same = new Court('tdisp-request-refused flr-while-locked');
    same.step(FLR, at('pci.flr', 11, { rootId: 10 }));
    same.step(refused, at('tdisp.start', 12, { rootId: 10 }));
    expect(same.found).toEqual([
      'headline probable error flr-while-locked 11',
      'caused:flr-while-locked possible warning tdisp-request-refused 12',
    ]);
  });

  it('a note explains nothing', () => {
    const refused: Effect = { type: 'refusal', answer: 'refused', command: 'X', named: true };
    const court = new Court('tdisp-request-refused guest-request-while-unbound');
    court.step({ type: 'guest-request' }, at('tsm.guest_request', 10, { outcome: 'failed', code: -6 }));
    court.step(refused, at('tdisp.start', 11));
    expect(court.found).toEqual([
      'headline possible note guest-request-while-unbound 10',
      'headline possible warning tdisp-request-refused 11',
    ]);
  });

  it('the unbind that should have come before confirms it, and ends the matter', () => {
    const court = new Court('unbind-before-disable');
    court.step(DISABLE, at('vfio.disable', 11, { phase: 'enter', pairId: 12 }));
    court.seen(at('tsm.unbind', 13, { phase: 'enter', pairId: 14 }));
    court.seen(at('tsm.unbind', 14, { phase: 'exit', pairId: 13 }));
    court.seen(at('iommu.fault', 15));
    court.seen(at('tsm.unbind', 16));
    expect(court.found).toEqual(['headline probable error unbind-before-disable 11 confirmation:13']);
  });

  it('so does that of the core, and one of which the return alone is there', () => {
    const core = new Court('unbind-before-disable');
    core.step(DISABLE, at('vfio.disable', 11));
    core.seen(at('tsm.unbind_core', 13));
    expect(core.found[0]).toMatch(/confirmation:13$/);
    const lone = new Court('unbind-before-disable');
    lone.step(DISABLE, at('vfio.disable', 11));
    lone.seen(at('tsm.unbind', 13, { phase: 'exit' }));
    expect(lone.found[0]).toMatch(/confirmation:13$/);
    const other = new Court('unbind-before-disable');
    other.step(DISABLE, at('vfio.disable', 11));
    other.seen(at('tsm.disconnect', 13));
    expect(other.found).toEqual(['headline probable error unbind-before-disable 11']);
  });

  it('the device says that it is in ERROR', () => {
    const said = (state: string, symbol: string, more: Partial<Step> = {}) => {
      const court = new Court('flr-while-locked');
      court.step(FLR, at('pci.flr', 11), more);
      court.seen(at('tdisp.state', 12, { args: { state }, symbol }));
      court.seen(at('tdisp.state', 13, { args: { state }, symbol }));
      return court.found[0]?.split(' ').slice(5).join(' ');
    };
    // Once is enough. What the firmware believes confirms nothing, nor does another state, nor a mere suspicion.
    expect(said('3', 'sev_tio_tdi_status')).toBe('confirmation:12');
    expect(said('4', 'rmi_vdev_get_state')).toBe('');
    expect(said('2', 'sev_tio_tdi_status')).toBe('');
    expect(said('3', 'sev_tio_tdi_status', { belief: LIKELY.or(Belief.only(CONNECTED)) })).toBe('');
    // A conventional reset leaves no ERROR behind.
    const reset = new Court('conventional-reset-while-locked');
    reset.step({ type: 'conventional-reset' }, at('pci.bus_reset', 11));
    reset.seen(at('tdisp.state', 12, { args: { state: '3' }, symbol: 'sev_tio_tdi_status' }));
    expect(reset.found[0]).toMatch(/ 11$/);
  });

  it('a removal follows from the link that went down, or from that of the bridge', () => {
    const court = new Court('surprise-removal-while-bound');
    court.step(REMOVAL, at('pci.link_down', 11));
    court.step(REMOVAL, at('pci.remove', 12));
    expect(court.found).toEqual(['headline probable error surprise-removal-while-bound 11 consequence:12']);
    const bridge = new Court('surprise-removal-while-bound');
    bridge.step(REMOVAL, at('pci.remove', 11, { deviceId: 9 }));
    bridge.step(REMOVAL, at('pci.remove', 12));
    expect(bridge.found).toEqual(['headline probable error surprise-removal-while-bound 11 consequence:12']);
    // A second removal of its own is no consequence of the first.
    const twice = new Court('surprise-removal-while-bound');
    twice.step(REMOVAL, at('pci.remove', 11));
    twice.step(REMOVAL, at('pci.remove', 12));
    expect(twice.found).toHaveLength(2);
  });
});

describe('an event that may be of the device', () => {
  const maybe = { certainty: 'maybe', deviceId: null, maybe: [1, 2] } as const;

  it('excuses where it is stamped earlier, and proves nothing', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11));
    court.seen(at('iommu.fault', 12, maybe));
    court.seen(at('tsm.unbind', 13, { ...maybe, time: 1n }));
    expect(court.found).toEqual(['headline possible warning flr-while-locked 11']);
  });

  it('excuses where it began before the step was over', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11, { phase: 'enter', pairId: 15 }));
    court.seen(at('tsm.unbind', 13, maybe));
    expect(court.found).toEqual(['headline possible warning flr-while-locked 11']);
    const later = new Court('flr-while-locked');
    later.step(FLR, at('pci.flr', 11, { phase: 'enter', pairId: 15 }));
    later.seen(at('tsm.unbind', 16, maybe));
    expect(later.found).toEqual(['headline probable error flr-while-locked 11']);
    const end = new Court('flr-while-locked');
    end.step(FLR, at('pci.flr', 11, { phase: 'enter', pairId: 15 }));
    end.seen(at('tsm.unbind', 13, { ...maybe, phase: 'exit', pairId: 9 }));
    expect(end.found).toEqual(['headline probable error flr-while-locked 11']);
  });

  it('holds no rule of this one', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11, maybe), { belief: Belief.only(CONNECTED) });
    expect(court.coverage()).toEqual(['flr-while-locked blind 1']);
    court.step(FLR, at('pci.flr', 12), { belief: Belief.only(CONNECTED) });
    expect(court.coverage()).toEqual(['flr-while-locked held 2']);
  });

  test.each(['tsm.unbind', 'tsm.unbind_core', 'tsm.disconnect', 'tsm.destroy', 'tsm.guest_request'] as const)(
    'an earlier stamp of %s excuses, whoever it is of',
    (kind) => {
      for (const more of [maybe, {}]) {
        const court = new Court('flr-while-locked');
        court.step(FLR, at('pci.flr', 11));
        court.seen(at(kind, 13, { ...more, time: 1n }));
        expect(court.found[0]).toMatch(/^headline possible warning/);
      }
    },
  );

  it('that puts nothing right excuses nothing', () => {
    const court = new Court('flr-while-locked');
    court.step(FLR, at('pci.flr', 11));
    court.seen(at('vfio.zap', 13, { time: 1n }));
    court.seen(at('tsm.bind', 14, { ...maybe, time: 1n }));
    expect(court.found).toEqual(['headline probable error flr-while-locked 11']);
  });
});

describe('what puts an operation right before it is over', () => {
  const entry = at('tsm.disconnect', 11, { phase: 'enter', pairId: 20 });
  const all = { complete: new Set<EventClass>(['bind']) };
  const disconnect = (more: Partial<ReplayOptions>, ...events: StoredEvent[]) => {
    const court = new Court('disconnect-while-bound', more);
    court.step({ type: 'disconnect' }, entry, { belief: SURE });
    for (const event of events) court.seen(event);
    return court.found[0]?.split(' ').slice(1, 3).join(' ');
  };

  it('has to be missing from a complete capture', () => {
    expect(disconnect(all)).toBe('definite error');
    expect(disconnect({})).toBe('possible warning');
    expect(disconnect(all, at('tsm.unbind_core', 21))).toBe('definite error');
    expect(disconnect({}, at('tsm.unbind_core', 21))).toBe('possible warning');
    // One that is refused does nothing.
    expect(disconnect(all, at('tsm.unbind_core', 12, { outcome: 'failed' }))).toBe('definite error');
  });

  it('leaves a warning where it comes, at whatever level it was recorded, and nothing of what the core asked for', () => {
    for (const kind of ['tsm.unbind', 'tsm.unbind_core'] as const) {
      expect(disconnect(all, at(kind, 12))).toBe('possible warning');
      expect(disconnect({}, at(kind, 12))).toBe('possible warning');
    }
    const court = new Court('disconnect-while-bound');
    court.step({ type: 'disconnect' }, { ...entry, kind: 'tsm.disconnect_core' }, { belief: SURE });
    court.seen(at('tsm.unbind_core', 12));
    expect(court.found).toEqual([]);
    expect(court.coverage()[0]).toBe('disconnect-while-bound held 1');
  });

  it('has to be of the same device, and the operation has to end', () => {
    const court = new Court('disconnect-while-bound', all);
    court.step({ type: 'disconnect' }, entry, { belief: SURE });
    court.seen(at('tsm.unbind_core', 12), boundTrack(2, '0000:03:00.0'));
    expect(court.found[0]).toMatch(/^headline definite error/);
    const endless = new Court('disconnect-while-bound', all);
    endless.step({ type: 'disconnect' }, { ...entry, pairId: null }, { belief: SURE });
    expect(endless.found[0]).toMatch(/^headline possible warning/);
  });
});

describe('what no history explains', () => {
  const NEVER = Belief.only(UNBOUND);

  it('accuses nobody: the rule whose condition is hurt says so', () => {
    const court = new Court('bind-without-connect double-bind guest-request-while-unbound');
    const bind = at('tsm.bind', 11, { symbol: 'pci_tsm_bind' });
    court.judge.impossible(bind, court.track, NEVER, CLOCKS);
    expect(court.found).toEqual(['headline inconsistent note bind-without-connect 11']);
    expect(court.only.summary).toBe('pci_tsm_bind succeeded in a state that rules it out');
    expect(court.judge.impossibles).toEqual([{ event: bind, track: court.track }]);
    expect(court.coverage()[0]).toBe('bind-without-connect violated 0');
  });

  it('is of a request as well, by the name of its event', () => {
    const court = new Court('guest-request-while-unbound');
    court.judge.impossible(at('tsm.guest_request', 11), court.track, NEVER, CLOCKS);
    expect(court.only.summary).toBe('tsm.guest_request succeeded in a state that rules it out');
  });

  it('is told of a read-back in its own words', () => {
    const court = new Court('state-readback-conflict');
    const read = at('tdisp.state', 11, {
      args: { state: '1' },
      symbol: 'sev_tio_tdi_status',
      phase: 'exit',
      pairId: 10,
    });
    court.judge.impossible(read, court.track, NEVER, CLOCKS);
    expect(court.only.summary).toMatch(/CONFIG_LOCKED.*no history/);
  });

  it('is noted, but not judged where nothing is to be judged or nothing is hurt', () => {
    const outside = new Court('bind-without-connect', { judged: () => false });
    outside.judge.impossible(at('tsm.bind', 11), outside.track, NEVER, CLOCKS);
    expect([outside.found, outside.judge.impossibles.length]).toEqual([[], 1]);
    const other = new Court('bind-without-connect');
    other.judge.impossible(at('tsm.bind', 11), other.track, Belief.unknown(), CLOCKS);
    other.judge.impossible(at('tsm.connect', 12), other.track, NEVER, CLOCKS);
    expect([other.found, other.judge.impossibles.length]).toEqual([[], 2]);
    const resting = new Court('unbind-before-disable');
    resting.judge.impossible(at('vfio.disable', 11), resting.track, SURE, CLOCKS);
    expect(resting.found).toEqual([]);
  });
});

describe('a belief that rests on an unknown start', () => {
  const fresh = () => {
    const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), false);
    track.concerned = true;
    return track;
  };
  const judged = (change: (track: DeviceTrack) => void, belief: Belief, complete: EventClass[] = []) => {
    const court = new Court('unbind-before-disable', { complete: new Set(complete) });
    const track = fresh();
    change(track);
    court.step(DISABLE, at('vfio.disable', 11), { track, belief });
    return [...court.found.map((line) => line.split(' ')[1]), ...court.coverage(track)].join(', ');
  };

  it('accuses nobody', () => {
    expect(judged(() => {}, LIKELY)).toBe('unbind-before-disable blind 1 start bind');
    expect(judged(() => {}, LIKELY, ['bind'])).toBe('unbind-before-disable blind 1 start');
    expect(judged((track) => (track.boundEvidence = true), LIKELY)).toBe('probable, unbind-before-disable violated 1');
    expect(judged((track) => (track.startKnown = true), LIKELY)).toBe('probable, unbind-before-disable violated 1');
  });

  it('clears nobody either, without a word on binding', () => {
    const CLEAR = Belief.only(CONNECTED);
    expect(judged(() => {}, CLEAR)).toBe('unbind-before-disable blind 1 start bind');
    expect(judged((track) => (track.unbindSeen = true), CLEAR)).toBe('unbind-before-disable held 1');
    expect(judged((track) => (track.boundEvidence = true), CLEAR)).toBe('unbind-before-disable held 1');
    expect(judged((track) => (track.startKnown = true), CLEAR)).toBe('unbind-before-disable blind 1 bind');
    expect(judged((track) => (track.bindRecorded = true), CLEAR)).toBe('unbind-before-disable blind 1 start');
    const both = (track: DeviceTrack) => {
      track.startKnown = true;
      track.bindRecorded = true;
    };
    expect(judged(both, CLEAR)).toBe('unbind-before-disable held 1');
    expect(judged((track) => (track.startKnown = true), CLEAR, ['bind'])).toBe('unbind-before-disable held 1');
  });
});

describe('coverage', () => {
  it('is blind where no step of the rule was seen', () => {
    const court = new Court('unbind-before-disable flr-while-locked');
    const needs = (id: string) => RULES.find(({ doc }) => doc.id === id)?.doc.needs.trigger.join(' ');
    expect(court.coverage()).toEqual(
      [
        `unbind-before-disable blind 0 ${needs('unbind-before-disable')}`,
        `flr-while-locked blind 0 ${needs('flr-while-locked')}`,
      ].sort(
        (a, b) =>
          RULES.findIndex(({ doc }) => a.startsWith(doc.id)) - RULES.findIndex(({ doc }) => b.startsWith(doc.id)),
      ),
    );
  });

  it('is of devices that are dealt with', () => {
    const court = new Court('unbind-before-disable');
    const track = boundTrack(3);
    track.concerned = false;
    expect(court.coverage(track)).toEqual([]);
  });

  it('asks for the platform, or does not apply', () => {
    const of = (platform: Platform, x86 = false) => {
      const court = new Court('private-mmio-unmap-before-stop bar-zap-while-bound', { platform, x86 });
      court.step({ type: 'private-unmap', answer: 'wrong-state' }, at('mmio.unmap', 11));
      court.step(ZAP, at('vfio.zap', 12));
      return [
        court.found.length,
        ...court
          .coverage()
          .map((row) => row.split(' ').slice(1).join(' '))
          .sort(),
      ].join(', ');
    };
    // Both rules: one of TDX alone, one of TDX and SEV-TIO.
    expect(of('tdx')).toBe('2, violated 1, violated 1');
    expect(of('cca')).toBe('0, not-applicable 0, not-applicable 0');
    expect(of('sev-tio')).toBe('1, not-applicable 0, violated 1');
    expect(of('generic')).toBe('0, blind 0 platform, blind 0 platform');
    expect(of('generic', true)).toBe('1, blind 0 platform, violated 1');
  });

  it('does not apply to a function that the rule does not concern', () => {
    const court = new Court('mse-clear-while-locked');
    court.track.isVf = true;
    court.step({ type: 'command-clear', bit: 'mse', certain: true }, at('vfio.config_write', 11));
    expect([court.found, court.coverage()]).toEqual([[], ['mse-clear-while-locked not-applicable 0']]);
  });

  it('is open where nothing speaks for either side', () => {
    const court = new Court('double-bind');
    court.step({ type: 'bind' }, at('tsm.bind', 11, { outcome: 'failed', code: -16 }), { belief: Belief.unknown() });
    expect([court.found, court.coverage()]).toEqual([[], ['double-bind blind 1 start bind']]);
    // Where the answer decides it is not.
    const answered = new Court('double-bind');
    answered.step({ type: 'bind' }, at('tsm.bind', 11), { belief: Belief.unknown() });
    expect(answered.coverage()).toEqual(['double-bind held 1']);
  });
});
