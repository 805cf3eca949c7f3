import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from '../support/analyze.ts';
import { Trace } from './read.ts';

const A = '0000:02:00.0';
const B = '0000:03:00.0';
const QEMU = 'qemu-700';
const DISABLE = /unbind-before-disable/;

/** A is bound and then disabled, with something in between; the verdict on the disable, the bind class declared complete or not. */
async function verdicts(between: (trace: Trace) => void): Promise<string[]> {
  const trace = new Trace();
  trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}" kvm=0x1000`);
  trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
  between(trace);
  trace.enter(QEMU, 'vfio_pci_core_disable', `bdf="${A}"`);
  const all = [[], ['bind' as const]].map((complete) => analyzeText(trace.text(), { complete }));
  return (await Promise.all(all)).map(
    (analysis) =>
      headlines(analysis)
        .find((one) => DISABLE.test(one))
        ?.split(' ')[0] ?? '',
  );
}

describe('an unbind of which nothing tells whose it is may be the one that a finding misses', () => {
  test.each([
    ['by another task', 'bash-900', ''],
    ['by a thread of the kernel', 'kworker/0:1-30', ''],
    ['by a thread of the process, whose number is another', 'CPU-0/KVM-701', ''],
    ['of a pointer that no record names', 'bash-900', 'pdev=0xffff888101000000'],
  ])('%s', async (_what, task, fields) => {
    expect(await verdicts((trace) => trace.enter(task, 'pci_tsm_unbind', fields))).toEqual(['possible', 'possible']);
  });

  // The core unbinds every function first, in calls that need not have been probed.
  test.each(['disconnect_store', '__pci_tsm_disconnect', 'pci_tsm_destroy', '__pci_tsm_unbind'])(
    '%s does so for a device',
    async (symbol) => {
      expect(await verdicts((trace) => trace.enter('bash-900', symbol))).toEqual(['possible', 'possible']);
      const ofAnother = await verdicts((trace) => trace.enter('bash-900', symbol, `bdf="${B}"`));
      expect(ofAnother).toEqual(['probable', 'definite']);
    },
  );

  test('it is told', async () => {
    const trace = new Trace();
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    const unbind = trace.enter('bash-900', 'pci_tsm_unbind');
    trace.enter(QEMU, 'vfio_pci_core_disable', `bdf="${A}"`);
    const { findings } = await analyzeText(trace.text());
    const [finding] = findings.filter(({ rule }) => DISABLE.test(rule));
    expect(finding?.assumptions.at(-1)).toBe(
      `the unbind on line ${unbind} is of another device: nothing tells of which`,
    );
  });
});

test('where the owner ends, a close of which nothing tells whose it is is not passed over', async () => {
  const granted = async (close: string | null) => {
    const trace = new Trace();
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
    trace.say(QEMU, 'sched_process_exit: comm=qemu pid=700 prio=120 group_dead=true');
    const line = close === null ? 0 : trace.enter('kworker/0:1-30', 'vfio_pci_core_disable', close);
    // Late enough for the close to have come.
    trace.raw(
      '           sh-63    [000] .....   200.000000: sched_process_exit: comm=sh pid=63 prio=120 group_dead=true',
    );
    const { findings } = await analyzeText(trace.text());
    const found = findings.find(({ rule }) => rule === 'bound-at-exit');
    return { line, verdict: found?.verdict, assumptions: found?.assumptions ?? [] };
  };
  const none = 'the close that the kernel does then was not recorded';
  expect((await granted(null)).assumptions).toContain(none);
  expect((await granted(`bdf="${B}"`)).assumptions).toContain(none);
  const { line, verdict, assumptions } = await granted('');
  expect(assumptions).not.toContain(none);
  expect(assumptions).toContain(`the close on line ${line} is of another device: nothing tells of which`);
  expect(verdict).toBe('probable');
});

describe('it is none', () => {
  test('before the bind', async () => {
    const trace = new Trace();
    trace.enter('bash-900', 'pci_tsm_unbind');
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
    trace.enter(QEMU, 'vfio_pci_core_disable', `bdf="${A}"`);
    expect(headlines(await analyzeText(trace.text()))[0]).toMatch(/^probable unbind-before-disable/);
  });

  test('before a request that only a bound function is asked', async () => {
    expect(
      await verdicts((trace) => {
        trace.enter('bash-900', 'pci_tsm_unbind');
        trace.enter(QEMU, 'pci_tsm_guest_req', `bdf="${A}" scope=0`);
        trace.leave(QEMU, 'pci_tsm_guest_req', `bdf="${A}" ret=0`);
      }),
    ).toEqual(['probable', 'definite']);
  });

  test.each([
    ['of a pointer whose bind was recorded', 'pdev=0xffff888101000000', 'pdev=0xffff888101000000'],
    ['of another function', `bdf="${B}"`, `bdf="${B}"`],
  ])('%s', async (_what, bind, unbind) => {
    expect(
      await verdicts((trace) => {
        trace.enter('qemu-900', 'pci_tsm_bind', bind);
        trace.leave('qemu-900', 'pci_tsm_bind', 'ret=0');
        trace.enter('qemu-900', 'pci_tsm_unbind', unbind);
      }),
    ).toEqual(['probable', 'definite']);
  });

  test('of another pointer than the one that records name it by', async () => {
    expect(
      await verdicts((trace) => {
        trace.enter('bash-800', 'pci_set_master', `pdev=0xffff888102000000 bdf="${A}"`);
        trace.enter('bash-900', 'pci_tsm_unbind', 'pdev=0xffff888101000000');
      }),
    ).toEqual(['probable', 'definite']);
  });
});

test('a reset of another function by name, inside a call on a bound one, is not done to that one', async () => {
  const trace = new Trace();
  trace.enter(QEMU, 'pci_tsm_bind', `bdf="${A}"`);
  trace.leave(QEMU, 'pci_tsm_bind', `bdf="${A}" ret=0`);
  trace.enter(QEMU, 'vfio_pci_core_ioctl', `bdf="${A}" cmd=0x3b6e`);
  trace.enter(QEMU, 'pcie_flr', `bdf="${B}"`);
  trace.leave(QEMU, 'pcie_flr', 'ret=0');
  trace.leave(QEMU, 'vfio_pci_core_ioctl', `bdf="${A}" ret=0`);
  expect((await analyzeText(trace.text())).findings).toEqual([]);
});

test('whose an unbind is, is one question; a declaration does not answer it', async () => {
  const trace = new Trace();
  for (const bdf of [A, B]) {
    trace.enter(QEMU, 'pci_tsm_bind', `bdf="${bdf}"`);
    trace.leave(QEMU, 'pci_tsm_bind', `bdf="${bdf}" ret=0`);
  }
  const unbind = trace.enter(QEMU, 'pci_tsm_unbind');
  trace.enter(QEMU, '__pci_tsm_unbind');
  trace.leave(QEMU, '__pci_tsm_unbind');
  trace.leave(QEMU, 'pci_tsm_unbind');
  trace.enter(QEMU, 'vfio_pci_core_disable', `bdf="${A}"`);
  const { findings } = await analyzeText(trace.text());
  const found = findings.find(({ rule }) => rule === 'unbind-before-disable');
  const record = `line ${unbind} (pci_tsm_unbind)`;
  expect(found).toMatchObject({
    verdict: 'possible',
    assumptions: [`${record} is of another device: it names none, and may be of any of 2`],
    to_confirm: [`tell whose ${record} is: probe it with bdf=, or name its pointer or file with --map`],
  });
});
