import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../../src/analysis.ts';
import type { Finding, LegalOrderInfo, OperationInfo } from '../../src/model/analysis.ts';
import { EVENT_CLASSES } from '../../src/model/states.ts';
import { analyzeText, brief, violationOf } from '../support/analyze.ts';
import { seededFarHistory } from '../support/far-histories.ts';
import { faultyFirmwareHistory } from '../support/firmware-histories.ts';
import { HARMFUL, type Line, render, STEPS, type StepName, seededHistory } from '../support/histories.ts';

// What is proposed is put into the log, line by line, and analysed anew: nothing of it may be accused any more.
const RUNS = { numRuns: Number(process.env['LEGAL_RUNS'] ?? 25) };
const OMNISCIENT: Partial<JudgeOptions> = { complete: EVENT_CLASSES, fromBoot: true, platform: 'sev-tio' };

/** `render` writes two lines of header. */
const HEADER = 2;

function at(lines: readonly Line[], operation: OperationInfo | null): number {
  const line = operation?.line ?? 0;
  expect(lines[line - HEADER - 1], `line ${line}`).toBeDefined();
  return line - HEADER - 1;
}

/** From the first to the last line of the step that a line is part of. */
function blockAt(lines: readonly Line[], index: number): { from: number; to: number } {
  const { step, bdf } = lines[index] as Line;
  const isOf = (line: Line | undefined) => line?.step === step && line.bdf === bdf;
  let [from, to] = [index, index];
  while (isOf(lines[from - 1])) from -= 1;
  while (isOf(lines[to + 1])) to += 1;
  return { from, to };
}

const call = (symbol: string, bdf: string, ret: string, rest = '') => [
  `i: (${symbol}+0x0/0x100) bdf="${bdf}"${rest}`,
  `ir: (caller+0x15/0x100 <- ${symbol}) bdf="${bdf}"${ret}`,
];

/** What the probes print where what is to be added happens. */
const ADDED: Readonly<Record<string, (bdf: string) => readonly string[]>> = {
  pci_tsm_unbind: (bdf) => STEPS.unbind(bdf),
  TIO_TDI_UNBIND: (bdf) => call('sev_tio_tdi_unbind', bdf, ' ret=0', ' force=0'),
  disconnect_store: (bdf) => call('disconnect_store', bdf, ' ret=5'),
};

/** The log in the order proposed. */
function inOrder(lines: readonly Line[], order: LegalOrderInfo): Line[] {
  if (order.kind === 'omit') {
    const { from, to } = blockAt(lines, at(lines, order.what));
    return [...lines.slice(0, from), ...lines.slice(to + 1)];
  }
  const other = at(lines, order.other);
  if (order.kind === 'insert') {
    const { name, device } = order.what as OperationInfo;
    const texts = ADDED[name]?.(device as string) ?? [];
    expect(texts, name).not.toEqual([]);
    const added = texts.map(
      (text): Line => ({ ...(lines[other] as Line), bdf: device as string, text, step: 'added' }),
    );
    return [...lines.slice(0, other), ...added, ...lines.slice(other)];
  }
  expect(order.kind).toBe('move');
  const block = blockAt(lines, at(lines, order.what));
  const moved = lines.slice(block.from, block.to + 1);
  const target = blockAt(lines, other);
  const place = order.place === 'before' ? target.from : target.to + 1;
  const isMoved = (index: number) => index >= block.from && index <= block.to;
  const kept = (part: readonly Line[], from: number) => part.filter((_, index) => !isMoved(from + index));
  return [...kept(lines.slice(0, place), 0), ...moved, ...kept(lines.slice(place), place)];
}

function orderOf(findings: readonly Finding[]): LegalOrderInfo {
  const order = findings.find(({ headline }) => headline)?.legal_order;
  expect(order).not.toBeNull();
  return order as LegalOrderInfo;
}

test('a harmful step while bound: the log in the order proposed is accused of nothing, and the step has gone past the unbind', async () => {
  await fc.assert(
    fc.asyncProperty(seededHistory, async ({ lines }) => {
      const { findings } = await analyzeText(render(lines), OMNISCIENT);
      const order = orderOf(findings);
      // The seed put the step right before the unbind: past it is the smallest way, as far as recorded requests leave it open.
      expect({ kind: order.kind, distance: order.distance }).toEqual({ kind: 'move', distance: 1 });
      expect(order.what?.name).toBe('pci_tsm_unbind');
      expect(order.place).toBe('before');
      expect((await analyzeText(render(inOrder(lines, order)), OMNISCIENT)).findings.map(brief)).toEqual([]);
    }),
    RUNS,
  );
});

/** The same with something between the step and the unbind that has to stay where the TDI is bound, or need not. */
const seededApart = fc
  .record({
    harm: fc.constantFrom(...(Object.keys(HARMFUL) as (keyof typeof HARMFUL)[]).filter((name) => name !== 'close')),
    started: fc.boolean(),
    between: fc.array(fc.constantFrom<StepName>('info', 'enableBits'), { minLength: 1, maxLength: 3 }),
  })
  .map(({ harm, started, between }) => {
    const start: StepName[] = started ? ['request'] : [];
    const names: StepName[] = ['connect', 'open', 'enableBits', 'bind', ...start, harm, ...between, 'unbind', 'close'];
    const lines = names.flatMap((name, index) =>
      STEPS[name]('0000:01:00.0').map(
        (text): Line => ({ task: 300, bdf: '0000:01:00.0', text, step: `${name}#${index}` }),
      ),
    );
    return { lines, between };
  });

test('what stands between the step and the unbind is jumped over, and what needs the binding keeps it', async () => {
  await fc.assert(
    fc.asyncProperty(seededApart, async ({ lines, between }) => {
      const { findings } = await analyzeText(render(lines), OMNISCIENT);
      const order = orderOf(findings);
      expect(order.kind).toBe('move');
      expect(order.distance).toBe(between.length + 1);
      expect(order.place).toBe(between.includes('info') ? 'after' : 'before');
      const edited = await analyzeText(render(inOrder(lines, order)), OMNISCIENT);
      expect(edited.findings.map(brief)).toEqual([]);
    }),
    RUNS,
  );
});

/** What can be proposed for each fault of a driver, its firmware or the objects around it. */
const PROPOSED: Readonly<Record<string, string>> = {
  'double-bind': 'insert pci_tsm_unbind',
  'unbind-without-bind': 'omit pci_tsm_unbind',
  'vdevice-destroy-while-bound': 'insert pci_tsm_unbind',
  'vm-destroy-while-bound': 'insert pci_tsm_unbind',
  'tsm-unregister-while-connected': 'insert disconnect_store',
  'reclaim-order': 'insert TIO_TDI_UNBIND',
  'ide-stream-stop-while-locked': 'insert pci_tsm_unbind',
  'spdm-session-end-while-locked': 'insert pci_tsm_unbind',
  'start-without-lock': 'move pci_tsm_guest_req for STOP',
  'failed-bind-not-cleaned': 'insert TIO_TDI_UNBIND',
  'state-readback-conflict': 'unknown null',
};

/** Refused for the order: in the right one they are not. */
const REFUSED: ReadonlySet<string> = new Set(['double-bind', 'start-without-lock']);

test('faults between driver, firmware and VM: the log in the order proposed is accused of nothing', async () => {
  await fc.assert(
    fc.asyncProperty(faultyFirmwareHistory, async ({ lines, rule }) => {
      const { findings } = await analyzeText(render(lines), OMNISCIENT);
      const order = orderOf(findings);
      expect(`${order.kind} ${order.what?.name ?? null}`).toBe(PROPOSED[rule]);
      if (order.kind === 'unknown') return;
      const headline = findings.find((finding) => finding.headline) as Finding;
      const step = lines[violationOf(headline).line - HEADER - 1] as Line;
      const answered = lines.map((line) =>
        REFUSED.has(rule) && line.step === step.step ? { ...line, text: line.text.replace(/ret=-\d+/, 'ret=0') } : line,
      );
      const edited = await analyzeText(render(inOrder(answered, order)), OMNISCIENT);
      expect(edited.findings.map(brief)).toEqual([]);
    }),
    RUNS,
  );
});

test('what is done to a PF, a port or a DSM: an unbind of the VF is added before it, but where the link went by itself', async () => {
  await fc.assert(
    fc.asyncProperty(seededFarHistory, async ({ lines, victim }) => {
      const { findings } = await analyzeText(render(lines), OMNISCIENT);
      for (const { legal_order: order } of findings.filter(({ headline }) => headline)) {
        if (order?.kind === 'none') {
          expect(order.reason).toMatch(/^hardware did it/);
          expect(lines.some(({ text }) => /DPC: containment|Link Down/.test(text))).toBe(true);
          continue;
        }
        expect(`${order?.kind} ${order?.what?.name} ${order?.what?.device}`).toBe(`insert pci_tsm_unbind ${victim}`);
        const edited = await analyzeText(render(inOrder(lines, order as LegalOrderInfo)), OMNISCIENT);
        expect(edited.findings.map(brief)).toEqual([]);
      }
    }),
    RUNS,
  );
});
