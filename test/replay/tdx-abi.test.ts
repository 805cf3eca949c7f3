import { expect, test } from 'vitest';
import { TdxAbis } from '../../src/replay/tdx-abi.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';
import { storedEvent } from './stored-event.ts';

const WRONG = { status: '0xc0000f1000000000', status_name: 'TDX_DEVIF_TDISP_INVALID_STATE' };

const command = (id: number, name: string, more: Partial<StoredEvent> = {}) =>
  storedEvent('firmware.call', { id, ...more, args: { command_name: name, ...more.args } });
const refused = (name: string, args: Readonly<Record<string, string>> = WRONG) =>
  command(9, name, { outcome: 'failed', args });

/** What may be other numbers in what is answered, after these calls. */
function other(answered: StoredEvent, ...calls: readonly StoredEvent[]) {
  const abis = new TdxAbis();
  for (const call of calls) abis.note(call, 1);
  const found = abis.otherNumbers(answered, 1);
  return found && [found.abi, found.shownBy?.id ?? null];
}

const UNMAP = refused('TDH.MMIO.UNMAP');

test.each<[string, ReturnType<typeof other>, StoredEvent, readonly StoredEvent[]]>([
  ['no call tells', ['untold', null], UNMAP, []],
  ['a name that both have', ['untold', null], UNMAP, [command(1, 'TDH.SPDM.CREATE'), command(2, 'TDH.MMIO.MAP')]],
  ['a name of the older one', null, UNMAP, [command(1, 'TDH.DEVIF.CREATE')]],
  ['the same in a message', null, UNMAP, [command(1, 'TDH_DEVIF_CREATE')]],
  ['a name of the later one', ['later', 2], UNMAP, [command(1, 'TDH.SPDM.CREATE'), command(2, 'TDH.IDE.STREAM.KM')]],
  ['the first of them is shown', ['later', 1], UNMAP, [command(1, 'TDH.SPDM.CONNECT'), command(2, 'TDH.SPDM.MNG')]],
  ['of both the older', null, UNMAP, [command(1, 'TDH.SPDM.CONNECT'), command(2, 'TDH.DEVIF.REQUEST')]],
  ['in whatever order', null, UNMAP, [command(1, 'TDH.DEVIF.REQUEST'), command(2, 'TDH.SPDM.CONNECT')]],
  ['which was refused', ['untold', null], UNMAP, [command(1, 'TDH.DEVIF.CREATE', { outcome: 'failed' })]],
  ['a command by its number', ['untold', null], UNMAP, [command(1, 'TDH.DEVIF.CREATE', { args: { command: '0x89' } })]],
  ['the answer itself is to such a name', null, refused('TDH.DEVIF.REQUEST'), []],
  ['to such a number', ['untold', null], refused('TDH.DEVIF.REQUEST', { ...WRONG, command: '0x8b' }), []],
  [
    'a number that is older than TDX Connect',
    null,
    refused('TDH.MMIO.UNMAP', { status: '0xc0000b0600000000', status_name: 'x' }),
    [],
  ],
  ['a number that nobody knows', null, refused('TDH.MMIO.UNMAP', { status: '0xc0000fff00000000' }), []],
  ['an errno', null, refused('TDH.MMIO.UNMAP', {}), []],
])('%s', (_, found, answered, calls) => {
  expect(other(answered, ...calls)).toEqual(found);
});

test('what one machine tells says nothing of another', () => {
  const abis = new TdxAbis();
  abis.note(command(1, 'TDH.DEVIF.CREATE'), 1);
  expect(abis.otherNumbers(UNMAP, 1)).toBeNull();
  expect(abis.otherNumbers(UNMAP, 2)).toEqual({ abi: 'untold', shownBy: null });
});
