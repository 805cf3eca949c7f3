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
