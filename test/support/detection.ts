import fc from 'fast-check';
import type { JudgeOptions } from '../../src/analysis.ts';
import type { Analysis, Verdict } from '../../src/model/analysis.ts';
import { PLATFORMS } from '../../src/model/states.ts';
import { RULES } from '../../src/rules/index.ts';
import { strength } from '../../src/rules/verdict.ts';
import type { Entry } from './history/acts.ts';
import { BUGS, platformsOf, seededOn } from './history/bugs.ts';
import { completeOn, KINDS } from './history/complete.ts';
import { FTRACE } from './history/forms.ts';
import { keep, numbers } from './history/loss.ts';
import { legalOn } from './history/walk.ts';
import { analyzeLog } from './in-memory.ts';
import { omniscient } from './runs.ts';

// How well the rules detect: what they find of bugs that were put in, what they find where nothing is wrong.

/** Parts of the lines that are lost, each line by chance. */
export const LOSSES = [0, 0.05, 0.2, 0.5] as const;

/** How often a verdict was the strongest one. */
export type Levels = Readonly<Record<Exclude<Verdict, 'inconsistent'> | 'none', number>>;

export interface Row {
  readonly rule: string;
  /** Bugs that were put in. */
  readonly seeded: number;
  /** The whole trace, and all of it declared: the best that there is. */
  readonly declared: Levels;
  /** All that a machine can tell of these bugs, and all of it declared; where a bug comes to that, another rule may say it. */
  readonly complete: Levels;
  /** By part lost; nothing is declared. */
  readonly found: readonly Levels[];
  /** Legal histories with a finding of this rule, by part lost. */
  readonly wrong: readonly Levels[];
}

export interface Detection {
  readonly rows: readonly Row[];
  readonly legal: number;
  /** Legal histories with a finding of any rule, by part lost. */
  readonly wrong: readonly Levels[];
}

export interface DetectionOptions {
  /** Bugs a rule, spread over its kinds and platforms. */
  readonly bugs: number;
  /** Legal histories a platform. */
  readonly legal: number;
  /** The trace says where it lost lines. */
  readonly marked: boolean;
  readonly seed: number;
  /** Ids of the rules whose bugs are put in; absent: all. */
  readonly only?: readonly string[];
  readonly onProgress?: (what: string) => void;
}

const NONE: Levels = { definite: 0, probable: 0, possible: 0, none: 0 };

function counted(levels: Levels, verdict: keyof Levels): Levels {
  return { ...levels, [verdict]: levels[verdict] + 1 };
}

/** The strongest verdict of these. */
function strongest(verdicts: readonly Verdict[]): keyof Levels {
  const [first] = verdicts.toSorted((a, b) => strength(b) - strength(a));
  return first === undefined || first === 'inconsistent' ? 'none' : first;
}

export async function measure(options: DetectionOptions): Promise<Detection> {
  const { bugs, legal, seed, onProgress } = options;
  const wrong = new Map<string, Levels[]>(RULES.map(({ doc }) => [doc.id, LOSSES.map(() => NONE)]));
  const anyWrong: Levels[] = LOSSES.map(() => NONE);
  for (const platform of PLATFORMS) {
    onProgress?.(`legal histories on ${platform}`);
    for (const [n, entries] of fc.sample(legalOn(platform), { numRuns: legal, seed }).entries()) {
      for (const [at, part] of LOSSES.entries()) {
        const { findings } = await judged(entries, { platform }, part, n, options);
        for (const [rule, levels] of wrong) {
          const verdicts = findings.filter((one) => one.rule === rule).map(({ verdict }) => verdict);
          levels[at] = counted(levels[at] ?? NONE, strongest(verdicts));
        }
        anyWrong[at] = counted(anyWrong[at] ?? NONE, strongest(findings.map(({ verdict }) => verdict)));
      }
    }
  }
  const rows: Row[] = [];
  for (const { doc } of RULES) {
    if (options.only?.includes(doc.id) === false) continue;
    onProgress?.(doc.id);
    const complete = await recallOfWhole(doc.id, bugs, options);
    rows.push({ ...(await recall(doc.id, bugs, options)), complete, wrong: wrong.get(doc.id) ?? [] });
  }
  return { rows, legal: legal * PLATFORMS.length, wrong: anyWrong };
}

async function recall(
  rule: string,
  count: number,
  options: DetectionOptions,
): Promise<Omit<Row, 'wrong' | 'complete'>> {
  const kinds = BUGS.filter((bug) => bug.rule === rule).flatMap((bug) =>
    platformsOf(bug).map((platform) => ({ bug, platform })),
  );
  const found: Levels[] = LOSSES.map(() => NONE);
  let declared = NONE;
  let seeded = 0;
  for (const [index, { bug, platform }] of kinds.entries()) {
    const numRuns = Math.ceil(count / kinds.length);
    for (const { entries, victim, side } of fc.sample(seededOn(bug, platform), {
      numRuns,
      seed: options.seed + index,
    })) {
      const level = ({ findings }: Analysis) =>
        strongest(findings.filter((one) => one.rule === rule && one.device === victim).map(({ verdict }) => verdict));
      declared = counted(declared, level(await judged(entries, { ...omniscient(platform), side }, 0, seeded, options)));
      for (const [at, part] of LOSSES.entries()) {
        found[at] = counted(found[at] ?? NONE, level(await judged(entries, { platform, side }, part, seeded, options)));
      }
      seeded += 1;
    }
  }
  return { rule, seeded, declared, found };
}

async function recallOfWhole(rule: string, count: number, options: DetectionOptions): Promise<Levels> {
  const kinds = KINDS.filter(({ bug }) => bug.rule === rule);
  let found = NONE;
  for (const [index, kind] of kinds.entries()) {
    const numRuns = Math.ceil(count / kinds.length);
    const seeded = fc.sample(completeOn(kind), { numRuns, seed: options.seed + index });
    for (const [n, { entries, platform, rules, victim, side }] of seeded.entries()) {
      const { findings } = await judged(entries, { ...omniscient(platform), side }, 0, n, options);
      const own = findings.filter((one) => rules.includes(one.rule) && one.device === victim);
      found = counted(found, strongest(own.map(({ verdict }) => verdict)));
    }
  }
  return found;
}

/** The same lines are lost with and without marks. */
async function judged(
  entries: readonly Entry[],
  how: Partial<JudgeOptions>,
  part: number,
  n: number,
  { marked, seed }: DetectionOptions,
): Promise<Analysis> {
  const next = numbers(seed * 7919 + n * 31 + Math.round(part * 100));
  const { kept, marks } = keep(entries, () => next() < part);
  // A log without a line is no log.
  const [first] = entries;
  const left = kept.length === 0 && first ? [first] : kept;
  return analyzeLog(FTRACE.render(left, marked ? { loss: marks } : {}), how);
}

/** A seldom thing is not nothing. */
function percent(part: number, of: number): string {
  const rounded = of === 0 ? 0 : Math.round((100 * part) / of);
  return part > 0 && rounded === 0 ? '<1' : String(rounded);
}

/** `definite / probable / possible`, in percent; `-` for none at all. */
export function cell({ definite, probable, possible, none }: Levels): string {
  const all = definite + probable + possible + none;
  if (all === none) return '-';
  return [definite, probable, possible].map((part) => percent(part, all)).join(' / ');
}

export const COLUMNS: readonly string[] = [
  'rule',
  'bugs',
  'declared',
  'complete',
  ...LOSSES.map((part) => `${part * 100} %`),
  ...LOSSES.map((part) => `wrong at ${part * 100} %`),
];

/** A table in Markdown; every rule has its row, and the last one is of them all. */
export function tableOf({ rows, legal, wrong }: Detection): string {
  const all = (pick: (row: Row) => Levels): Levels =>
    rows.map(pick).reduce(
      (sum, one) => ({
        definite: sum.definite + one.definite,
        probable: sum.probable + one.probable,
        possible: sum.possible + one.possible,
        none: sum.none + one.none,
      }),
      NONE,
    );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const at = (list: readonly Levels[], index: number) => list[index] ?? NONE;
  return [
    line(COLUMNS),
    line(COLUMNS.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map((row) =>
      line([
        `\`${row.rule}\``,
        String(row.seeded),
        cell(row.declared),
        cell(row.complete),
        ...LOSSES.map((_, index) => cell(at(row.found, index))),
        ...LOSSES.map((_, index) => cell(at(row.wrong, index))),
      ]),
    ),
    line([
      `any of them (${legal} legal histories)`,
      String(rows.reduce((sum, { seeded }) => sum + seeded, 0)),
      cell(all(({ declared }) => declared)),
      cell(all(({ complete }) => complete)),
      ...LOSSES.map((_, index) => cell(all(({ found }) => at(found, index)))),
      ...LOSSES.map((_, index) => cell(at(wrong, index))),
    ]),
    '',
  ].join('\n');
}
