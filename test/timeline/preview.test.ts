import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { judge } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import type { OpenedSource } from '../../src/input/source.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import { createTimeline } from '../../src/timeline/create.ts';
import { ingest, type OpenIngest } from '../../src/timeline/ingest.ts';
import { analyzeText } from '../support/analyze.ts';

const FIXTURES = 'fixtures/captures';
const CAPTURES = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(FIXTURES, name)).map((file) => `${name}/${file}`));

/** The capture comes in so many pieces, cut wherever it falls. */
const PIECES = 8;

/** So many lines are looked at before the form is settled; what comes after them is dealt with line by line. */
const MANY = 450;

/** The capture, and where it begins behind lines of its own form that tell nothing; null for a form that has none. */
function behindOthers(capture: string): { readonly text: string; readonly start: number } | null {
  if (capture.startsWith('{')) return null;
  const noise = /^(?:<\d+>)?\[/.test(capture)
    ? '[    0.000001] audit: type=2000\n'
    : '             drv-444     (    444) [000] ...2.     0.000001: sched_noise: x\n';
  const header = /^(?:#.*\n)*/.exec(capture)?.[0] ?? '';
  const lead = header + noise.repeat(MANY);
  return { text: lead + capture.slice(header.length), start: lead.length };
}

/** What a judgement says of the devices, without what is only known at the end of a source. */
function facts({ platform, devices, findings, rules }: Analysis): unknown {
  return { platform, devices, findings, rules };
}

test.each(
  CAPTURES.flatMap((name) => [
    { name, where: 'at the start' },
    { name, where: 'further down' },
  ]),
)(
  '$name $where: a preview sees what an analysis of the lines so far would see, and leaves no trace',
  async ({ name, where }) => {
    const stored = readFileSync(join(FIXTURES, name));
    const capture = (name.endsWith('.gz') ? gunzipSync(stored) : stored).toString('latin1');
    const placed = where === 'at the start' ? { text: capture, start: 0 } : behindOthers(capture);
    if (placed === null) return;
    const { text, start } = placed;
    const writer = await createTimeline(null);
    let open: OpenIngest | null = null;
    let seen = 0;
    try {
      await ingest(writer, sourceOf(name), {
        inputFormat: null,
        maxBytes: 2 ** 30,
        onOpen: (ingested) => {
          open = ingested;
        },
        pump: async ({ consume }) => {
          for (let piece = 1; piece <= PIECES; piece++) {
            const [from, to] = [piece - 1, piece].map(
              (part) => start + Math.floor(((text.length - start) * part) / PIECES),
            );
            consume(Buffer.from(text.slice(piece === 1 ? 0 : from, to), 'latin1'));
            // A line counts when it has come to its end.
            const soFar = text.slice(0, text.lastIndexOf('\n', (to ?? 0) - 1) + 1);
            const expected = await analyzeText(soFar).catch(() => null);
            const preview = await open?.preview(() => judge(writer.reader, NEUTRAL_JUDGEMENT, undefined));
            if (preview === undefined) throw new Error('no preview');
            if (expected === null) expect(preview.devices).toEqual([]);
            else expect(facts(preview)).toEqual(facts(expected));
            seen += preview.devices.length;
          }
          return { bytes: text.length, cut: false };
        },
      });
      const analysis = await judge(writer.reader, NEUTRAL_JUDGEMENT, undefined);
      expect(facts(analysis)).toEqual(facts(await analyzeText(text)));
      expect(seen).toBeGreaterThan(0);
    } finally {
      writer.abort();
    }
  },
);

function sourceOf(path: string): OpenedSource {
  const empty = {
    size: null,
    head: Buffer.alloc(0),
    handle: null,
    stream: null,
    stamp: null,
    recording: false,
    packed: null,
  } as const;
  return { kind: 'log', path, compression: 'none', ...empty, close: async () => {} };
}
