import { expect, test } from 'vitest';
import { keyOf, type Step } from '../../src/replay/step.ts';
import { DeviceTrack } from '../../src/replay/track.ts';
import { storedDevice } from './stored-event.ts';

test('what is done to whom has one name, whatever else differs', () => {
  const track = new DeviceTrack(storedDevice(7, null), false);
  const key = (effect: Step['effect']) => keyOf({ effect, track } as Step);
  const clear = (bit: 'bme' | 'mse', certain: boolean) => key({ type: 'command-clear', bit, certain });
  expect(clear('bme', true)).toBe(clear('bme', false));
  expect(clear('bme', true)).not.toBe(clear('mse', true));
  expect(key({ type: 'zap' })).not.toBe(key({ type: 'disable' }));
  const other = new DeviceTrack(storedDevice(8, null), false);
  expect(keyOf({ effect: { type: 'zap' }, track: other } as Step)).not.toBe(key({ type: 'zap' }));
});

test('two registers that one write reaches are two things', () => {
  const track = new DeviceTrack(storedDevice(7, null), false);
  const key = (more: { register: string; place?: string; old?: 'same' | 'differs' }) =>
    keyOf({ effect: { type: 'config-change', old: 'differs', ofPf: false, side: null, ...more }, track } as Step);
  const bar = { register: 'Base Address Registers', place: 'header null 16' };
  expect(key(bar)).toBe(key({ ...bar, old: 'same' }));
  expect(key(bar)).not.toBe(key({ ...bar, place: 'header null 20' }));
  expect(key({ register: 'Process Address Space ID' })).not.toBe(key({ register: 'Page Request Interface' }));
});
