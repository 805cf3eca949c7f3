import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { INTEREST } from '../../src/events/index.ts';
import { type OpenReading, readParts } from '../../src/formats/read.ts';
import { MAX_LINE } from '../../src/input/lines.ts';
import { SkimEngine } from '../../src/input/skim-engine.ts';
import type { OpenedSource } from '../../src/input/source.ts';
import { plain } from './collect.ts';
import { damaged, runs, samples } from './fuzz.ts';

// A whole source with the first look and without it: the pieces that it comes in, what is held back between them, several
// forms in one file, and the one engine that all parsers of the process share. What a single parser does with any row is
// tested in properties.test.ts.

const engine = SkimEngine.get();
if (engine === null) throw new Error('no first look');

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is said of each part and of the file, and, where it is followed, what is held back behind each piece. */
async function read(bytes: Buffer, cuts: readonly number[], skims: boolean, follows: boolean): Promise<unknown> {
  vi.spyOn(SkimEngine, 'get').mockReturnValue(skims ? engine : null);
  const said: unknown[] = [];
  let open: OpenReading | null = null;
  const outcome = await readParts(SOURCE, {
    inputFormat: null,
    interest: INTEREST,
    maxBytes: 1e9,
    part: () => ({ emit: (record) => void said.push(record), health: (item) => void said.push(item) }),
    ...(follows && {
      onOpen: (reading: OpenReading) => {
        open = reading;
      },
    }),
    pump: async ({ consume }) => {
      const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      // As from a file: what comes next is written over what came before.
      const room = Buffer.alloc(bytes.length);
      let from = 0;
      for (const end of ends) {
        bytes.copy(room, 0, from, end);
        consume(room.subarray(0, end - from));
        from = end;
        said.push(open?.preview().map(({ records, totals: { sink: _, ...totals } }) => ({ records, totals })));
      }
      return { bytes: bytes.length, cut: false };
    },
  }).catch((error: unknown) => String(error));
  return plain([said, typeof outcome === 'string' ? outcome : outcome.map(({ sink: _, ...totals }) => totals)]);
}

const SOURCE: OpenedSource = {
  kind: 'log',
  path: 'log.txt',
  compression: 'none',
  recording: false,
  size: null,
  packed: null,
  head: Buffer.alloc(0),
  handle: null,
  stream: null,
  stamp: null,
  close: async () => undefined,
};

async function expectSame(text: string, cuts: readonly number[] = [], follows = false): Promise<void> {
  const bytes = Buffer.from(text, 'latin1');
  expect(await read(bytes, cuts, true, follows)).toEqual(await read(bytes, cuts, false, follows));
}

/** More lines than are held until the form is known: only those behind them are skimmed. */
const BEFORE = 450;

function log(prefix: string, count = BEFORE): string {
  return Array.from({ length: count }, (_, i) => `${prefix}[    0.${String(i).padStart(6, '0')}] audit: x\n`).join('');
}

function trace(second: number, name: string, count = BEFORE): string {
  const row = (i: number) =>
    `          <idle>-0       [003] ...1.    ${second}.${String(i).padStart(6, '0')}: ${name} <-x\n`;
  return Array.from({ length: count }, (_, i) => row(i)).join('');
}

test('a host whose name is one of our words makes no message one that somebody wants', async () => {
  for (const who of ['2026-11-22T05:53:14+00:00 vfio-host', '2026-11-22T05:53:14.123456+00:00 host']) {
    await expectSame(log(`${who} kernel: `));
    await expectSame(log(`${who} kernel: `), [29_000, 29_050]);
  }
});

test('a message that was skimmed over is shown with a further line that somebody wants', async () => {
  const text = `${log('')}[    1.000000] Unable to handle\n               vfio_pci_core_disable+0x0/0x10\n`;
  await expectSame(text, [], true);
});

test('words between the rows of a trace are seen behind rows that were skimmed over', async () => {
  const words = 'And then the guest was started again, and the device came back.\n';
  const odd = (text: string) => `          <idle>-0       [003] ...1.    11.000000: ${text}\n`;
  const soft = `${odd('pcie_flr <-x=')}${trace(11, 'kfree', 20)}${words}${trace(12, 'kfree', 20)}`;
  const broken = `${trace(13, 'kfree', 1)}${odd('kfree <-x=').replace('11.', '13.')}${words}${trace(14, 'kfree', 20)}`;
  for (const ending of ['\n', '\r\n']) {
    await expectSame(`${trace(10, 'kfree')}${soft}`.replaceAll('\n', ending));
    await expectSame(`${trace(10, 'kfree')}${broken}`.replaceAll('\n', ending));
  }
});

test('what was done to a line on its way is seen in rows and messages that nobody wants', async () => {
  const quoted = trace(10, 'kfree', 500).replaceAll(/(?<=^(?:.*\n){460}) /g, '>');
  await expectSame(quoted);
  await expectSame(
    `${log('Nov 22 05:53:14 host kernel: ')}Nov 22 05:53:14 host kernel: [    1.000000] Linux\xc2\xa0version 6\n`,
  );
});

test('forms one after the other, each with its own names and columns', async () => {
  const mixed = [
    trace(10, 'kfree', 20),
    log('', 20),
    trace(11, 'pcie_flr', 20),
    log('Nov 22 05:53:14 host kernel: ', 20),
  ];
  await expectSame(`${trace(10, 'kfree')}${mixed.join('')}${mixed.join('')}`);
  await expectSame(`${log('')}${mixed.join('')}${mixed.join('')}`);
});

test('the longest lines, and one that ends where the piece does', async () => {
  const row = '          <idle>-0       [003] ...1.    10.900000: kfree <-';
  for (const length of [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1]) {
    for (const ending of ['\n', '\r\n', '']) {
      const last = [log('') + '[    1.000000] '.padEnd(length, 'x'), trace(10, 'kfree') + row.padEnd(length, 'x')];
      for (const text of last) {
        await expectSame(text + ending);
        await expectSame(text + ending, [text.length + ending.length - 1]);
      }
    }
  }
  const text = log('', 20_000);
  await expectSame(text, [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1]);
});

test('what somebody wants, wherever it stands in a message, and whatever stands behind', async () => {
  const lines: string[] = [];
  let stamp = 0;
  const add = (message: string) => lines.push(`[    1.${String(stamp++).padStart(6, '0')}] ${message}`);
  for (const word of ['vfio', 'TDX ', 'PCI/TSM']) {
    for (let before = 0; before < 34; before++) {
      for (let behind = 0; behind < 18; behind++) {
        add('x'.repeat(before) + word + 'y'.repeat(behind));
        // A message may end in the middle of it, or begin with what the one before ends with.
        add('x'.repeat(before) + word.slice(0, -1));
        add('x'.repeat(behind));
      }
    }
  }
  await expectSame(`${log('')}${lines.join('\n')}\n`);
});

test('heads of other widths, seconds and callers one after the other', async () => {
  const heads = [
    '[    1.000000]',
    '[    1.9999990]',
    '[   12.00001]',
    '[   12.0000a0]',
    '[   12.000010] [',
    '[ 1234.000000]',
  ];
  const wide = [
    '[12345.000001]',
    '[123456.00000:]',
    '[123456.000002]',
    '[123456.00000/]',
    '[1234567.000001]',
    '[12345678.000001]',
  ];
  const late = [
    '[123456789.000001]',
    '[123456789.000001][  T12]',
    '[123456789.000002] [  T12]',
    '[     123456789.000003]',
  ];
  const all = [...heads, ...wide, ...late];
  const pairs = all.flatMap((one) =>
    all.map((other) => `${one} audit: x\n${other} audit: y\n${other} vfio\n${other}audit\n`),
  );
  for (const prefix of ['', 'Nov 22 05:53:14 host kernel: ']) {
    const text = pairs
      .join('')
      .replaceAll(/^/gm, prefix)
      .slice(0, -prefix.length || undefined);
    await expectSame(`${log(prefix)}${text}`);
    // The clock does not fall here, so that the lines are skimmed over.
    for (const head of all) await expectSame(`${log(prefix)}${`${prefix}${head} audit: x\n`.repeat(3)}`);
  }
});

test('a clock that falls behind a second that is only a digit away', async () => {
  for (const [one, next] of [
    ['    1', '    2'],
    ['   12', '   13'],
    ['   13', '   23'],
    [' 1999', ' 2999'],
    ['12345', '12346'],
    ['123456', '123457'],
    ['1234567', '1234568'],
  ]) {
    const lines = [`[${one}.000010] a`, `[${next}.000010] b`, `[${one}.500000] c`, `[${next}.000020] d`, ''].join('\n');
    await expectSame(`${log('')}${lines}`);
  }
});

describe('a trace that a terminal may have broken one row of', () => {
  const row = (i: number) => `          <idle>-0       [003] ...1.    11.${String(i).padStart(6, '0')}: kfree <-`;
  /** Rows of the width that the terminal may have had. */
  const full = (i: number) => `${row(i)}${'x'.repeat(85 - row(i).length)}\n`;
  const shorter = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `${row(from + i)}x\n`).join('');
  const suspect = `${shorter(0, 10)}${full(10)}tail\n${shorter(11, 440)}`;
  const doubts = async (text: string) => {
    const said = JSON.stringify(await read(Buffer.from(text, 'latin1'), [], true, false));
    return [...said.matchAll(/"rest-doubtful","line":(\d+)/g)].map(([, line]) => Number(line));
  };

  test('is skimmed all the same', async () => {
    const rows = vi.spyOn(engine, 'rows');
    const text = suspect + shorter(451, 20_000);
    expect(await doubts(text)).toEqual([12]);
    const skimmed = rows.mock.results.reduce((sum, { value }) => sum + (value?.lines ?? 0), 0);
    // All but those that showed what it is, and those that are looked at in passing.
    expect(skimmed).toBeGreaterThan(19_500);
    await expectSame(text);
  });

  test.each(['\n', '\r\n'])(
    'is doubtful where a row is as wide, also one that was skimmed, lines end in %j',
    async (ending) => {
      const text = `${suspect}${shorter(451, 100)}${full(551)}tail\n${shorter(552, 100)}`.replaceAll('\n', ending);
      expect(await doubts(text)).toEqual([12, 554]);
      await expectSame(text);
    },
  );

  test.each(['\n', '\r\n'])(
    'is no longer, behind a row that is wider, also one that was skimmed, lines end in %j',
    async (ending) => {
      const wider = full(501).replace('\n', 'x\n');
      const below = `${shorter(502, 50)}${full(552)}tail\n${shorter(553, 100)}`;
      const text = `${suspect}${shorter(451, 50)}${wider}${below}`.replaceAll('\n', ending);
      expect(await doubts(text)).toEqual([12]);
      for (const cuts of [[], [30_000, 33_000, 33_001, 33_090]]) await expectSame(text, cuts);
    },
  );
});

test('anything, in any pieces', async () => {
  const pool = samples();
  const skimmable = fc.constantFrom(log(''), log('2026-11-22T05:53:14.123456+00:00 host kernel: '), trace(10, 'kfree'));
  const cuts = fc.array(fc.nat(1 << 20), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.option(skimmable),
      damaged(pool),
      damaged(pool),
      cuts,
      fc.boolean(),
      async (first, a, b, at, follows) => {
        await expectSame((first ?? '') + a.toString('latin1') + b.toString('latin1'), at, follows);
      },
    ),
    { numRuns: runs(60) },
  );
}, 120_000);
