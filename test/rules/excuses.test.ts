import { describe, expect, test } from 'vitest';
import { type Excuse, excuseOf, NAMES } from '../../src/rules/excuses.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from '../replay/stored-event.ts';

const at = (kind: StoredEvent['kind'], more: Partial<StoredEvent> = {}) => storedEvent(kind, more);
const ask = (scope: string | null, more: Partial<StoredEvent> = {}) =>
  at('tsm.guest_request', { args: scope === null ? {} : { scope }, ...more });
const failed = { outcome: 'failed' } as const;

describe('what may have excused a step, had it come before', () => {
  // Scope 1 is STATE_CHANGE (include/linux/pci-tsm.h): START, or STOP.
  test.each<[string, StoredEvent, Excuse | null]>([
    ['an unbind', at('tsm.unbind'), 'unbind'],
    ['an unbind by the core', at('tsm.unbind_core'), 'unbind'],
    ['a STATE_CHANGE', ask('1'), 'stop'],
    ['a STATE_CHANGE in hexadecimal', ask('0x1'), 'stop'],
    ['a request of whatever scope', ask(null), 'stop'],
    ['a request that asks only', ask('0'), null],
    ['a debug request', ask('2'), null],
    ['a request that failed', ask('1', failed), null],
    ['a STOP', at('tdisp.stop'), 'stop'],
    ['a STOP that failed', at('tdisp.stop', failed), null],
    ['a disconnect', at('tsm.disconnect'), 'disconnect'],
    ['a disconnect by the core', at('tsm.disconnect_core'), 'disconnect'],
    ['the end of the TSM context', at('tsm.destroy'), 'disconnect'],
    ['a close', at('vfio.close'), 'close'],
    ['a disable', at('vfio.disable'), 'close'],
    ['a bind', at('tsm.bind'), null],
    ['a return', at('tsm.unbind', { phase: 'exit', pairId: 4 }), null],
    ['a return without its entry', at('tsm.unbind', { phase: 'exit' }), 'unbind'],
    ['an entry', at('tsm.unbind', { phase: 'enter', pairId: 9 }), 'unbind'],
  ])('%s', (_name, event, expected) => {
    expect(excuseOf(event)).toBe(expected);
  });

  test('has a name', () => {
    expect(NAMES.unbind).toBe('unbind');
    expect(NAMES.stop).toMatch(/request.* STOP/);
    expect([NAMES.disconnect, NAMES.close]).toEqual(['disconnect', 'close']);
  });
});
