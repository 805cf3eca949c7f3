import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HealthItem } from '../../src/base/health.ts';
import type { Clue, KernelEvent } from '../../src/events/event.ts';
import { INTEREST } from '../../src/events/index.ts';
import { meaningOf } from '../../src/events/meaning.ts';
import { normalise } from '../../src/events/normalise.ts';
import { readParts } from '../../src/formats/read.ts';
import type { KernelRecord } from '../../src/formats/record.ts';
import { openSource } from '../../src/input/source.ts';
import { runs, samples } from './fuzz.ts';

// Evidence that is wrong is worse than evidence that is lost: however lines were broken and quoted on their way, no event comes out that
// the log as it was does not hold, and none has another value.

/** Without a head anything may be a message; markers imitate rows wherever they are broken; what was cut before says more without its last piece. */
const LEFT_OUT =
  /caller-no-end|dmesg-bare|notime|hostile|json|fluent|lava|export|verbose|pstore|systrace|bpftrace|result|truth|clocks/;

const pool = samples()
  .filter(({ name }) => !LEFT_OUT.test(name) && /\.txt(?:\.gz)?$/.test(name) && !name.includes('public-logs'))
  .map(({ name, bytes }) => ({ name, lines: bytes.toString('latin1').trimEnd().split('\n').slice(0, 120) }));

/** The events, but those beside a line that may be the rest of theirs, which the log says: nothing is taken for certain there. */
async function events(lines: readonly string[]): Promise<KernelEvent[]> {
  const records: KernelRecord[] = [];
  const doubtful = new Set<number>();
  const source = await openSource('-', Readable.from([Buffer.from(`${lines.join('\n')}\n`, 'latin1')]));
  if (source.kind !== 'log') return [];
  const health = ({ code, line }: HealthItem) => {
    if (code === 'rest-doubtful' && line !== null) doubtful.add(line);
  };
  try {
    await readParts(source, {
      inputFormat: null,
      interest: { ...INTEREST, meaning: meaningOf },
      maxBytes: 1e8,
      part: () => ({ emit: (record) => records.push(record), health }),
    });
  } catch {
    return [];
  }
  return records.flatMap((record) => {
    if (doubtful.has(record.endLine + 1)) return [];
    const meaning = normalise(record);
    return meaning?.type === 'event' ? [meaning.event] : [];
  });
}

function mailed(line: string, width: number): string[] {
  const out: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const fits = rest.lastIndexOf(' ', width);
    const blank = rest.slice(0, Math.max(fits, 0)).trim() === '' ? rest.indexOf(' ', width) : fits;
    if (blank < 0) break;
    out.push(rest.slice(0, blank));
    rest = rest.slice(blank + 1);
  }
  return [...out, rest];
}

function cut(line: string, width: number): string[] {
  const count = Math.max(1, Math.ceil(line.length / width));
  return Array.from({ length: count }, (_, n) => line.slice(n * width, (n + 1) * width));
}

const damage = fc.record({
  how: fc.constantFrom<'mail' | 'terminal' | 'none'>('mail', 'mail', 'terminal', 'none'),
  mail: fc.integer({ min: 64, max: 80 }),
  terminal: fc.constantFrom(80, 100, 120, 132),
  quote: fc.constantFrom('', '', '> ', '> > '),
});

/** What an event says at most, told by what the log as it was says: each event of it once. */
function isOf(event: KernelEvent, known: KernelEvent[]): boolean {
  const has = (clues: readonly Clue[], clue: Clue) => clues.some((one) => JSON.stringify(one) === JSON.stringify(clue));
  const at = known.findIndex(
    (one) =>
      one.kind === event.kind &&
      one.phase === event.phase &&
      one.symbol === event.symbol &&
      (one.outcome === event.outcome || event.outcome === 'unknown') &&
      event.clues.every((clue) => has(one.clues, clue)) &&
      Object.entries(event.args).every(([name, value]) => one.args[name] === value),
  );
  if (at < 0) return false;
  known.splice(at, 1);
  return true;
}

const weight = ({ clues, args, outcome }: KernelEvent) =>
  clues.length * 100 + Object.keys(args).length * 2 + (outcome === 'unknown' ? 0 : 1);

test(
  'lines that were broken and quoted tell no event that the log does not hold',
  async () => {
    expect(pool.length).toBeGreaterThan(60);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...pool), damage, async ({ name, lines }, { how, mail, terminal, quote }) => {
        const broken = lines
          .flatMap((line) => (how === 'none' ? [line] : how === 'mail' ? mailed(line, mail) : cut(line, terminal)))
          .map((line) => quote + line);
        const known = await events(lines);
        // Those that say the most first: an event that lost its device may be of any of them.
        const found = (await events(broken)).toSorted((a, b) => weight(b) - weight(a));
        for (const event of found) {
          const { kind, symbol, args, clues, text } = event;
          expect(isOf(event, known), JSON.stringify([name, kind, symbol, args, clues, text])).toBe(true);
        }
      }),
      { numRuns: runs(120) },
    );
  },
  60_000 * runs(1),
);
