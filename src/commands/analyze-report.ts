import type { Analyzed } from '../analysis.ts';
import { renderJson } from '../report/json.ts';
import type { Scope } from '../report/scope.ts';
import { renderText } from '../report/text.ts';
import type { AnalyzeOptions } from './analyze-options.ts';
import { type CommandContext, MAX_WIDTH, type Sink } from './context.ts';
import { exitCodeOf } from './exit-code.ts';
import { writeFileAtomically } from './output-file.ts';
import { classesThatSettle } from './rule-docs.ts';
import { scopeOf, warnOf } from './scope.ts';

/**
 * Writes the report of what was analysed.
 *
 * @param print writes what goes to stdout, and may put it into another form.
 * @returns the exit code.
 */
export async function report(
  analyzed: Analyzed,
  options: AnalyzeOptions,
  context: CommandContext,
  print: (report: string) => Promise<void> = context.stdout.write,
): Promise<number> {
  const scope = scopeOf(analyzed, options.judge);
  await warnOf(scope, context);
  const text = reportText(analyzed, scope, options, context.stdout);
  if (options.output === null) await print(text);
  else writeFileAtomically(options.output, text);
  return exitCodeOf(analyzed.analysis, analyzed.failures.length, options.failOn, options.strictCapture);
}

/** The whole report, as it goes to a file or to `stdout`. */
function reportText({ analysis }: Analyzed, scope: Scope, options: AnalyzeOptions, stdout: Sink): string {
  if (options.format === 'json') return renderJson(analysis);
  const toFile = options.output !== null;
  return renderText(analysis, {
    width: toFile ? MAX_WIDTH : stdout.width,
    color: !toFile && stdout.color,
    floor: floorOf(options),
    verbose: options.verbose,
    quiet: options.quiet,
    settledBy: classesThatSettle,
    scope,
  });
}

/** Headlines less sure than this are counted, not shown. What fails the run has to be seen. */
export function floorOf({ verbose, failOn }: AnalyzeOptions): 'probable' | 'possible' {
  return verbose || failOn === 'possible' ? 'possible' : 'probable';
}
