import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from '../../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../../src/commands/reading.ts';
import { createTimeline } from '../../../src/timeline/create.ts';
import { ingest } from '../../../src/timeline/ingest.ts';
import { parseCase } from '../../rules/case-file.ts';
import { opened } from '../../support/in-memory.ts';
import type { ReadCase } from './cases.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/rules');

/** The cases of all rules, but those that judge a part of their log only. */
export async function readCases(): Promise<ReadCase[]> {
  const timeline = await createTimeline(null);
  const found: ReadCase[] = [];
  for (const rule of readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    for (const file of readdirSync(join(ROOT, rule.name))) {
      const { flags, log, expect } = parseCase(readFileSync(join(ROOT, rule.name, file), 'utf8'));
      if (flags.since !== null || flags.until !== null) continue;
      const one = await timeline.preview(async () => {
        await ingest(timeline, opened(Buffer.from(log)), { inputFormat: null, maxBytes: 2 ** 30 });
        timeline.relateClocks();
        const { reader } = timeline;
        const judgement = { ...NEUTRAL_JUDGEMENT, ...flags };
        const { platform, health } = await judge(reader, judgement, undefined);
        const events = reader.events(0, 100_000);
        const marked = (mark: string) =>
          events.some(({ kind, args }) => kind === 'host.platform' && args['mark'] === mark);
        return {
          name: `${rule.name}/${file}`,
          expect,
          health: health.map(({ code }) => code).filter((code) => code !== 'belief-reset'),
          sources: reader.sources(),
          devices: reader.devices(),
          events,
          rows: reader.health(),
          options: {
            platform,
            x86: marked('x86') && !marked('arm64'),
            complete: new Set(flags.complete),
            fromBoot: flags.fromBoot,
          },
        };
      });
      found.push(one);
    }
  }
  timeline.abort();
  return found;
}
