import { describe, expect, test } from 'vitest';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const QEMU = 'qemu-700';
const [ONE, TWO] = ['0xffff888101000000', '0xffff888102000000'];

/** QEMU binds A, and names no other function. */
function bound(fields = '', tracer: 'nop' | 'function' = 'nop'): Trace {
  const trace = new Trace(tracer);
  trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}" kvm=0x1000${fields}`);
  trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
  return trace;
}

const unbinds = (trace: Trace) => trace.enter(QEMU, 'pci_tsm_unbind', `bdf="${A}"`);

describe('a function has one struct pci_dev and one vfio device', () => {
  test.each([
    ['pcie_flr', 'dev', 'flr-while-locked'],
    ['vfio_pci_core_disable', 'vdev', 'unbind-before-disable'],
  ])('%s of two of them: nothing tells which is of the one that the task names', async (symbol, argument, rule) => {
    const trace = bound();
    const first = trace.enter(QEMU, symbol, `${argument}=${TWO}`);
    unbinds(trace);
    const second = trace.enter(QEMU, symbol, `${argument}=${ONE}`);
    const log = await trace.read();
    expect([first, second].map((line) => [log.at(line).certainty, log.at(line).maybe])).toEqual([
      ['maybe', [A]],
      ['maybe', [A]],
    ]);
    expect(log.headlines).toEqual([`possible ${rule} ${A}`]);
    expect(log.devices.map(({ aliases }) => aliases)).toEqual([[]]);
  });

  test('one alone is taken to be of the function that the task names', async () => {
    const trace = bound();
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${TWO}`);
    unbinds(trace);
    trace.enter(QEMU, 'pcie_flr', `dev=${TWO}`);
    const log = await trace.read();
    expect(log.at(reset)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  test('another one is not that of a function whose own is known', async () => {
    const trace = bound(` pdev=${ONE}`);
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${TWO}`);
    unbinds(trace);
    const log = await trace.read();
    expect(log.at(reset)).toMatchObject({ device: null, maybe: [] });
    expect(log.findings).toEqual([]);
  });

  test('its own is, whoever else is named', async () => {
    const trace = bound(` pdev=${ONE}`);
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${ONE}`);
    trace.enter(QEMU, 'pcie_flr', `dev=${TWO}`);
    unbinds(trace);
    const log = await trace.read();
    expect(log.at(reset)).toMatchObject({ device: A, certainty: 'exact' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  test('one that another task shows to be another function leaves the first alone', async () => {
    const trace = bound();
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${ONE}`);
    trace.enter(QEMU, 'pcie_flr', `dev=${TWO}`);
    unbinds(trace);
    trace.enter('bash-900', 'pci_set_power_state', `bdf="0000:03:00.0" dev=${TWO} state=3`);
    const log = await trace.read();
    expect(log.at(reset)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  // The shell that makes VFs and takes them away deals with all of them, and means none by a pointer.
  test('what another task deals with beside it is no rival', async () => {
    const trace = bound();
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${ONE}`);
    unbinds(trace);
    for (const pointer of [ONE, TWO]) trace.enter('bash-900', '__pci_tsm_unbind', `pdev=${pointer}`);
    const log = await trace.read();
    expect(log.at(reset)).toMatchObject({ device: A, certainty: 'inherited' });
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  test('a struct pci_dev and a vfio device are no rivals', async () => {
    const trace = bound();
    const reset = trace.enter(QEMU, 'pcie_flr', `dev=${ONE}`);
    const zap = trace.enter(QEMU, 'vfio_pci_zap_bars', `vdev=${TWO}`);
    const log = await trace.read();
    expect([reset, zap].map((line) => log.at(line).certainty)).toEqual(['inherited', 'inherited']);
  });
});

describe('a task that opens or closes twice in a row without saying what', () => {
  const closes = (trace: Trace) => trace.call(QEMU, 'vfio_pci_core_disable', 'vfio_pci_core_close_device');
  const opens = (trace: Trace) => trace.call(QEMU, 'vfio_pci_core_enable', 'vfio_pci_open_device');
  const verdict = async (act: (trace: Trace) => void) => {
    const trace = new Trace('function');
    act(trace);
    return (await trace.read()).headlines;
  };
  const bind = (trace: Trace) => {
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}" kvm=0x1000`);
    trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
  };
  const LATE = 'unbind-before-disable';

  test.each<[string, string, (trace: Trace) => void]>([
    ['opened two', 'possible', (trace) => [opens(trace), opens(trace), bind(trace), closes(trace), unbinds(trace)]],
    ['closes two', 'possible', (trace) => [bind(trace), closes(trace), unbinds(trace), closes(trace)]],
    ['has one', 'probable', (trace) => [opens(trace), bind(trace), closes(trace), unbinds(trace)]],
    [
      'has one, and uses it twice',
      'probable',
      (trace) => [opens(trace), closes(trace), opens(trace), bind(trace), closes(trace), unbinds(trace)],
    ],
    [
      'has one, of which a close was lost',
      'probable',
      (trace) => [
        opens(trace),
        trace.raw('CPU:0 [LOST 3 EVENTS]'),
        opens(trace),
        bind(trace),
        closes(trace),
        unbinds(trace),
      ],
    ],
  ])('%s: %s', async (_what, expected, act) => {
    expect(await verdict(act)).toEqual([`${expected} ${LATE} ${A}`]);
  });
});
