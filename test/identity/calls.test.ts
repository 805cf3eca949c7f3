import { describe, expect, test } from 'vitest';
import { type Read, read, Trace } from './read.ts';

const A = '0000:02:00.0';
const BDF = `bdf="${A}"`;
const VMM = 'qemu-700';

/** Lines whose events count: those that no other record tells better, entries and points only. */
function counting(log: Read): string[] {
  return log.events
    .filter(({ phase, pair, counts }) => counts === null && (phase !== 'exit' || pair === null))
    .map(({ kind, line }) => `${kind} ${line}`);
}

describe('entries and returns', () => {
  test('are paired, each with its own, and the result belongs to both', async () => {
    const trace = new Trace();
    const first = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const refused = trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=-22`);
    const second = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const done = trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=0`);
    const log = await trace.read();
    expect(log.at(first)).toMatchObject({ pair: refused, outcome: 'failed', code: -22 });
    expect(log.at(refused)).toMatchObject({ pair: first });
    expect(log.at(second)).toMatchObject({ pair: done, outcome: 'ok', code: 0 });
  });

  test('a return without fields belongs to the device of its entry', async () => {
    const trace = new Trace();
    const entry = trace.enter(VMM, 'pci_tsm_guest_req', `${BDF} scope=1`);
    const exit = trace.leave(VMM, 'pci_tsm_guest_req', 'ret=-6');
    const log = await trace.read();
    expect(log.at(exit)).toMatchObject({ pair: entry, device: A });
    expect(log.at(entry)).toMatchObject({ outcome: 'failed', code: -6 });
  });

  test('an entry without fields belongs to the device of its return, and other calls of the task do not', async () => {
    const trace = new Trace();
    const one = trace.enter(VMM, 'pci_tsm_bind');
    trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=0`);
    const two = trace.enter(VMM, 'pci_tsm_bind');
    trace.leave(VMM, 'pci_tsm_bind', 'bdf="0000:03:00.0" ret=0');
    const log = await trace.read();
    expect([log.at(one).device, log.at(two).device]).toEqual([A, '0000:03:00.0']);
  });

  test('a return without an entry stands by itself, inside the caller that it names', async () => {
    const trace = new Trace();
    const disable = trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    const exit = trace.leave(VMM, '__pci_reset_function_locked', `${BDF} ret=0`, 'vfio_pci_core_disable');
    const alone = trace.leave('other-900', 'pci_tsm_bind', `${BDF} ret=0`);
    const log = await trace.read();
    expect(log.at(exit)).toMatchObject({ phase: 'exit', pair: null, inside: disable });
    expect(log.at(alone)).toMatchObject({ phase: 'exit', pair: null, inside: null, outcome: 'ok' });
  });

  test('entries alone are no pairs', async () => {
    const trace = new Trace();
    const lines = [1, 2, 3].map(() => trace.enter(VMM, 'pci_tsm_guest_req', `${BDF} scope=1`));
    const log = await trace.read();
    for (const line of lines) expect(log.at(line)).toMatchObject({ pair: null, inside: null, outcome: 'unknown' });
  });

  test('function_graph without results: outcome unknown, pairs all the same', async () => {
    const trace = new Trace('function_graph');
    const entry = trace.say(VMM, 'pci_tsm_bind() {');
    const exit = trace.say(VMM, '}');
    expect((await trace.read()).at(entry)).toMatchObject({ pair: exit, outcome: 'unknown', code: null });
  });
});

describe('a reset of a function is one event: its innermost record', () => {
  const symbols = ['pci_try_reset_function', '__pci_reset_function_locked', 'pcie_flr'] as const;

  test('probes without returns', async () => {
    const trace = new Trace();
    const ioctl = trace.enter(VMM, 'vfio_pci_core_ioctl', `${BDF} cmd=0x3b6f`);
    const [tried, locked, flr] = symbols.map((symbol) => trace.enter(VMM, symbol, BDF));
    const log = await trace.read();
    expect(counting(log)).toEqual([`pci.flr ${flr}`]);
    expect([ioctl, tried, locked].map((line) => log.at(line ?? 0).counts)).toEqual([flr, flr, flr]);
  });

  test('probes with returns', async () => {
    const trace = new Trace();
    const lines = symbols.map((symbol) => trace.enter(VMM, symbol, BDF));
    for (const symbol of symbols.toReversed()) trace.leave(VMM, symbol, `${BDF} ret=0`);
    expect(counting(await trace.read())).toEqual([`pci.flr ${lines[2]}`]);
  });

  test('function tracer', async () => {
    const trace = new Trace('function');
    trace.attach(VMM, A);
    trace.call(VMM, 'vfio_pci_core_ioctl', 'vfio_device_fops_unl_ioctl');
    trace.call(VMM, 'pci_try_reset_function', 'vfio_pci_core_ioctl');
    trace.call(VMM, '__pci_reset_function_locked', 'pci_try_reset_function');
    // pcie_reset_flr() is no function of the catalogue.
    const flr = trace.call(VMM, 'pcie_flr', 'pcie_reset_flr');
    expect(counting(await trace.read())).toEqual(['iommu.attach 3', `pci.flr ${flr}`]);
  });

  test('function_graph', async () => {
    const trace = new Trace('function_graph');
    trace.say(VMM, 'pci_try_reset_function(dev=0xffff8880037a1000) {');
    trace.say(VMM, '  __pci_reset_function_locked(dev=0xffff8880037a1000) {');
    trace.say(VMM, `    /* attach_device_to_domain: IOMMU: device=${A} */`);
    const flr = trace.say(VMM, '    pcie_flr(dev=0xffff8880037a1000); /* ret=0x0 */');
    trace.say(VMM, '  } /* __pci_reset_function_locked ret=0x0 */');
    trace.say(VMM, '} /* pci_try_reset_function ret=0x0 */');
    const log = await trace.read();
    expect(counting(log).filter((text) => text.startsWith('pci.'))).toEqual([`pci.flr ${flr}`]);
    expect(log.at(flr).device).toBe(A);
  });

  test('two resets are two', async () => {
    const trace = new Trace();
    const flrs = [1, 2].map(() => symbols.map((symbol) => trace.enter(VMM, symbol, BDF)).at(-1));
    expect(counting(await trace.read())).toEqual(flrs.map((line) => `pci.flr ${line}`));
  });
});

describe('a stale entry', () => {
  const open = (trace: Trace): number => {
    const enable = trace.enter(VMM, 'vfio_pci_core_enable', BDF);
    trace.enter(VMM, 'pci_clear_master', BDF);
    trace.enter(VMM, 'pci_try_reset_function', BDF);
    return enable;
  };

  test('does not swallow the reset that the user asks for later', async () => {
    const trace = new Trace();
    const enable = open(trace);
    const ioctl = trace.enter(VMM, 'vfio_pci_core_ioctl', `${BDF} cmd=0x3b6f`);
    const reset = trace.enter(VMM, 'pci_try_reset_function', BDF);
    const log = await trace.read();
    expect(log.at(reset).inside).toBe(ioctl);
    expect(log.at(ioctl).inside).toBeNull();
    expect(log.at(enable + 1).inside).toBe(enable);
  });

  test('nor where the ioctl is not traced: an open resets once', async () => {
    const trace = new Trace();
    open(trace);
    const reset = trace.enter(VMM, 'pci_try_reset_function', BDF);
    expect((await trace.read()).at(reset)).toMatchObject({ inside: null, counts: null });
  });

  test('nor one that another thread bound before', async () => {
    const trace = new Trace();
    open(trace);
    trace.enter('qemu-701', 'pci_tsm_bind', BDF);
    trace.leave('qemu-701', 'pci_tsm_bind', `${BDF} ret=0`);
    trace.enter(VMM, 'pci_try_reset_function', BDF);
    const flr = trace.enter(VMM, 'pcie_flr', BDF);
    const log = await trace.read();
    expect(log.findings).toContain(`probable flr-while-locked ${A}`);
    expect(log.at(flr).counts).toBeNull();
  });

  test('whose return was lost', async () => {
    const trace = new Trace();
    trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    trace.leave(VMM, 'vfio_pci_core_disable', BDF);
    const disable = trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    trace.raw('CPU:0 [LOST 12 EVENTS]');
    const bind = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const clear = trace.enter(VMM, 'pci_clear_master', BDF);
    const log = await trace.read();
    expect(log.health).toContain('events-lost');
    expect(log.at(bind).inside).toBeNull();
    expect(log.at(clear).inside).not.toBe(disable);
  });

  test('is not closed by the return of a later call', async () => {
    const trace = new Trace();
    const stale = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const entry = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const exit = trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=0`);
    const log = await trace.read();
    expect(log.at(exit).pair).toBe(entry);
    expect(log.at(stale).pair).toBeNull();
  });
});

describe('function tracer', () => {
  test('the caller of a tail call stands in for the function that called', async () => {
    const trace = new Trace('function');
    const ioctl = trace.call(VMM, 'vfio_device_fops_unl_ioctl', '__x64_sys_ioctl');
    // Tail-called, so the return address is that of the caller's caller.
    const bind = trace.call(VMM, 'vfio_df_ioctl_bind_iommufd', '__x64_sys_ioctl');
    const opened = trace.call(VMM, 'vfio_df_open', 'vfio_df_ioctl_bind_iommufd');
    const enable = trace.call(VMM, 'vfio_pci_core_enable', 'vfio_pci_open_device');
    const clear = trace.call(VMM, 'pci_clear_master', 'vfio_pci_core_enable');
    const reset = trace.call(VMM, 'pci_try_reset_function', 'vfio_pci_core_enable');
    const log = await trace.read();
    expect([bind, opened, enable, clear, reset].map((line) => log.at(line).inside)).toEqual([
      ioctl,
      bind,
      opened,
      enable,
      enable,
    ]);
  });

  test('a caller that was not traced is none of the calls that were', async () => {
    const trace = new Trace('function');
    trace.call(VMM, 'vfio_pci_core_enable', 'vfio_pci_open_device');
    const reset = trace.call(VMM, 'pci_try_reset_function', 'vfio_pci_core_ioctl');
    expect((await trace.read()).at(reset).inside).toBeNull();
  });

  test('compiler suffixes do not matter', async () => {
    const trace = new Trace('function');
    const disable = trace.call(VMM, 'vfio_pci_core_disable.part.0', 'vfio_pci_core_close_device');
    const clear = trace.call(VMM, 'pci_clear_master.constprop.0', 'vfio_pci_core_disable.part.0');
    expect((await trace.read()).at(clear).inside).toBe(disable);
  });
});

describe('printk without a trace', () => {
  test('a reset whose end its driver does not print is over when the next one begins', async () => {
    const log = await read(
      [
        `[   10.000000] mlx5_vfio_pci ${A}: resetting`,
        `[   10.100000] mlx5_vfio_pci ${A}: reset via flr`,
        `[   50.000000] mlx5_vfio_pci ${A}: reset via flr`,
      ].join('\n'),
    );
    expect(counting(log)).toEqual(['pci.flr 2', 'pci.flr 3']);
    expect([log.at(2).inside, log.at(3).inside]).toEqual([1, null]);
  });
});
