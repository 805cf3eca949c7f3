import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { analyze, type IngestOptions } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { inspect } from '../../src/formats/inspect.ts';
import { readInput } from '../../src/input/inputs.ts';
import { tar } from './tar-files.ts';

// No input may leave a file open: Node would close it when the garbage is collected, and warn of it (DEP0137), later throw.

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-handles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOG = '[    1.000000] vfio-pci 0000:02:00.0: resetting\n';
const DAT = readFileSync(join(import.meta.dirname, '../../fixtures/formats/trace-dat/03-graph.dat'));
const XZ = readFileSync(join(import.meta.dirname, 'samples/trace.xz'));
const ARCHIVE = tar([
  { name: 'a.log', content: LOG },
  { name: 'b.log', content: LOG.repeat(200) },
]);

const INPUTS: Readonly<Record<string, Buffer | string>> = {
  'a log': LOG.repeat(100),
  'an empty file': '',
  words: 'words\n'.repeat(5000),
  'binary noise': Buffer.from(Array.from({ length: 9000 }, (_, i) => Math.imul(i, 2654435761) >>> 24)),
  'what is refused by its magic': 'LZIP\x01',
  'no timeline, for all its magic': `SQLite format 3\0${'\0'.repeat(80)}`,
  gzip: gzipSync(LOG.repeat(100)),
  'gzip, cut': gzipSync(LOG.repeat(1000)).subarray(0, 60),
  'gzip, no more than the magic': Buffer.from([0x1f, 0x8b]),
  'gzip of gzip': gzipSync(gzipSync(LOG)),
  'gzip of a timeline': gzipSync(`SQLite format 3\0${'\0'.repeat(80)}`),
  'gzip of words': gzipSync('words\n'.repeat(50_000)),
  'deflate.enc.z': deflateSync(LOG),
  'xz, cut': XZ.subarray(0, XZ.length >> 1),
  'a trace.dat': DAT,
  'a trace.dat, cut': DAT.subarray(0, 200),
  'a trace.dat, cut in its pages': DAT.subarray(0, DAT.length - 5000),
  'a trace.dat of another version': Buffer.concat([DAT.subarray(0, 10), Buffer.from('9'), DAT.subarray(11)]),
  'a trace.dat in gzip': gzipSync(DAT),
  'a trace.dat in gzip, cut': gzipSync(DAT).subarray(0, 3000),
  'an archive': ARCHIVE,
  'an archive, cut': ARCHIVE.subarray(0, 2000),
  'an archive, cut in its first header': ARCHIVE.subarray(0, 300),
  'an archive of nothing': tar([{ name: 'README', content: 'words\n' }]),
  'an archive in gzip, cut': gzipSync(ARCHIVE).subarray(0, -20),
  'an archive of a trace.dat': tar([{ name: 't.dat', content: DAT }]),
};

/** The files and FIFOs of the folder that this process has open. */
function open(): string[] {
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      if (path.startsWith(folder)) found.push(path);
    } catch {
      // The one of the directory itself.
    }
  }
  return found;
}

const INGEST = { db: null, inputFormat: null, maxBytes: 2 ** 30, transient: true };

async function analyzed(path: string, more: Partial<IngestOptions> = {}): Promise<void> {
  const result = await analyze({ ...INGEST, inputs: [path], ...more }, NEUTRAL_JUDGEMENT).catch(() => null);
  result?.close();
}

async function inspected(path: string): Promise<void> {
  const ignore = () => undefined;
  await readInput(path, {
    maxBytes: 2 ** 30,
    prepare: async () => undefined,
    read: async (source) => void (await inspect(source, { maxBytes: 2 ** 30 })),
    timeline: async () => undefined,
    health: ignore,
    unreadable: ignore,
  }).catch(ignore);
}

describe.runIf(process.platform === 'linux')('no file stays open', () => {
  test.each(Object.entries(INPUTS))('%s', async (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    const box = join(folder, `directory of ${name}`);
    mkdirSync(box);
    writeFileSync(join(box, name), content);
    const aborted = AbortSignal.abort();
    const ways: Readonly<Record<string, () => Promise<void>>> = {
      analyzed: () => analyzed(path),
      inspected: () => inspected(path),
      'of a directory': () => analyzed(box),
      'of another form': () => analyzed(path, { inputFormat: 'dmesg' }),
      'as a trace.dat': () => analyzed(path, { inputFormat: 'trace-dat' }),
      'of no form that there is': () => analyzed(path, { inputFormat: 'nonsense' }),
      'too large': () => analyzed(path, { maxBytes: 10 }),
      'into a place that is none': () => analyzed(path, { db: join(folder, 'none', 'x.db'), transient: false }),
      'called off before': () => analyzed(path, { signal: aborted }),
      'called off while it is read': () => {
        const stop = new AbortController();
        return analyzed(path, { signal: stop.signal, onProgress: () => stop.abort() });
      },
      'its teller fails': () =>
        analyzed(path, {
          onProgress: () => {
            throw new Error('told');
          },
        }),
    };
    for (const [way, read] of Object.entries(ways)) {
      await read();
      expect([way, open()]).toEqual([way, []]);
    }
  });

  test.each(Object.entries(INPUTS))('%s through a FIFO', async (name, content) => {
    const path = join(folder, `FIFO of ${name}`);
    const stored = join(folder, `${name} to come`);
    writeFileSync(stored, content);
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    // The writer holds the pipe open for longer than it is read.
    const writer = spawn('bash', ['-c', 'exec > "$1"; cat "$0" || true; sleep 0.3', stored, path], { stdio: 'ignore' });
    const ended = new Promise((resolve) => writer.on('close', resolve));
    await analyzed(path);
    // What was destroyed is closed in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(open()).toEqual([]);
    writer.kill();
    await ended;
  });
});
