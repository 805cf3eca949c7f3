import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import type { HealthItem } from '../../src/base/health.ts';
import { readBytes } from '../../src/input/bytes.ts';
import { openSource } from '../../src/input/source.ts';
import { HAS_ZSTD } from '../support/zstd.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOG = '[    1.000000] vfio-pci 0000:02:00.0: resetting\n';
const TRACE = '# tracer: nop\n#\n             drv-278     [001] ...2.    85.767238: pcie_flr <-x\n';
/** The low byte first. */
const utf32 = (text: string) =>
  Buffer.concat([...text].map((letter) => Buffer.from([...Buffer.from(letter, 'utf16le'), 0, 0])));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Whole {
  readonly text: string;
  readonly health: readonly HealthItem[];
  readonly cut: boolean;
}

async function readAll(
  path: string,
  options: { stdin?: Readable; maxBytes?: number; onChunk?: () => void } = {},
): Promise<Whole> {
  const health: HealthItem[] = [];
  const chunks: Buffer[] = [];
  const source = await openSource(path, options.stdin);
  if (source.kind !== 'log') throw new Error('a timeline');
  const { cut } = await readBytes(source, {
    consume: (chunk) => {
      chunks.push(Buffer.from(chunk));
      options.onChunk?.();
    },
    health: (item) => health.push(item),
    maxBytes: options.maxBytes ?? 1e9,
  });
  return { text: Buffer.concat(chunks).toString('latin1'), health, cut };
}

const codes = (whole: Whole) => whole.health.map((item) => item.code);

describe('what can be read', () => {
  const long = LOG.repeat(20_000);

  test('a file', async () => {
    expect(await readAll(file('plain', long))).toEqual({ text: long, health: [], cut: false });
  });

  test('gzip by its content, whatever its name, also of several members', async () => {
    const gz = Buffer.concat([gzipSync(long), gzipSync(LOG)]);
    expect((await readAll(file('zipped.log', gz))).text).toBe(long + LOG);
    expect(
      (await readAll('-', { stdin: Readable.from([gz.subarray(0, 1), gz.subarray(1, 9000), gz.subarray(9000)]) })).text,
    ).toBe(long + LOG);
  });

  test('stdin, in whatever pieces', async () => {
    for (const size of [1, 4096, 100_000]) {
      const text = size === 1 ? LOG : long;
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        Buffer.from(text.slice(i * size, (i + 1) * size)),
      );
      expect(await readAll('-', { stdin: Readable.from(pieces, { objectMode: false }) })).toEqual({
        text,
        health: [],
        cut: false,
      });
    }
  });

  test('a FIFO, which waits for its first writer and ends with the last one', async () => {
    const path = join(folder, 'fifo');
    spawnSync('mkfifo', [path]);
    const writer = spawn(
      'bash',
      ['-c', 'for i in 1 2 3; do printf "%s" "$2"; sleep 0.05; done > "$1"', '-', path, LOG],
      { stdio: 'ignore' },
    );
    const whole = await readAll(path).finally(() => writer.kill());
    expect(whole).toEqual({ text: LOG.repeat(3), health: [], cut: false });
  });

  test('text with blocks that a crash left unwritten', async () => {
    const text = `${LOG}${LOG.slice(0, 20)}${'\0'.repeat(3000)}${LOG}`;
    expect(await readAll(file('holes', text))).toEqual({ text, health: [], cut: false });
  });

  test('text with noise behind its first lines', async () => {
    const text = `${LOG.repeat(3)}${'\x01\x02\x03'.repeat(400)}\n${LOG}`;
    expect(await readAll(file('noisy', text))).toEqual({ text, health: [], cut: false });
    const path = file('late', `${LOG.repeat(2)}${'\x01\x02\x03'.repeat(400)}\n${LOG}`);
    await expect(readAll(path)).rejects.toThrow(/: is binary: /);
  });

  test('text with a byte order mark, which is dropped', async () => {
    expect((await readAll(file('bom', `\ufeff${LOG}`))).text).toBe(LOG);
  });

  test('a timeline is named as such', async () => {
    const path = file('t.db', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(84)]));
    expect(await openSource(path)).toEqual({ kind: 'timeline', path });
  });
});

describe('what is read in part', () => {
  const gz = gzipSync(Array.from({ length: 50_000 }, (_, i) => `[${i}.000000] line ${Math.imul(i, 7919)}\n`).join(''));

  test('a cut gzip', async () => {
    const whole = await readAll(file('cut.gz', gz.subarray(0, gz.length / 2)));
    expect(codes(whole)).toEqual(['source-cut']);
    expect(whole.cut).toBe(true);
    expect(whole.text.startsWith('[0.000000] line 0\n')).toBe(true);
    expect(whole.text.length).toBeGreaterThan(400_000);
  });

  test('a damaged gzip', async () => {
    const damaged = Buffer.from(gz);
    damaged.fill(0xff, gz.length / 2, gz.length / 2 + 64);
    const whole = await readAll(file('damaged.gz', damaged));
    expect(codes(whole)).toEqual(['source-cut']);
    expect(whole.text.length).toBeGreaterThan(300_000);
  });

  const lines = Array.from({ length: 3000 }, (_, i) => `[${i}.000000] line ${Math.imul(i, 7919)}\n`).join('');
  const small = gzipSync(lines);
  const sources: [string, (content: Buffer) => Promise<Whole>][] = [
    ['of a file', (content) => readAll(file('harmed.gz', content))],
    ['of a pipe', (content) => readAll('-', { stdin: Readable.from([content]) })],
  ];

  describe.each(sources)('%s', (_name, read) => {
    test('all of a gzip with other bytes behind it', async () => {
      for (const rest of ['garbage\n', 'x'.repeat(50_000)]) {
        const whole = await read(Buffer.concat([small, gzipSync(LOG), Buffer.from(rest)]));
        expect([whole.text === lines + LOG, whole.cut, codes(whole)]).toEqual([true, false, ['source-trailing']]);
      }
    });

    test('all of a gzip that is padded with zeros', async () => {
      const whole = await read(Buffer.concat([small, Buffer.alloc(70_000)]));
      expect([whole.text === lines, whole.cut, codes(whole)]).toEqual([true, false, []]);
    });

    test('all of a gzip whose check sum is wrong', async () => {
      const harmed = Buffer.from(small);
      harmed.writeUInt32LE(1, harmed.length - 8);
      const whole = await read(harmed);
      expect([whole.text === lines, whole.cut, codes(whole)]).toEqual([true, true, ['source-cut']]);
    });

    test('what stands before one wrong byte', async () => {
      const half = small.length >> 1;
      const before = (await read(small.subarray(0, half))).text;
      expect(before.length).toBeGreaterThan(lines.length / 3);
      const harmed = Buffer.from(small);
      harmed.fill(0xff, half, half + 40);
      const whole = await read(harmed);
      expect(codes(whole)).toEqual(['source-cut']);
      expect(whole.text.startsWith(before)).toBe(true);
      expect(lines.startsWith(before)).toBe(true);
    });

    test.each([15, 4])('nothing of one that is cut to %i bytes, which is not called empty', async (length) => {
      await expect(read(small.subarray(0, length))).rejects.toThrow(/: is a damaged gzip file, [^\n]+: copy it again$/);
    });

    test('nothing of one that is damaged at its start', async () => {
      const harmed = Buffer.from(small);
      harmed.fill(0xff, 10, 40);
      await expect(read(harmed)).rejects.toThrow(
        /: is a damaged gzip file, none of it can be unpacked: copy it again$/,
      );
    });
  });

  test('what is larger than the limit, counted after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(32 << 20, LOG));
    expect(bomb.length).toBeLessThan(200_000);
    for (const path of [file('bomb.gz', bomb), file('large', LOG.repeat(60_000))]) {
      const whole = await readAll(path, { maxBytes: 1_000_001 });
      expect(codes(whole)).toEqual(['source-capped']);
      expect(whole.text).toHaveLength(1_000_001);
      expect(whole.cut).toBe(true);
    }
    expect(codes(await readAll('-', { stdin: Readable.from([Buffer.from(LOG)]), maxBytes: 10 }))).toEqual([
      'source-capped',
    ]);
    expect(codes(await readAll(file('exact', LOG), { maxBytes: LOG.length }))).toEqual([]);
  });

  test('a file that changes meanwhile', async () => {
    const path = file('growing', LOG.repeat(10));
    const whole = await readAll(path, { onChunk: () => appendFileSync(path, LOG) });
    expect(codes(whole)).toContain('source-changed');
  });
});

describe('what is refused, in one line with a remedy', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(LOG, 'utf16le')]);
  const cases: [string, string | Buffer, RegExp][] = [
    ['empty', '', /: is empty: /],
    ['empty.gz', gzipSync(''), /^$/],
    [
      'trace.dat',
      Buffer.from('\x17\x08\x44tracing7\0', 'latin1'),
      /: is a trace-cmd recording: .*trace-cmd report -i /,
    ],
    ['trace.dat.gz', gzipSync(Buffer.from('\x17\x08\x44tracing6\0', 'latin1')), /: is a trace-cmd recording: /],
    [
      'log.xz',
      Buffer.from('\xfd7zXZ\0\0', 'latin1'),
      /: is a damaged xz file, it ends before any of its text: copy it/,
    ],
    [
      'log.zst',
      Buffer.from('\x28\xb5\x2f\xfd\0', 'latin1'),
      HAS_ZSTD ? /: is a damaged zstd file, it ends before / : /: is compressed with zstd, which needs /,
    ],
    ['log.bz2', 'BZh91AY&SY', /: is a damaged bzip2 file, it ends before any /],
    ['log.zip', 'PK\x03\x04\x14', /: is a zip archive: .*unzip -p .*log\.zip LOG \| tdi-trace analyze -$/],
    ['log.7z', Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1'), /: is a 7z archive: .*7z x /],
    ['log.lz4', Buffer.from('\x04\x22\x4d\x18', 'latin1'), /: is lz4-compressed: .*lz4 -dk /],
    ['log.lz', 'LZIP\x01', /: is lzip-compressed: .*lzip -dk /],
    ['vmcore', '\x7fELF\x02', /: is an ELF file: .*makedumpfile --dump-dmesg /],
    ['kdump', 'KDUMP   ', /: is a kdump image: .*makedumpfile --dump-dmesg /],
    ['perf.data', 'PERFILE2', /: is a perf recording: /],
    ['system.journal', 'LPKSHHRH', /: is a systemd journal: .*journalctl --file /],
    ['utf16.log', utf16, /: is UTF-16 text: .*iconv -f UTF-16 -t UTF-8 /],
    ['utf16-no-mark.log', Buffer.from(LOG, 'utf16le'), /: is UTF-16 text: .*iconv -f UTF-16LE -t UTF-8 /],
    ['utf16be.log', Buffer.from(LOG, 'utf16le').swap16(), /: is UTF-16 text: .*iconv -f UTF-16BE -t UTF-8 /],
    ['utf32.log', utf32(`\ufeff${LOG}`), /: is UTF-32 text: .*iconv -f UTF-32 -t UTF-8 /],
    ['utf32-no-mark.log', utf32(LOG), /: is UTF-32 text: .*iconv -f UTF-32LE -t UTF-8 /],
    ['mac-trace.log', TRACE.replaceAll('\n', '\r'), /: is text whose lines end in a carriage return alone: /],
    [
      'mac.log',
      LOG.repeat(3).replaceAll('\n', '\r'),
      /: is text whose lines end in a carriage return alone: .*tr '\\r' '\\n' < /,
    ],
    ['nuls', `${'\0'.repeat(5000)}${LOG}`, /: is nothing but NUL bytes at its start: .*tr -d '\\000' < [^ ]*nuls \| /],
    ['noise', Buffer.from(Array.from({ length: 4096 }, (_, i) => Math.imul(i, 2654435761) >>> 24)), /: is binary: /],
    [
      'atrace.bin',
      Buffer.concat([Buffer.from('capturing trace... done\nTRACE:\n'), deflateSync(LOG)]),
      /: is the packed output of atrace -z: record it without -z, or .*zlib-flate /,
    ],
    [
      'dmesg-ramoops-0',
      Buffer.concat([Buffer.from('====1795326794.549803-C\n'), deflateSync(LOG)]),
      /: is a packed record of ramoops: .*mount -t pstore /,
    ],
    [
      'utf16.gz',
      gzipSync(utf16),
      /: is UTF-16 text: unpack it with: gzip -dk [^ ]*utf16\.gz, and convert it with: iconv -f UTF-16 -t UTF-8 FILE$/,
    ],
    ['twice.gz', gzipSync(gzipSync(LOG)), /: is compressed twice: .*gzip -dc [^ ]*twice.gz \| tdi-trace analyze -$/],
    ['timeline.gz', gzipSync(`SQLite format 3\0${'\0'.repeat(80)}`), /: is a compressed timeline: /],
  ];

  for (const [name, content, message] of cases) {
    test(name, async () => {
      const path = file(name, content);
      const error = await readAll(path).then(
        () => new InputError(''),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(InputError);
      const text = (error as InputError).message;
      expect(text).toMatch(message);
      expect(text).not.toContain('\n');
      if (text !== '') expect(text.startsWith(`${path}: `)).toBe(true);
    });
  }

  test('missing', async () => {
    await expect(openSource(join(folder, 'none'))).rejects.toThrow(/none: no such file: check the path/);
    await expect(openSource(join(folder, 'noise', 'x'))).rejects.toThrow(/no such file: a part of the path/);
  });

  test('unreadable', () => {
    const path = file('secret', LOG);
    chmodSync(folder, 0o755);
    chmodSync(path, 0);
    // Root may read anything, so somebody else has to try.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const body = `
      const { openSource } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/input/source.ts')).href)});
      console.log(await openSource(${JSON.stringify(path)}).then(() => 'opened', (error) => error.message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', body], {
      encoding: 'utf8',
      cwd: '/',
      ...nobody,
    });
    expect(stdout).toMatch(/secret: permission denied/);
  });

  test('a path that could steer a terminal is escaped', async () => {
    await expect(openSource('no\u001b[31m\nsuch')).rejects.toThrow('no\\x1b[31m\\x0asuch: no such file');
  });

  test('a timeline from a pipe', async () => {
    const stdin = Readable.from([Buffer.from('SQLite format 3\0')]);
    await expect(openSource('-', stdin)).rejects.toThrow(/^stdin: a timeline cannot be read from a pipe/);
    await expect(openSource('-', Readable.from([]))).rejects.toThrow(/^stdin: is empty/);
  });

  test('of a pipe the command names no file', async () => {
    const of = (content: Buffer | string) => readAll('-', { stdin: Readable.from([Buffer.from(content)]) });
    await expect(of('LZIP\x01')).rejects.toThrow(/^stdin: is lzip-compressed: unpack it with: lzip -dk FILE$/);
    await expect(of(gzipSync(gzipSync(LOG)))).rejects.toThrow(/^stdin: .*: gzip -dc FILE \| tdi-trace analyze -$/);
    const window = readFileSync(join(import.meta.dirname, 'samples/window.zst'));
    await expect(of(window)).rejects.toThrow(/^stdin: .* zstd -d (?:--long=31 )?FILE$/);
  });
});
