import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import type { Analysis, Finding } from '../src/model/analysis.ts';
import { EVENT_CLASSES } from '../src/model/states.ts';
import { analyzeText, brief } from './support/analyze.ts';
import { type Line, legalHistory, render, seededHistory } from './support/histories.ts';
import { PATIENCE, runs } from './support/runs.ts';

// Records that may be of either of two devices: what rests on them accuses nobody, and takes no accusation back to another one.
// fast-check 4 cannot shrink what an infinite stream has ordered: the first failure is shown as it is.
const RUNS = { ...runs(0.03), endOnFailure: true };
const OMNISCIENT: Partial<JudgeOptions> = { complete: EVENT_CLASSES, fromBoot: true, platform: 'sev-tio' };
const profile = fc.constantFrom<Partial<JudgeOptions>>(
  {},
  { platform: 'tdx' },
  { platform: 'sev-tio', complete: ['bind', 'guest-request'] },
  { platform: 'cca' },
  OMNISCIENT,
);

/** A task that works for all devices, and names each of them elsewhere. */
const SHARED = 900;
const VICTIM = '0000:01:00.0';
const INNOCENT = '0001:01:00.0';

/** A line, and whether its record does not say whose it is. */
interface Blurred extends Line {
  readonly blurred: boolean;
}

/** The lines of each operation; a task does one after the other. */
function operations(lines: readonly Line[]): Line[][] {
  const list: Line[][] = [];
  for (const line of lines) {
    if (list.at(-1)?.[0]?.step === line.step) list.at(-1)?.push(line);
    else list.push([line]);
  }
  return list;
}

/** The operations of both in turn; those that `mask` says are the shared task's, and name no device any more. */
function together(own: readonly Line[], others: readonly Line[], order: readonly boolean[], mask: readonly boolean[]) {
  const queues = [operations(own), operations(others)];
  const lines: Blurred[] = [VICTIM, INNOCENT].map((bdf) => ({
    task: SHARED,
    bdf,
    text: `attach_device_to_domain: IOMMU: device=${bdf}`,
    step: 'named',
    blurred: false,
  }));
  for (let at = 0; queues.some((queue) => queue.length > 0); at += 1) {
    const first = order[at % order.length] === true ? 0 : 1;
    const next = queues[first]?.shift() ?? queues[1 - first]?.shift() ?? [];
    const blurred = mask[at % mask.length] === true;
    lines.push(...next.map((line) => ({ ...line, task: blurred ? SHARED : line.task, blurred })));
  }
  return lines;
}

const nameless = (lines: readonly Blurred[]): Line[] =>
  lines.map((line) => (line.blurred ? { ...line, text: line.text.replace(/ bdf="[^"]*"/, '') } : line));

/** One device of a legal history, elsewhere and as another task. */
const innocent = legalHistory.map((lines) =>
  lines
    .filter(({ bdf }) => bdf === VICTIM)
    .map((line) => ({ ...line, bdf: INNOCENT, task: line.task + 50, text: line.text.replaceAll(VICTIM, INNOCENT) })),
);

const mask = fc.array(fc.boolean(), { minLength: 3, maxLength: 40 });
/** The two attaches and the two lines of the header come before the first record. */
const HEADER = 2;

const isSure = ({ verdict }: Finding): boolean => verdict === 'definite' || verdict === 'probable';

/** Sure findings that rest on a record of which nobody knows whose it is. */
function restingOn({ findings }: Analysis, lines: readonly Blurred[]): string[] {
  return findings
    .filter(isSure)
    .filter(({ evidence }) =>
      evidence.some(
        ({ role, line }) => (role === 'violation' || role === 'state') && lines[line - HEADER - 1]?.blurred === true,
      ),
    )
    .map(brief);
}

const both = fc.tuple(
  seededHistory.map(({ lines }) => lines),
  innocent,
  mask,
  mask,
);

test(
  'no verdict above possible rests on a record that may be of another device',
  async () => {
    await fc.assert(
      fc.asyncProperty(both, profile, async ([own, others, order, blur], judge) => {
        const lines = together(own, others, order, blur);
        expect(restingOn(await analyzeText(render(nameless(lines)), judge), lines)).toEqual([]);
      }),
      RUNS,
    );
  },
  PATIENCE,
);

test(
  'the device that did nothing wrong is accused of nothing beyond a doubt, which is named',
  async () => {
    await fc.assert(
      fc.asyncProperty(both, profile, async ([own, others, order, blur], judge) => {
        const lines = together(own, others, order, blur);
        const { findings } = await analyzeText(render(nameless(lines)), judge);
        const innocents = findings.filter(({ device }) => device === INNOCENT);
        expect(innocents.filter(({ verdict }) => verdict !== 'possible').map(brief)).toEqual([]);
        const unexplained = innocents.filter(
          ({ assumptions }) => !assumptions.some((one) => one.includes('it names none, and may be of ')),
        );
        expect(unexplained.map((finding) => `${brief(finding)}: ${finding.assumptions.join('; ')}`)).toEqual([]);
      }),
      RUNS,
    );
  },
  PATIENCE,
);

test(
  'no verdict gets surer by not knowing whose a record is',
  async () => {
    await fc.assert(
      fc.asyncProperty(both, profile, async ([own, others, order, blur], judge) => {
        const lines = together(own, others, order, blur);
        const known = await analyzeText(render(lines), judge);
        const unknown = await analyzeText(render(nameless(lines)), judge);
        const place = (finding: Finding) => brief(finding).replace(/^\w+ /, '');
        const definite = new Set(known.findings.filter(({ verdict }) => verdict === 'definite').map(place));
        const sure = new Set(known.findings.filter(isSure).map(place));
        const surer = unknown.findings.filter((finding) =>
          finding.verdict === 'definite' ? !definite.has(place(finding)) : isSure(finding) && !sure.has(place(finding)),
        );
        expect(surer.map(brief)).toEqual([]);
      }),
      RUNS,
    );
  },
  PATIENCE,
);

test(
  'legal histories stay without a sure finding whichever records nobody can tell',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(legalHistory, innocent, mask, mask),
        profile,
        async ([all, others, order, blur], judge) => {
          const own = all.filter(({ bdf }) => bdf === VICTIM);
          const lines = together(own, others, order, blur);
          const { findings } = await analyzeText(render(nameless(lines)), judge);
          expect(findings.filter(isSure).map(brief)).toEqual([]);
        },
      ),
      RUNS,
    );
  },
  PATIENCE,
);
