import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyze, type JudgeOptions } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { type Hints, NO_HINTS } from '../../src/identity/hints.ts';
import type { Analysis, Finding } from '../../src/model/analysis.ts';

/** Analyses files as the command would, and hands over the document. */
export async function analyzeFiles(
  inputs: readonly string[],
  judge: Partial<JudgeOptions> = {},
  hints: Hints = NO_HINTS,
): Promise<Analysis> {
  const ingest = { inputs, db: null, inputFormat: null, maxBytes: 2 ** 30, hints };
  const analyzed = await analyze(ingest, { ...NEUTRAL_JUDGEMENT, ...judge });
  try {
    return analyzed.analysis;
  } finally {
    analyzed.close();
  }
}

/** The same for a text, by way of a file that is gone afterwards. */
export async function analyzeText(
  text: string,
  judge: Partial<JudgeOptions> = {},
  hints: Hints = NO_HINTS,
): Promise<Analysis> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-test-'));
  try {
    const path = join(folder, 'log.txt');
    writeFileSync(path, text);
    return await analyzeFiles([path], judge, hints);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `probable unbind-before-disable 0000:02:00.0 :107`, to compare and to read. */
export function brief(finding: Finding): string {
  return `${finding.verdict} ${finding.rule} ${finding.device ?? '-'} :${violationOf(finding).line}`;
}

export function headlines(analysis: Analysis): string[] {
  return analysis.findings.filter((finding) => finding.headline).map(brief);
}

export function violationOf(finding: Finding): Finding['evidence'][number] {
  const violations = finding.evidence.filter((one) => one.role === 'violation');
  const [only] = violations;
  if (violations.length !== 1 || only === undefined) throw new Error(`${finding.id}: not exactly one violation`);
  return only;
}
