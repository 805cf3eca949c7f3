import { EXIT } from '../base/errors.ts';
import type { Analysis, HealthInfo } from '../model/analysis.ts';
import { isAtLeast } from '../report/headlines.ts';

/** What `--fail-on` takes. */
export const FAIL_ON = ['definite', 'probable', 'possible', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/**
 * The exit code of an analysis that ran through. An input that could not be analysed beats poor health, and that beats
 * headlines. Only headlines count; `inconsistent` accuses nobody and never fails a run.
 */
export function exitCodeOf(analysis: Analysis, failures: number, failOn: FailOn, strictCapture: boolean): number {
  if (failures > 0) return EXIT.input;
  if (strictCapture && analysis.health.some(isPoor)) return EXIT.health;
  if (failOn === 'never') return EXIT.clean;
  const fails = analysis.findings.some((finding) => finding.headline && isAtLeast(finding.verdict, failOn));
  return fails ? EXIT.findings : EXIT.clean;
}

/** Something was lost or damaged. A note (an unnamed clock, a reboot) tells how to read the capture, not that it is poor. */
export function isPoor(item: HealthInfo): boolean {
  return item.severity !== 'note';
}
