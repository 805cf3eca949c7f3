import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import { readBytes } from '../../src/input/bytes.ts';
import { readInput } from '../../src/input/inputs.ts';
import { type OpenedArchive, type OpenedSource, openSource } from '../../src/input/source.ts';
import { tar } from './tar-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-change-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOG = '[    1.000000] vfio-pci 0000:02:00.0: resetting\n';
const ESTALE = Object.assign(new Error('ESTALE: stale file handle, fstat'), { code: 'ESTALE', syscall: 'fstat' });
const CANNOT_TELL = 'whether the file changed while it was read cannot be told (ESTALE): read a local copy of it';

/** Opens it, and lets the system refuse the next fstat(), as NFS does once its server forgot the file. */
async function openStale(path: string, error: Error = ESTALE): Promise<OpenedSource | OpenedArchive> {
  const opened = await openSource(path);
  if (opened.kind !== 'log' && opened.kind !== 'archive') throw new Error(opened.kind);
  if (opened.handle === null) throw new Error('no file');
  Object.assign(opened.handle, { stat: () => Promise.reject(error) });
  return opened;
}

async function openLog(path: string, error?: Error): Promise<OpenedSource> {
  const opened = await openStale(path, error);
  if (opened.kind !== 'log') throw new Error(opened.kind);
  return opened;
}

/** What is said while it is read, and whether it is closed then. */
async function read(source: OpenedSource, consume: (chunk: Buffer) => void = () => undefined) {
  const said: string[] = [];
  const error = await readBytes(source, {
    consume,
    health: ({ code, message }) => said.push(`${code}: ${message}`),
    maxBytes: 1e9,
  }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { said, error, closed: source.handle?.fd === -1 };
}

describe('a file of which the system no longer tells whether it changed', () => {
  const path = join(folder, 'a.log');
  writeFileSync(path, LOG.repeat(1000));

  test('what was read counts, and what is not known is said', async () => {
    expect(await read(await openLog(path))).toEqual({
      said: [`source-changed: ${CANNOT_TELL}`],
      error: null,
      closed: true,
    });
  });

  test('why it could not be read is told before that, and it is closed', async () => {
    const refused = new InputError('a.log: no');
    const { error, closed } = await read(await openLog(path), () => {
      throw refused;
    });
    expect([error, closed]).toEqual([refused, true]);
  });

  test('a mistake of ours is no such thing, and the file is closed for all that', async () => {
    const mistake = new TypeError('ours');
    const { error, closed } = await read(await openLog(path, mistake));
    expect([error, closed]).toEqual([mistake, true]);
  });
});

test('a file that stayed as it was, and one that grew', async () => {
  const path = join(folder, 'b.log');
  writeFileSync(path, LOG.repeat(1000));
  const plain = await openSource(path);
  const grown = await openSource(path);
  if (plain.kind !== 'log' || grown.kind !== 'log') throw new Error('no log');
  expect((await read(plain)).said).toEqual([]);
  appendFileSync(path, LOG);
  expect((await read(grown)).said).toEqual(['source-changed: the file changed while it was read']);
});

test('an archive is closed, too, and its logs count', async () => {
  const path = join(folder, 'a.tar');
  writeFileSync(path, tar([{ name: 'a.log', content: LOG }]));
  const said: string[] = [];
  let texts = '';
  let handle: OpenedArchive['handle'] = null;
  const { handle: probe, close } = (await openSource(path)) as OpenedArchive;
  const prototype = Object.getPrototypeOf(probe) as { stat: () => Promise<unknown> };
  await close();
  const { stat } = prototype;
  let calls = 0;
  // The second one of this file: after all was read.
  prototype.stat = function (this: NonNullable<OpenedArchive['handle']>, ...how: []) {
    calls++;
    handle = this;
    return calls === 1 ? stat.apply(this, how) : Promise.reject(ESTALE);
  };
  try {
    await readInput(path, {
      maxBytes: 1e9,
      prepare: async () => undefined,
      timeline: async () => undefined,
      unreadable: () => undefined,
      health: ({ code, message }) => said.push(`${code}: ${message}`),
      read: async (source) => {
        await readBytes(source, {
          consume: (chunk) => {
            texts += chunk.toString('latin1');
          },
          health: () => undefined,
          maxBytes: 1e9,
        });
      },
    });
  } finally {
    prototype.stat = stat;
  }
  expect([texts, said]).toEqual([LOG, [`source-changed: ${path}: ${CANNOT_TELL}`]]);
  expect((handle as OpenedArchive['handle'])?.fd).toBe(-1);
});
