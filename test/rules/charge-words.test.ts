import { describe, expect, test } from 'vitest';
import type { EventClass } from '../../src/model/states.ts';
import type { Effect } from '../../src/replay/effects.ts';
import { RULES } from '../../src/rules/index.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

// What a charge tells its reader, where one rule has several: what was done, what has to come first, and what is taken for granted.

const at = storedEvent('tsm.unbind', { id: 5 });

function charged(id: string, effect: Effect, kind: StoredEvent['kind'] = 'tsm.bind', ...complete: EventClass[]) {
  const rule = RULES.find(({ doc }) => doc.id === id);
  const event = storedEvent(kind, { id: 50 });
  return rule?.judge(stepOf(effect, { event, options: { ...OPTIONS, complete: new Set(complete) } })) ?? null;
}

describe('the fence of a guest (AMD)', () => {
  const fence = (left: 'none' | 'uncleared' | 'fenced' | 'unread', vm: 'same' | 'other' | 'unknown'): Effect => ({
    type: 'fence-left',
    left,
    at,
    vm,
  });
  const id = 'fence-not-cleared';
  const RUNS = 'the guest whose fence it is still runs';

  test('says whether the function was bound again, or its BARs were given back', () => {
    expect(charged(id, fence('uncleared', 'same'))?.summary).toMatch(/^the function was bound again /);
    expect(charged(id, fence('uncleared', 'same'), 'mmio.share')?.summary).toMatch(/^the BARs were made shared /);
  });

  test.each([
    ['uncleared', /the firmware had refused to take the fence of the guest away$/],
    ['fenced', /read after the unbind, still stood$/],
    ['unread', /without a look at the fence of the guest/],
    ['none', /after the fence of the guest was gone$/],
  ] as const)('says how the fence was: %s', (left, words) => {
    expect(charged(id, fence(left, 'same'), 'tsm.bind', 'firmware')?.summary).toMatch(words);
  });

  test('is left to a guest that still runs: the one that gets the function again does', () => {
    const granted = (vm: 'same' | 'other' | 'unknown') => charged(id, fence('uncleared', vm))?.takesForGranted;
    expect([granted('same'), granted('other'), granted('unknown')]).toEqual([[], [RUNS], [RUNS]]);
  });

  test('may have been cleared unseen', () => {
    const granted = (left: 'fenced' | 'unread', vm: 'same' | 'other', ...complete: EventClass[]) =>
      charged(id, fence(left, vm), 'tsm.bind', ...complete)?.takesForGranted;
    expect(granted('fenced', 'same')).toEqual(['TIO_ASID_FENCE_CLEAR would have been recorded']);
    expect(granted('fenced', 'other')).toEqual([RUNS, 'TIO_ASID_FENCE_CLEAR would have been recorded']);
    expect(granted('fenced', 'same', 'firmware')).toEqual([]);
    // Nobody asked, so nobody knows whether there was one.
    expect(granted('unread', 'same', 'firmware')).toEqual(['the fence stood']);
    expect(granted('unread', 'other', 'firmware')).toEqual([RUNS, 'the fence stood']);
  });
});

describe('an unmap of private MMIO that the TDX module refused', () => {
  const unmap = (answer: 'refused' | 'unknown' | 'unfinished', status?: string | null): Effect => ({
    type: 'private-unmap',
    answer,
    ...(status === undefined ? {} : { status }),
  });
  const id = 'mmio-unmap-before-block';

  test('says what had to come first, as the status tells', () => {
    expect(charged(id, unmap('refused', 'TDX_GPA_RANGE_NOT_BLOCKED'))).toMatchObject({
      provedByAnswer: true,
      summary: expect.stringMatching(/refused it: its range was not blocked$/),
      lacking: { what: 'TDH.MMIO.BLOCK of the range', kind: 'mmio.block', single: false },
    });
    expect(charged(id, unmap('refused', 'TDX_TLB_TRACKING_NOT_DONE'))).toMatchObject({
      provedByAnswer: true,
      summary: expect.stringMatching(/refused it: the TLBs had not been tracked$/),
      lacking: { what: 'TLB tracking (TDH.MEM.TRACK)', kind: null, single: false },
    });
  });

  test('accuses nobody where another status is the reason, or none is told', () => {
    for (const effect of [unmap('refused', 'TDX_OPERAND_BUSY'), unmap('refused', null), unmap('refused')]) {
      const charge = charged(id, effect);
      expect([charge?.provedByAnswer, charge?.summary]).toEqual([false, expect.stringMatching(/did not say why$/)]);
      expect(charge).not.toHaveProperty('lacking');
    }
  });

  test('is none where nobody knows the answer, or it is to be asked again', () => {
    expect(charged(id, unmap('unknown', 'TDX_GPA_RANGE_NOT_BLOCKED'))).toBeNull();
    expect(charged(id, unmap('unfinished', 'TDX_GPA_RANGE_NOT_BLOCKED'))).toBeNull();
  });
});

describe('a guest', () => {
  const REMOVE = { what: 'pci_device_remove', kind: 'driver.remove', single: true };

  test('that unlocks a device in use has to detach its driver, or release its memory', () => {
    const unlock = (left: 'driver' | 'mmio' | null) =>
      charged('guest-unlock-while-in-use', { type: 'guest-unlock', left });
    expect(unlock('driver')).toMatchObject({
      lacking: REMOVE,
      summary: expect.stringContaining('a driver was attached'),
    });
    expect(unlock('mmio')).toMatchObject({
      lacking: { what: 'the release of its MMIO resources', kind: null, single: false },
      summary: expect.stringContaining('its MMIO was still in use'),
    });
    expect(unlock(null)).not.toHaveProperty('lacking');
    expect(unlock(null)?.summary).toBe('the TDI was unlocked');
  });

  test('that is refused while a driver is attached has to detach it: if that was the reason', () => {
    for (const step of ['lock', 'accept'] as const) {
      const effect: Effect = { type: 'driver-attached', step, how: 'refused', locked: null };
      expect(charged('driver-probe-before-accept', effect)).toMatchObject({
        lacking: REMOVE,
        severity: 'note',
        summary: `the ${step} of the TDI was refused with -EBUSY: a driver was attached`,
        takesForGranted: [expect.stringContaining('a driver was the reason')],
        shownBy: [],
      });
    }
  });

  test('whose driver comes before the accept may mean it so, or have accepted unseen', () => {
    const early: Effect = { type: 'driver-attached', step: 'probe', how: 'early', locked: at };
    const policy = 'the guest means its driver to wait for the accept';
    expect(charged('driver-probe-before-accept', early)?.takesForGranted).toEqual([
      'an accept or unlock would have been recorded',
      policy,
    ]);
    const complete = charged('driver-probe-before-accept', early, 'driver.probe', 'guest-request');
    expect([complete?.takesForGranted, complete?.shownBy]).toEqual([[policy], [at]]);
  });

  test('that accepts without a report has to ask for it', () => {
    expect(charged('accept-before-report', { type: 'guest-accept', answer: 'no-report' })?.lacking).toEqual({
      what: 'GET_DEVICE_INTERFACE_REPORT',
      kind: 'tdisp.report',
      single: true,
    });
  });

  test('whose trusted DMA the firmware refuses may have wanted to close it', () => {
    const dma = (how: 'unbound' | 'early', ...complete: EventClass[]) =>
      charged('dma-enable-before-run', { type: 'dma-open', how, locked: null }, 'guest.dma', ...complete);
    expect(dma('unbound')).toMatchObject({
      summary: expect.stringMatching(/opened or closed for a TDI that is not bound/),
      takesForGranted: [expect.stringContaining('the line is the same where it was to be closed')],
      provedByAnswer: true,
    });
    expect(dma('early')?.takesForGranted).toEqual(['an accept would have been recorded']);
    expect(dma('early', 'guest-request')?.takesForGranted).toEqual([]);
    expect(dma('early')).not.toHaveProperty('provedByAnswer');
  });

  test('whose MMIO the firmware refuses to validate may have wanted to give it back', () => {
    const { takesForGranted } = charged('mmio-accept-before-bind', { type: 'mmio-accept', how: 'unbound' }) ?? {};
    expect(takesForGranted).toEqual([expect.stringContaining('the line is the same where it was to be invalidated')]);
  });
});
