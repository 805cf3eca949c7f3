import type { Analysis } from '../model/analysis.ts';
import type { News } from '../report/news.ts';
import { renderAnalysisLine, renderNews, renderNewsJson } from '../report/news.ts';
import type { AnalyzeOptions } from './analyze-options.ts';
import { floorOf, report } from './analyze-report.ts';
import type { CommandContext } from './context.ts';
import { progressLine } from './progress.ts';

/**
 * `tdi-trace analyze --follow`: headlines as they become certain, and the report when the input ends or the user has seen
 * enough. What is told on the way goes to stdout; with --quiet, which is one line a headline, there is no report after it.
 *
 * @returns the exit code of the report: to be ended by a signal is how this ends.
 */
export async function analyzeFollowing(options: AnalyzeOptions, context: CommandContext): Promise<number> {
  const { stdout, stderr } = context;
  const stop = new AbortController();
  context.endBySignal().addEventListener('abort', () => stop.abort(), { once: true });
  const isJson = options.format === 'json';
  const progress = progressLine(stderr);
  const onProgress = options.quiet ? undefined : progress.update;
  let isTold = false;

  async function tell(all: readonly News[], analysis: Analysis, isLast: boolean): Promise<void> {
    // What is new with the last judgement stands in the report.
    const isRepeated = isLast && !isJson && !options.quiet && options.output === null;
    const news = isRepeated ? all.filter(({ event }) => event === 'update' || event === 'withdrawn') : all;
    if (news.length === 0) return;
    progress.end();
    isTold = true;
    await stdout.write(isJson ? renderNewsJson(news, analysis) : renderNews(news, analysis, stdout));
    // Nobody reads on: what is kept (--db, -o) is kept, and that is all.
    if (stdout.closed) stop.abort();
  }

  if (stderr.isTerminal && !options.quiet) await stderr.write(`tdi-trace: following; Ctrl-C ends it with the report\n`);
  const { follow } = await import('../follow/follow.ts');
  const [input = '-'] = options.ingest.inputs;
  const ingest = { ...options.ingest, inputs: [input] as const, ...(onProgress && { onProgress }) };
  const analyzed = await follow({
    ingest,
    judge: options.judge,
    floor: floorOf(options),
    stop: stop.signal,
    tell,
  }).finally(progress.end);
  try {
    return await report(analyzed, options, context, async (text) => {
      if (isJson) await stdout.write(renderAnalysisLine(analyzed.analysis));
      else if (!options.quiet) await stdout.write(isTold ? `\n${text}` : text);
    });
  } finally {
    analyzed.close();
  }
}
