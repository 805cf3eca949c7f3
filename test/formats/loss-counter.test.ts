import { describe, expect, it } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import { LossCounter } from '../../src/formats/loss-counter.ts';
import { analyzeText, headlines } from '../support/analyze.ts';

const MARKS = 1100;
const EVENT = 'bdf="0000:02:00.0"';

/** A trace whose reader fell behind, then one bind, a loss or none, and a disable. */
function trace(between: readonly string[]): string {
  const behind = Array.from({ length: MARKS }, (_, index) => [
    `            bash-100     [000] .....   ${100 + index / 100}0000: sched_waking: comm=x pid=1 prio=120 target_cpu=000`,
    `CPU:0 [LOST ${index + 1} EVENTS]`,
  ]).flat();
  return `${[
    '# tracer: nop',
    ...behind,
    `            qemu-4711    [000] ...2.   200.000001: tsm_bind: (pci_tsm_bind+0x0/0x100) ${EVENT} kvm=0xffff888101234000 tdi_id=0x200`,
    `            qemu-4711    [000] ...1.   200.000002: tsm_bind_ret: (x+0x15f/0x220 <- pci_tsm_bind) ${EVENT} ret=0`,
    ...between,
    `            qemu-4711    [000] ...2.   205.000000: vfio_disable: (vfio_pci_core_disable+0x0/0x400) ${EVENT}`,
  ].join('\n')}\n`;
}

describe('LossCounter', () => {
  it('hands on a thousand marks, then one row before each record for all since the one before', () => {
    const rows: HealthItem[] = [];
    const counter = new LossCounter((item) => void rows.push(item));
    const mark = (line: number): HealthItem => ({ code: 'events-lost', line, message: `at ${line}`, count: 2 });
    for (let line = 1; line <= 1003; line++) counter.take(mark(line));
    expect(rows).toHaveLength(1000);
    // Held back until then: it stands before the marks.
    counter.before(1000);
    expect(rows).toHaveLength(1000);
    counter.before(1004);
    expect(rows.slice(1000)).toEqual([
      { code: 'events-lost', line: 1001, message: '3 more marks like the ones before', count: 6 },
    ]);
    counter.before(1005);
    expect(rows).toHaveLength(1001);
    counter.take(mark(1006));
    counter.before(1007);
    expect(rows[1001]).toEqual(mark(1006));
    counter.take(mark(1008));
    counter.take(mark(1009));
    counter.end();
    expect(rows[1002]).toEqual({
      code: 'events-lost',
      line: 1008,
      message: '2 more marks like the ones before, from here on',
      count: 4,
    });
    expect(counter.lost).toBe(2 * (1003 + 3));
  });

  it('says that losses are everywhere where records stand between ten thousand of them, and how many at the end', () => {
    const rows: HealthItem[] = [];
    const counter = new LossCounter((item) => void rows.push(item));
    for (let line = 1; line <= 100_000; line += 2) {
      counter.take({ code: 'events-lost', line, message: `at ${line}`, count: 3 });
      counter.before(line + 1);
    }
    counter.end();
    expect(rows).toHaveLength(10_002);
    // The mark after the ten thousandth stands in line 20,001.
    expect(rows[10_000]).toMatchObject({ code: 'losses-everywhere', line: 20_001 });
    expect(rows[10_001]).toEqual({
      code: 'events-lost',
      line: 20_001,
      message: '40000 more marks like the ones before, from here on',
      count: 120_000,
    });
    expect(counter.lost).toBe(150_000);
  });

  it('lets no loss go unheeded where they are everywhere', async () => {
    const behind = Array.from({ length: 11_000 }, (_, index) => [
      `            bash-100     [000] .....   ${(10 + index / 1000).toFixed(6)}: vfio_bind_ret: (x+0x15f/0x220 <- pci_tsm_guest_req) ret=0`,
      'CPU:0 [LOST 1 EVENTS]',
    ]).flat();
    const judge = { complete: ['bind', 'start'] } as const;
    const text = trace(['CPU:0 [LOST 1 EVENTS]']).replace('# tracer: nop\n', `# tracer: nop\n${behind.join('\n')}\n`);
    const { health, findings } = await analyzeText(text, judge);
    expect(health.filter(({ code }) => code === 'losses-everywhere')).toHaveLength(1);
    expect(health.filter(({ code }) => code === 'events-lost')).toHaveLength(10_001);
    const [found] = findings.filter(({ rule }) => rule === 'unbind-before-disable');
    expect(found?.verdict).toBe('possible');
  });

  it('lets no loss go unheeded behind the thousandth', async () => {
    const judge = { complete: ['bind', 'start'] } as const;
    expect(headlines(await analyzeText(trace([]), judge))).toEqual([
      'definite unbind-before-disable 0000:02:00.0 :2204',
    ]);
    expect(headlines(await analyzeText(trace(['CPU:0 [LOST 777 EVENTS]']), judge))).toEqual([
      'possible unbind-before-disable 0000:02:00.0 :2205',
    ]);
  });
});
