import { expect, test } from 'vitest';
import { chargeOfPort } from '../../src/rules/port-clear.ts';
import { statesWhere } from './step.ts';

// The list of what a root port has to keep (Table 11-31 of the model's notes) is informative: nobody is accused for sure.
test('a port that stops forwarding while a TDI is locked is charged by its bit, with what it takes for granted', () => {
  const bme = chargeOfPort({ type: 'port-clear', bit: 'bme', certain: true }, 'bme');
  expect([bme?.atMost, bme?.takesForGranted]).toEqual(['probable', undefined]);
  expect(bme?.summary).toMatch(/^Bus Master Enable of the port above was cleared/);
  expect(statesWhere(bme?.wrongIn ?? (() => false))).toMatch(/^locked\/locked .*run\/run/);
  const mse = chargeOfPort({ type: 'port-clear', bit: 'mse', certain: false }, 'mse');
  expect(mse?.atMost).toBe('possible');
  expect(mse?.summary).toMatch(/^Memory Space Enable of the port above/);
  expect(mse?.takesForGranted?.map((one) => /^Memory Space Enable of the port was set before$/.test(one))).toEqual([
    true,
  ]);
});

test('another bit, or a bit of the function itself, is not', () => {
  expect(chargeOfPort({ type: 'port-clear', bit: 'bme', certain: true }, 'mse')).toBeNull();
  expect(chargeOfPort({ type: 'command-clear', bit: 'bme', certain: true }, 'bme')).toBeNull();
});
