import { describe, expect, test } from 'vitest';
import { type Read, Trace } from './read.ts';

// Function tracer, function_graph, probes and printk:console may all be on: what happened once counts once.

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const BDF = `bdf="${A}"`;
const VMM = 'qemu-700';

function counting(log: Read): string[] {
  return log.events
    .filter(
      ({ kind, phase, pair, counts }) => kind !== 'call' && counts === null && (phase !== 'exit' || pair === null),
    )
    .map(({ kind, line }) => `${kind} ${line}`);
}

describe('function tracer and probes', () => {
  test('one call in whatever order they print it', async () => {
    const trace = new Trace('function');
    const one = trace.call(VMM, 'pci_tsm_unbind', 'tsm_unbind');
    const better = trace.enter(VMM, 'pci_tsm_unbind', BDF);
    const two = trace.enter(VMM, 'pci_tsm_unbind', BDF);
    const worse = trace.call(VMM, 'pci_tsm_unbind', 'tsm_unbind');
    const log = await trace.read();
    expect(counting(log)).toEqual([`tsm.unbind ${better}`, `tsm.unbind ${two}`]);
    expect([log.at(one).counts, log.at(worse).counts]).toEqual([better, two]);
  });

  test('the record with the value counts', async () => {
    const trace = new Trace('function');
    trace.enter(VMM, 'pci_tsm_bind', BDF);
    trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=0`);
    trace.call(VMM, 'vfio_basic_config_write', 'vfio_config_do_rw');
    trace.enter(VMM, 'vfio_basic_config_write', `${BDF} pos=0x4 count=2 off=0x4 val=0x107`);
    trace.call(VMM, 'vfio_basic_config_write', 'vfio_config_do_rw');
    const clear = trace.enter(VMM, 'vfio_basic_config_write', `${BDF} pos=0x4 count=2 off=0x4 val=0x103`);
    const log = await trace.read();
    expect(log.findings).toContainEqual(expect.stringContaining(`probable bme-clear-while-locked ${A}`));
    expect(log.at(clear).counts).toBeNull();
    expect(log.at(clear - 1).counts).toBe(clear);
  });

  test('a refused bind is refused in both records', async () => {
    const trace = new Trace('function');
    const first = trace.call(VMM, 'pci_tsm_bind', 'tsm_bind');
    const second = trace.enter(VMM, 'pci_tsm_bind', BDF);
    const exit = trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=-16`);
    trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    const log = await trace.read();
    for (const line of [first, second])
      expect(log.at(line)).toMatchObject({ pair: exit, outcome: 'failed', code: -16 });
    expect(log.findings.filter((finding) => finding.includes('unbind-before-disable'))).toEqual([]);
  });

  test('the task of the bare lines does not tie the devices of the probes together', async () => {
    const trace = new Trace('function');
    for (const bdf of [A, B]) {
      trace.call(VMM, 'pci_tsm_bind', 'tsm_bind');
      trace.enter(VMM, 'pci_tsm_bind', `bdf="${bdf}"`);
    }
    const clear = trace.call(VMM, 'pci_set_power_state', 'somebody');
    const log = await trace.read();
    expect(log.devices.map(({ bdf }) => bdf).filter((bdf) => bdf !== null)).toEqual([A, B]);
    expect(log.at(clear).device).not.toBe(A);
    expect(log.at(clear).device).not.toBe(B);
  });

  test('a record whose twin was lost is no repetition of the call before', async () => {
    const trace = new Trace('function');
    trace.call(VMM, 'pci_tsm_unbind', 'tsm_unbind');
    const one = trace.enter(VMM, 'pci_tsm_unbind', BDF);
    trace.raw('CPU:0 [LOST 1 EVENTS]');
    const two = trace.enter(VMM, 'pci_tsm_unbind', BDF);
    expect(counting(await trace.read())).toEqual([`tsm.unbind ${one}`, `tsm.unbind ${two}`]);
  });

  test('a return probe closes what the function tracer opened', async () => {
    const trace = new Trace('function');
    trace.attach(VMM, A);
    const entry = trace.call(VMM, 'pci_tsm_bind', 'tsm_bind');
    const exit = trace.leave(VMM, 'pci_tsm_bind', 'ret=0');
    expect((await trace.read()).at(entry)).toMatchObject({ pair: exit, outcome: 'ok', device: A });
  });
});

describe('function_graph and probes', () => {
  const probe = `/* p_bind: (pci_tsm_bind+0x4/0x100) ${BDF} */`;
  const back = `/* r_bind: (tsm_bind+0x20/0x60 <- pci_tsm_bind) ${BDF} ret=-16 */`;

  test.each(['inside', 'before'])('an entry probe that fires %s the call', async (where) => {
    const trace = new Trace('function_graph');
    const lines = ['pci_tsm_bind() {', where === 'inside' ? `  ${probe}` : probe];
    const [first, second] = (where === 'inside' ? lines : lines.toReversed()).map((text) => trace.say(VMM, text));
    const exit = trace.say(VMM, '}');
    const log = await trace.read();
    expect(counting(log)).toHaveLength(1);
    expect(log.at(first ?? 0).pair).toBe(exit);
    expect(log.at(second ?? 0).pair).toBe(exit);
  });

  test.each(['inside', 'after'])('a return probe that fires %s the call knows the result', async (where) => {
    const trace = new Trace('function_graph');
    const entry = trace.say(VMM, 'pci_tsm_bind() {');
    trace.say(VMM, `  /* attach_device_to_domain: IOMMU: device=${A} */`);
    const lines = where === 'inside' ? [`  ${back}`, '}'] : ['}', back];
    const first = trace.say(VMM, lines[0] ?? '');
    const second = trace.say(VMM, lines[1] ?? '');
    const log = await trace.read();
    expect(log.at(entry)).toMatchObject({ outcome: 'failed', code: -16 });
    expect(log.at(first)).toMatchObject({ kind: 'tsm.bind', outcome: 'failed', code: -16 });
    expect(log.at(second)).toMatchObject({ kind: 'call' });
  });

  test('a probe before a leaf', async () => {
    const trace = new Trace('function_graph');
    const entry = trace.say(VMM, `/* p_flr: (pcie_flr+0x4/0x100) ${BDF} */`);
    trace.say(VMM, 'pcie_flr(); /* ret=0x0 */');
    const again = trace.say(VMM, `/* p_flr: (pcie_flr+0x4/0x100) ${BDF} */`);
    const log = await trace.read();
    expect(counting(log)).toEqual([`pci.flr ${entry}`, `pci.flr ${again}`]);
    expect(log.at(entry).outcome).toBe('ok');
  });
});

describe('printk:console in the trace', () => {
  const console_ = (trace: Trace, text: string): number => trace.say(VMM, `console: vfio-pci ${A}: ${text}`);

  test('what a reset prints is the reset', async () => {
    const trace = new Trace();
    trace.enter(VMM, 'pci_try_reset_function', BDF);
    console_(trace, 'resetting');
    trace.enter(VMM, '__pci_reset_function_locked', BDF);
    console_(trace, 'reset via flr');
    const flr = trace.enter(VMM, 'pcie_flr', BDF);
    trace.leave(VMM, '__pci_reset_function_locked', `${BDF} ret=0`);
    console_(trace, 'reset done');
    trace.leave(VMM, 'pci_try_reset_function', `${BDF} ret=0`);
    expect(counting(await trace.read())).toEqual([`pci.flr ${flr}`, `pci.reset_done ${flr + 2}`]);
  });

  test('where the function itself is not traced, its message counts', async () => {
    const trace = new Trace();
    const reset = trace.enter(VMM, 'pci_try_reset_function', BDF);
    console_(trace, 'resetting');
    const flr = console_(trace, 'reset via flr');
    const log = await trace.read();
    expect(counting(log)).toEqual([`pci.flr ${flr}`]);
    expect(log.at(reset).counts).toBe(flr);
    expect(log.at(flr).inside).toBe(reset);
  });

  test('a second reset is not taken for the message of a stale first one', async () => {
    const trace = new Trace();
    const one = trace.enter(VMM, 'pci_try_reset_function', BDF);
    console_(trace, 'resetting');
    console_(trace, 'reset done');
    const two = console_(trace, 'resetting');
    console_(trace, 'reset done');
    expect(counting(await trace.read()).filter((text) => text.startsWith('pci.reset '))).toEqual([
      `pci.reset ${one}`,
      `pci.reset ${two}`,
    ]);
  });

  test('the message that the bit was set says more than the call that clears it', async () => {
    const trace = new Trace();
    const disable = trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    const call = trace.enter(VMM, 'pci_clear_master', BDF);
    const message = console_(trace, 'disabling bus mastering');
    const log = await trace.read();
    expect(counting(log)).toEqual([`vfio.disable ${disable}`, `pci.clear_master ${message}`]);
    expect(log.at(message).inside).toBe(call);
  });

  test('one headline for a close of a bound TDI, however many tracers tell of it', async () => {
    const trace = new Trace('function');
    trace.enter(VMM, 'pci_tsm_bind', BDF);
    trace.leave(VMM, 'pci_tsm_bind', `${BDF} ret=0`);
    for (const symbol of ['vfio_pci_core_disable', 'pci_clear_master', '__pci_reset_function_locked', 'pcie_flr']) {
      const parent = symbol === 'vfio_pci_core_disable' ? 'vfio_pci_core_close_device' : 'vfio_pci_core_disable';
      trace.call(VMM, symbol, symbol === 'pcie_flr' ? 'pcie_reset_flr' : parent);
      trace.enter(VMM, symbol, BDF);
      if (symbol === 'pci_clear_master') console_(trace, 'disabling bus mastering');
      if (symbol === '__pci_reset_function_locked') console_(trace, 'reset via flr');
    }
    const log = await trace.read();
    expect(log.headlines).toEqual([`probable unbind-before-disable ${A}`]);
  });
});

describe('two probes on one function', () => {
  /** Both at the entry, both at the return, as where two lists of probes were set. */
  const twice = (trace: Trace, symbol: string, fields: string, ret: number) => {
    const lines = [
      trace.say(VMM, `short: (${symbol}+0x0/0x100) ${fields}`),
      trace.say(VMM, `${symbol}: (${symbol}+0x0/0x100) ${fields}`),
    ];
    trace.say(VMM, `short_ret: (caller+0x50/0x100 <- ${symbol}) ${BDF} ret=${ret}`);
    trace.say(VMM, `${symbol}_ret: (caller+0x50/0x100 <- ${symbol}) ${BDF} ret=${ret}`);
    return lines;
  };

  test('tell of one call', async () => {
    const trace = new Trace();
    const [bind, again] = twice(trace, 'pci_tsm_bind', `${BDF} kvm=0x1000`, 0);
    const [request] = twice(trace, 'pci_tsm_guest_req', `${BDF} scope=1`, 0);
    const disable = trace.enter(VMM, 'vfio_pci_core_disable', BDF);
    trace.say(VMM, `other: (vfio_pci_core_disable+0x0/0x100) ${BDF}`);
    const log = await trace.read();
    expect(counting(log)).toEqual([`tsm.bind ${bind}`, `tsm.guest_request ${request}`, `vfio.disable ${disable}`]);
    expect(log.at(again ?? 0).counts).toBe(bind);
    expect(log.headlines).toEqual([`probable unbind-before-disable ${A}`]);
  });

  // A second change of the state may be the STOP.
  test('tell of one START: a reset after it is wrong', async () => {
    const trace = new Trace();
    twice(trace, 'pci_tsm_bind', `${BDF} kvm=0x1000`, 0);
    twice(trace, 'pci_tsm_guest_req', `${BDF} scope=1`, 0);
    trace.enter(VMM, 'pcie_flr', BDF);
    expect((await trace.read()).headlines).toEqual([`probable flr-while-locked ${A}`]);
  });

  test('tell of two calls where they differ, or one of them tells twice', async () => {
    const trace = new Trace();
    const lines = [
      trace.say(VMM, `info: (pci_tsm_guest_req+0x0/0x100) ${BDF} scope=0`),
      trace.say(VMM, `change: (pci_tsm_guest_req+0x0/0x100) ${BDF} scope=1`),
      trace.say(VMM, `change: (pci_tsm_guest_req+0x0/0x100) ${BDF} scope=1`),
      trace.say(VMM, `change: (pci_tsm_guest_req+0x0/0x100) bdf="${B}" scope=1`),
    ];
    expect(counting(await trace.read())).toEqual(lines.map((line) => `tsm.guest_request ${line}`));
  });

  test('of two tasks tell of two calls', async () => {
    const trace = new Trace();
    const lines = [
      trace.say(VMM, `short: (pcie_flr+0x0/0x100) ${BDF}`),
      trace.say('bash-900', `pcie_flr: (pcie_flr+0x0/0x100) ${BDF}`),
    ];
    expect(counting(await trace.read())).toEqual(lines.map((line) => `pci.flr ${line}`));
  });
});
