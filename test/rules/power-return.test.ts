import { describe, expect, test } from 'vitest';
import { EVENT_CLASSES } from '../../src/model/states.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { RULES } from '../../src/rules/index.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedDevice, storedEvent } from '../replay/stored-event.ts';
import { OPTIONS, stepOf } from './step.ts';

// A function without No_Soft_Reset is reset as it leaves D3hot: only its return to D0 shows that the TDI has lost its state.

const ALL = new Set(EVENT_CLASSES);
const power = (state: string, more: Partial<StoredEvent> = {}) =>
  storedEvent('pci.power', { id: 50, args: { state }, ...more });

function charged(event = power('3'), complete: typeof OPTIONS.complete = ALL) {
  const track = new DeviceTrack(storedDevice(1, '0000:02:00.0'), true);
  track.noSoftReset = { value: false, fact: { place: 'lspci.txt:7', text: 'NoSoftRst-' } };
  const step = stepOf(
    { type: 'power-loss', certain: false, state: 'D3hot' },
    { event, track, options: { ...OPTIONS, complete } },
  );
  return RULES.find(({ doc }) => doc.id === 'power-state-while-locked')?.judge(step) ?? null;
}

test('without the return it is probable at most, and says what to record', () => {
  const charge = charged();
  expect([charge?.atMost, charge?.takesForGranted?.length, charge?.toConfirm?.length]).toEqual(['probable', 1, 1]);
  expect(charge?.doneBy).not.toBeUndefined();
});

test('the return settles nothing where the function may be another one, or did perhaps not go to D3hot', () => {
  const butHotplug = new Set([...ALL].filter((one) => one !== 'hotplug'));
  expect(charged(power('3'), butHotplug)?.doneBy).toBeUndefined();
  expect(charged(power('3', { outcome: 'unknown' }))?.doneBy).toBeUndefined();
});

describe('the return to D0', () => {
  const doneBy = (event: StoredEvent) => charged()?.doneBy?.(event);
  const back = (more: Partial<StoredEvent> = {}) => power('0', { id: 60, ...more });

  test('is one that succeeded, once', () => {
    expect(doneBy(back())).toBe(true);
    expect(doneBy(back({ phase: 'enter', pairId: 61 }))).toBe(true);
    expect(doneBy(back({ phase: 'exit' }))).toBe(true);
    expect(doneBy(back({ phase: 'exit', pairId: 59 }))).toBeNull();
    expect(doneBy(back({ supersededBy: 61 }))).toBeNull();
    expect(doneBy(back({ outcome: 'unknown' }))).toBeNull();
    expect(doneBy(back({ outcome: 'failed' }))).toBeNull();
    expect(doneBy(power('3', { id: 60 }))).toBeNull();
    expect(doneBy(storedEvent('pci.enable', { id: 60 }))).toBeNull();
  });

  test('is no write by the user that asks for it', () => {
    const args = { region: 'pm', offset: '4', value: '0' };
    expect(doneBy(storedEvent('vfio.config_write', { id: 60, args }))).toBeNull();
  });

  test.each([
    'tsm.unbind',
    'tsm.unbind_core',
    'tsm.disconnect',
    'tsm.disconnect_core',
    'tsm.destroy',
    'tsm.guest_request',
    'tdisp.stop',
    'tdi.destroy',
    'vfio.close',
    'vfio.disable',
    'pci.flr',
    'pci.reset',
    'pci.bus_reset',
    'pci.remove',
    'pci.add',
    'pci.power_refused',
    'pci.unreachable',
  ] as const)('is awaited no longer after %s', (kind) => {
    expect(doneBy(storedEvent(kind, { id: 60 }))).toBe(false);
  });
});
