import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { follow } from '../../src/follow/follow.ts';
import type { Analysis } from '../../src/model/analysis.ts';
import type { News } from '../../src/report/news.ts';
import { analyzeText, brief, headlines } from '../support/analyze.ts';

const FIXTURES = 'fixtures/captures';

/** Every capture that comes with the project: its name and bytes. */
const CAPTURES = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(FIXTURES, name)).map((file) => `${name}/${file}`))
  .map((name) => {
    const bytes = readFileSync(join(FIXTURES, name));
    return { name, text: (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1') };
  });

interface Followed {
  readonly analysis: Analysis;
  readonly news: readonly News[];
}

interface How {
  readonly judge?: Partial<JudgeOptions>;
  readonly floor?: 'probable' | 'possible';
  readonly stop?: AbortSignal;
  /** Called for each piece of news. */
  readonly onNews?: (news: News) => void;
}

/** Follows a stream; time flies, so that every pause is long enough to judge in. */
async function followStream(stdin: Readable, how: How = {}): Promise<Followed> {
  const news: News[] = [];
  let now = 0;
  const analyzed = await follow({
    ingest: { inputs: ['-'], db: null, inputFormat: null, maxBytes: 2 ** 30 },
    judge: { ...NEUTRAL_JUDGEMENT, ...how.judge },
    floor: how.floor ?? 'probable',
    stop: how.stop ?? new AbortController().signal,
    tell: async (some) => {
      news.push(...some);
      for (const one of some) how.onNews?.(one);
    },
    now: () => {
      now += 10_000;
      return now;
    },
    stdin,
  });
  analyzed.close();
  return { analysis: analyzed.analysis, news };
}

/** The same document, but for the name of the input. */
function renamed(analysis: Analysis): unknown {
  return JSON.parse(
    JSON.stringify({ ...analysis, sources: analysis.sources.map((source) => ({ ...source, path: '-' })) }),
  );
}

function chunksOf(text: string, places: readonly number[]): Readable {
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...new Set([...places.map((place) => place % bytes.length), bytes.length])].sort((a, b) => a - b);
  const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  return Readable.from(chunks.filter((chunk) => chunk.length > 0));
}

describe('in the end', () => {
  test.each(CAPTURES)('$name is analysed as if it were a file, however it came', async ({ text }) => {
    const expected = renamed(await analyzeText(text));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 8 }), async (places) => {
        expect(renamed((await followStream(chunksOf(text, places))).analysis)).toEqual(expected);
      }),
      { numRuns: 3 },
    );
  });

  test.each(CAPTURES)('$name: what was told and stands is what the report says', async ({ text }) => {
    const lines = text.match(/(?:[^\n]*\n){1,12}|[^\n]+$/g) ?? [];
    const { analysis, news } = await followStream(Readable.from(lines.map(latin1)));
    const standing = new Map<string, string>();
    for (const one of news) {
      if (one.event === 'withdrawn') standing.delete(one.was.key);
      if (one.event === 'update') standing.delete(one.was.key);
      if (one.event === 'finding' || one.event === 'update') standing.set(one.now.key, brief(one.now.finding));
    }
    const told = [...standing.values()];
    for (const headline of headlines(analysis)) {
      if (/^(?:definite|probable)/.test(headline)) expect(told).toContain(headline);
    }
    for (const line of told) expect(analysis.findings.map(brief)).toContain(line);
  });
});

function latin1(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

describe('on the way', () => {
  test('the headline comes before the input has ended', async () => {
    const stream = new PassThrough();
    const text = readFileSync('fixtures/captures/close-before-unbind/trace.probes.txt', 'latin1');
    const upTo = text.indexOf('tsm_unbind:');
    stream.write(latin1(text.slice(0, text.lastIndexOf('\n', upTo) + 1)));
    const told: string[] = [];
    const { analysis } = await followStream(stream, {
      onNews: (news) => {
        if (news.event === 'finding') {
          told.push(brief(news.now.finding));
          stream.end(latin1(text.slice(text.lastIndexOf('\n', upTo) + 1)));
        }
      },
    });
    expect(told).toEqual(['probable unbind-before-disable 0000:02:00.0 :107']);
    expect(headlines(analysis)).toEqual(told);
  });

  test('what dmesg says last is not held back until it says more', async () => {
    const bdf = '0000:02:00.0';
    const stream = new PassThrough();
    stream.write(
      `[   10.000000] pci ${bdf}: [8086:10c9] type 00 class 0x020000\n[   11.000000] vfio-pci ${bdf}: resetting\n`,
    );
    stream.write(`[   12.000000] vfio-pci ${bdf}: reset done\n`);
    let devices = 0;
    const { analysis } = await followStream(stream, { onNews: () => {}, stop: endAfter(stream, () => (devices += 1)) });
    expect(devices).toBe(1);
    expect(analysis.devices.map((device) => device.bdf)).toEqual([bdf]);
  });

  test('the user may end it: what has come is the input', async () => {
    const text = readFileSync('fixtures/captures/close-before-unbind/trace.probes.txt', 'latin1');
    const stream = new PassThrough();
    const end = new AbortController();
    stream.write(latin1(text.slice(0, 20_000)));
    const { analysis } = await followStream(stream, { stop: end.signal, onNews: () => end.abort() });
    expect(renamed(analysis)).toEqual(renamed(await analyzeText(text.slice(0, 20_000))));
  });

  test('losses are told', async () => {
    const text = readFileSync('fixtures/captures/close-before-unbind/trace.probes.txt', 'latin1');
    const lossy = text.replace(/^(.*vfio_close: .*\n)/m, '$1CPU:0 [LOST 12 EVENTS]\n');
    const { news } = await followStream(Readable.from([latin1(lossy)]));
    expect(news.filter(({ event }) => event === 'health')).toMatchObject([{ item: { code: 'events-lost' } }]);
  });
});

function endAfter(stream: PassThrough, note: () => void): AbortSignal {
  const end = new AbortController();
  setTimeout(() => {
    note();
    stream.end();
  }, 50);
  return end.signal;
}

// The whole set of captures, where it lies beside the checkout.
const ROOT = process.env['TDI_TRACE_CAPTURES'] ?? '../shared/captures';
const PRESENT = existsSync(ROOT);
if (!PRESENT) console.warn(`SKIPPED: no captures at ${ROOT}; set TDI_TRACE_CAPTURES to their folder`);

describe.skipIf(!PRESENT)('what was driven', () => {
  const files = (PRESENT ? readdirSync(ROOT, { recursive: true, encoding: 'utf8' }) : [])
    .filter((name) => /\/(?:trace\.probes|dmesg)\.txt$/.test(name))
    .filter((name) => statSync(join(ROOT, name)).size < 100_000)
    .sort();

  test.each(files)('%s is reported as it is of a file', async (name) => {
    const text = readFileSync(join(ROOT, name), 'latin1');
    const places = [0.2, 0.5, 0.7, 0.9].map((part) => Math.floor(part * text.length));
    const { analysis, news } = await followStream(chunksOf(text, places));
    expect(renamed(analysis)).toEqual(renamed(await analyzeText(text)));
    const sure = headlines(analysis).filter((line) => /^(?:definite|probable)/.test(line));
    const told = news.flatMap((one) =>
      one.event === 'finding' || one.event === 'update' ? [brief(one.now.finding)] : [],
    );
    expect(told).toEqual(expect.arrayContaining(sure));
  });
});
