import { describe, expect, test } from 'vitest';
import { INTEREST, MESSAGES, PLATFORM_MARKS, TRACE_EVENTS } from '../../src/events/index.ts';
import { splitPrefix } from '../../src/events/messages.ts';
import { normalise } from '../../src/events/normalise.ts';
import { parseNumber } from '../../src/events/numbers.ts';
import { printk, traceEvent } from './records.ts';

// The cap of a line (src/input/lines.ts).
const LENGTH = 64 * 1024;
// JavaScript counts no steps of a regular expression, so the CPU's time has to do. A pattern that is linear takes some 0.1 ms for
// such a line, one that is quadratic seconds: the bound lies far from both, also on a machine that is busy.
const LIMIT_MS = 200;

/** Lines that begin like `example` and never come to its end. */
function* hostile(example: string): Generator<string> {
  for (let cut = 1; cut <= example.length; cut++) {
    const head = example.slice(0, cut);
    yield head.repeat(Math.ceil(LENGTH / cut)).slice(0, LENGTH);
    for (const fill of new Set([head.at(-1) ?? '', ' ', '0', 'a', ':'])) yield head + fill.repeat(LENGTH - cut);
  }
}

function slowest(inputs: Iterable<string>, run: (input: string) => unknown): { ms: number; input: string } {
  let worst = { ms: 0, input: '' };
  for (const input of inputs) {
    const start = process.cpuUsage();
    run(input);
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    if (ms > worst.ms) worst = { ms, input: `${input.slice(0, 80)}...` };
  }
  return worst;
}

describe('no pattern blows up on 64 KiB that begin like its own text', () => {
  test.each(MESSAGES.map((row) => [row.example, row.pattern] as const))('%s', (example, pattern) => {
    const { body } = splitPrefix(example);
    expect(slowest(hostile(body), (input) => pattern.exec(input)).ms).toBeLessThan(LIMIT_MS);
  });

  test.each(TRACE_EVENTS.map((row) => [row.example, row] as const))('%s', (example, row) => {
    const body = example.slice(row.name.length).replace(/^: /, '');
    expect(slowest(hostile(body), (input) => normalise(traceEvent(row.name, input))).ms).toBeLessThan(LIMIT_MS);
  });

  test.each(PLATFORM_MARKS.flatMap((mark) => mark.message ?? []))('%s', (pattern) => {
    const inputs = hostile('ccp 0000:42:00.5: SEV-TIO status: EN=1 ');
    expect(slowest(inputs, (input) => pattern.exec(input)).ms).toBeLessThan(LIMIT_MS);
  });

  test.each([
    '[257] pci:pci_dev_wait:drivers/pci/pci.c:1312: vfio-pci 0000:02:00.0: ready',
    'vfio_pci_something: iommufd_x: tdx_host SEV-TIO ',
    'vfio-pci 0000:02:00.0: PCI/TSM: setup TSM context: DSM: 0000:02:00.0 status: ',
  ])('the way through all of them: %s', (example) => {
    const worst = slowest(hostile(example), (input) => INTEREST.message(input) && normalise(printk(input)));
    expect(worst.ms).toBeLessThan(LIMIT_MS);
  });

  test('numbers', () => {
    expect(slowest(hostile('-0xffff'), parseNumber).ms).toBeLessThan(LIMIT_MS);
  });
});
