import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.ts';
import type { HealthItem } from '../../src/base/health.ts';
import { readBytes } from '../../src/input/bytes.ts';
import { readInput } from '../../src/input/inputs.ts';
import { HAS_ZSTD } from '../support/zstd.ts';
import { member, paxMember, tar } from './tar-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-archive-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOG = '[    1.000000] vfio-pci 0000:02:00.0: resetting\n';

interface Result {
  /** `name compression` of each log that was read, with its text. */
  readonly read: readonly (readonly [string, string])[];
  readonly health: readonly (readonly [string, string])[];
  readonly texts: readonly string[];
}

/** Reads as the analysis does: a text without a bracket is no kernel log. */
async function readAll(path: string, options: { maxBytes?: number; stdin?: Readable; signal?: AbortSignal } = {}) {
  const health: HealthItem[] = [];
  const read: [string, string][] = [];
  const texts: string[] = [];
  const result: Result = { read, texts, health: [] };
  const note = (item: HealthItem) => health.push(item);
  let prepared = 0;
  await readInput(path, {
    maxBytes: options.maxBytes ?? 1e9,
    ...(options.stdin && { stdin: options.stdin }),
    ...(options.signal && { signal: options.signal }),
    prepare: async () => {
      prepared++;
    },
    timeline: async () => {
      throw new Error('a timeline');
    },
    health: note,
    unreadable: (error) => {
      throw error;
    },
    read: async (source) => {
      expect(prepared).toBeGreaterThan(0);
      const chunks: Buffer[] = [];
      await readBytes(source, {
        consume: (chunk) => chunks.push(Buffer.from(chunk)),
        health: note,
        maxBytes: options.maxBytes ?? 1e9,
      });
      const text = Buffer.concat(chunks).toString('latin1');
      if (!text.includes('[')) throw new InputError(`${source.path}: holds no kernel log line`);
      read.push([source.path, source.compression]);
      texts.push(text);
    },
  });
  return { ...result, health: health.map(({ code, message }) => [code, message] as const) };
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** What follows the path of the input. */
const names = (path: string, { read }: Result) => read.map(([name, how]) => `${name.slice(path.length)} ${how}`);

describe('archives', () => {
  const files = [
    { name: 'dmesg.txt', content: LOG },
    { name: 'var/', type: '5' },
    { name: 'var/log/trace.gz', content: gzipSync(LOG.repeat(1000)) },
    { name: 'README', content: 'nothing of a kernel\n' },
    { name: 'link', type: '2', size: 700 },
    { name: 'lib.so', content: '\x7fELF\x02' },
    { name: 'dmesg-ramoops-0.enc.z', content: deflateRawSync(LOG.repeat(90)) },
    { name: 'empty.log' },
  ];
  const expected = [':dmesg.txt none', ':var/log/trace.gz gzip', ':dmesg-ramoops-0.enc.z deflate'];
  const left = '3 of 6 files that were tried hold no kernel log line or cannot be read: README, lib.so, empty.log';

  test('each log in it is a source, in the order of the archive; what is none is counted', async () => {
    const path = file('a.tar', tar(files));
    const whole = await readAll(path);
    expect(names(path, whole)).toEqual(expected);
    expect(whole.texts).toEqual([LOG, LOG.repeat(1000), LOG.repeat(90)]);
    expect(whole.health).toEqual([['members-left', `${path}: ${left}`]]);
  });

  test('two files of one name are told apart', async () => {
    const path = file('twice.tar', tar([0, 1, 2].map(() => ({ name: 'trace.txt', content: LOG }))));
    expect(names(path, await readAll(path))).toEqual([
      ':trace.txt none',
      ':trace.txt (no. 2 of that name) none',
      ':trace.txt (no. 3 of that name) none',
    ]);
  });

  test('whatever its name, compressed, from a pipe', async () => {
    const path = file('wrong.txt', gzipSync(tar(files)));
    expect(names(path, await readAll(path))).toEqual([':dmesg.txt gzip', ...expected.slice(1)]);
    const stdin = Readable.from([tar(files)]);
    expect(names('-', await readAll('-', { stdin }))).toEqual(expected);
  });

  test('long names of pax and of GNU tar; a name that climbs is only a name', async () => {
    const long = `${'d/'.repeat(120)}dmesg`;
    const parts = [
      paxMember({ path: long, comment: 'x=y' }, { name: 'short', content: LOG }),
      member({ name: '././@LongLink', type: 'L', content: `${long}2\0`, gnu: true }),
      member({ name: 'cut', content: LOG, gnu: true }),
      member({ name: '../../etc/kern.log', content: LOG }),
      member({ name: 'an\u001b[31m\nother', content: LOG }),
    ];
    const path = file('names.tar', Buffer.concat([...parts, tar([])]));
    const { read } = await readAll(path);
    expect(read.map(([name]) => name)).toEqual([
      `${path}:${long}`,
      `${path}:${long}2`,
      `${path}:../../etc/kern.log`,
      `${path}:an\u001b[31m\nother`,
    ]);
  });

  test('a pax size, sparse files and hidden ones are not misread', async () => {
    const body = LOG.repeat(20);
    const parts = [
      paxMember({ size: `${body.length}` }, { name: 'big', content: body, size: body.length }),
      paxMember({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'holes' }, { name: 'h', content: LOG }),
      member({ name: '.git/x', content: LOG }),
      member({ name: 'last', content: LOG }),
    ];
    const path = file('odd.tar', Buffer.concat([...parts, tar([])]));
    expect(names(path, await readAll(path))).toEqual([':big none', ':last none']);
  });

  test('two archives one after the other; other bytes behind', async () => {
    const path = file(
      'two.tar',
      Buffer.concat([tar([{ name: 'a', content: LOG }]), tar([{ name: 'b', content: LOG }])]),
    );
    expect(names(path, await readAll(path))).toEqual([':a none', ':b none']);
    const trailing = file('trailing.tar', Buffer.concat([tar([{ name: 'a', content: LOG }]), Buffer.alloc(512, 'x')]));
    const { health } = await readAll(trailing);
    expect(health.map(([code]) => code)).toEqual(['source-trailing']);
  });

  test('cut: what stands before is read, and the loss is told', async () => {
    const archive = tar([
      { name: 'a.log', content: LOG.repeat(100) },
      { name: 'b.log', content: LOG.repeat(100) },
    ]);
    const inFirst = await readAll(file('cut1.tar', archive.subarray(0, 512 + LOG.length * 50)));
    expect(inFirst.texts).toEqual([LOG.repeat(50)]);
    expect(inFirst.health.map(([code]) => code)).toEqual(['source-cut', 'source-cut']);
    expect(inFirst.health[0]?.[1]).toBe(
      `the archive ends early after ${LOG.length * 50} bytes of text; what came before was analysed`,
    );
    // Between two members: nothing but the end mark is missing.
    const between = await readAll(file('cut2.tar', member({ name: 'a.log', content: LOG })));
    expect(between.health.map(([code]) => code)).toEqual(['source-cut']);
    const packed = await readAll(file('cut.tgz', gzipSync(archive).subarray(0, -12)));
    expect(packed.health.map(([code]) => code)).toContain('source-cut');
  });

  test('what may be a log in it for all that, with what to do', async () => {
    const inner = { name: 'inner.tar', content: tar([{ name: 'dmesg', content: LOG }]) };
    const wide = { name: 'wide.log', content: Buffer.from(`\ufeff${LOG}`, 'utf16le') };
    const path = file('outer.tar', tar([inner, { name: 'a.log', content: LOG }, wide]));
    const remedies = [
      `${path}:inner.tar: an archive inside an archive is not read: unpack it, and name it`,
      `${path}:wide.log: is UTF-16 text: convert it with: iconv -f UTF-16 -t UTF-8 wide.log (take it out of the archive first: tar -xf ${path} wide.log)`,
    ].join('; ');
    const left = '2 of 3 files that were tried hold no kernel log line or cannot be read: inner.tar, wide.log';
    expect((await readAll(path)).health).toEqual([['members-left', `${path}: ${left}; ${remedies}`]]);
  });

  test.each([
    ['m.7z', '7z\xbc\xaf\x27\x1c', 'is a 7z archive: unpack it with: 7z x m.7z'],
    ['var/log/m.lz4', '\x04\x22\x4d\x18', 'is lz4-compressed: unpack it with: lz4 -dk var/log/m.lz4'],
    ['m.lzo', '\x89LZO\0\r\n\x1a\n', 'is lzop-compressed: unpack it with: lzop -d m.lzo'],
    ['m.Z', '\x1f\x9d\x90', 'is packed by compress: unpack it with: gzip -dk m.Z'],
    ['m.rar', 'Rar!\x1a\x07\x01\0', 'is a rar archive: unpack it with: unrar x m.rar'],
    ['m.zip', 'PK\x03\x04', 'is a zip archive: name the file in it that is the log: unzip -p m.zip LOG | tdi-trace'],
  ])('%s, which nobody unpacks here, is told with the commands that do', async (name, magic, says) => {
    const content = Buffer.from(`${magic}${'\x80'.repeat(40)}`, 'latin1');
    const path = file(
      `packed-${name.replaceAll('/', '-')}.tar`,
      tar([
        { name: 'a.log', content: LOG },
        { name, content },
      ]),
    );
    const [[code, message] = ['', ''], ...more] = (await readAll(path)).health;
    expect([code, more]).toEqual(['members-left', []]);
    expect(message).toContain(`; ${path}:${name}: ${says}`);
    expect(message).toContain(` (take it out of the archive first: tar -xf ${path} ${name})`);
    expect(message).not.toContain('\n');
    // The same where nothing else is in it, as the error.
    const alone = file(`alone-${name.replaceAll('/', '-')}.tar`, tar([{ name, content }]));
    await expect(readAll(alone)).rejects.toThrow(`(take it out of the archive first: tar -xf ${alone} ${name})`);
  });

  test('the second one of a name, and a name that a shell would take apart', async () => {
    const content = Buffer.from('LZIP\x01\x80\x80', 'latin1');
    const members = [
      { name: 'm.lz', content: LOG },
      { name: 'm.lz', content },
      { name: '$(x) y.lz', content },
    ];
    const path = file('odd-names.tar', tar(members));
    const message = (await readAll(path)).health[0]?.[1] ?? '';
    expect(message).toContain(`lzip -dk m.lz (take it out of the archive first: tar -xf ${path} --occurrence=2 m.lz)`);
    expect(message).toContain(`lzip -dk '$(x) y.lz' (take it out of the archive first: tar -xf ${path} '$(x) y.lz')`);
  });

  test('nothing in it: one line', async () => {
    const cases: [string, Buffer, RegExp][] = [
      [
        'none.tar',
        tar([{ name: 'README', content: 'words\n' }]),
        /: the only file in the archive holds no kernel log line: see/,
      ],
      [
        'hidden.tar',
        tar([{ name: '.profile', content: LOG }]),
        /: the archive holds no file with the name of a kernel log: name/,
      ],
      ['links.tar', tar([{ name: 'l', type: '2' }]), /: the archive is empty: name a log$/],
      [
        'torn.tar',
        tar([{ name: 'a', content: 'words'.repeat(1000) }]).subarray(0, 700),
        /: the archive ends early before any kernel log: copy it again$/,
      ],
      [
        'nested.tar',
        tar([{ name: 'in.tar', content: tar(files) }]),
        /: the archive holds nothing that can be read as it is: [^ ]*:in\.tar: an archive inside an archive is not read: unpack/,
      ],
    ];
    for (const [name, content, message] of cases) {
      const path = file(name, content);
      const error = await readAll(path).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message.startsWith(`${path}: `)).toBe(true);
      expect((error as InputError).message).toMatch(message);
    }
  });

  test('the limit counts all that is unpacked', async () => {
    const text = LOG.repeat(2000);
    const archive = tar([
      { name: 'skip/.hidden', content: text },
      { name: 'a.gz', content: gzipSync(text) },
      { name: 'b.gz', content: gzipSync(text) },
      { name: 'c.log', content: LOG },
    ]);
    const whole = await readAll(file('limit.tar', archive), { maxBytes: text.length + 50_000 });
    expect(whole.texts[0]).toBe(text);
    expect(whole.texts[1]?.length).toBeLessThan(50_001);
    expect(whole.health.map(([code]) => code)).toContain('source-capped');
    // A header that promises more than there is: nothing is waited for.
    const vast = Buffer.concat([member({ name: 'a.log', content: LOG }), member({ name: 'vast', size: 2 ** 50 })]);
    const { read, health } = await readAll(file('vast.tar', vast));
    expect([read.length, health.map(([code]) => code)]).toEqual([1, ['source-cut']]);
  });

  test('twenty thousand tiny members, no more than a thousand sources', async () => {
    const one = member({ name: 'x.log', content: LOG });
    const path = file('many.tar', Buffer.concat([Buffer.alloc(one.length * 20_000, one), tar([])]));
    const { read, health } = await readAll(path);
    expect(read).toHaveLength(1000);
    expect(health).toEqual([
      [
        'members-left',
        `${path}: 19000 others were left aside by their names, as links, or since no more than 1000 logs are read of one input`,
      ],
    ]);
  });

  test('an interruption is heard between members', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stop'));
    await expect(readAll(file('stop.tar', tar(files)), { signal: controller.signal })).rejects.toThrow('stop');
  });

  test('random damage: an InputError or a part, never more than the limit', async () => {
    const whole = Buffer.concat([
      paxMember({ path: 'long/name' }, { name: 'n', content: LOG.repeat(3) }),
      tar(files.map(({ content = '', ...rest }) => ({ ...rest, content: Buffer.from(content).subarray(0, 600) }))),
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 5 }),
        fc.option(fc.nat()),
        async (flips, cutAt) => {
          const harmed = Buffer.from(whole);
          for (const { at, to } of flips) harmed[at % harmed.length] = to;
          const content = cutAt === null ? harmed : harmed.subarray(0, cutAt % (harmed.length + 1));
          try {
            const { texts } = await readAll(file('random.tar', content), { maxBytes: 20_000 });
            expect(texts.join('').length).toBeLessThanOrEqual(40_000);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('sos reports', () => {
  const root = 'sosreport-host1-2026-11-22-abcdefg';
  const wanted = [
    'sos_commands/kernel/dmesg',
    'sos_commands/kernel/dmesg_-T',
    'sos_commands/logs/journalctl_--no-pager_--boot',
    'sys/kernel/debug/tracing/trace',
    'var/crash/127.0.0.1-2026/kexec-dmesg.log',
    'var/crash/127.0.0.1-2026/vmcore-dmesg.txt',
    'var/lib/systemd/pstore/1700000000/dmesg.txt',
    'var/log/kern.log.1',
    'var/log/libvirt/qemu/guest.log',
    'var/log/messages-20261101.gz',
    'var/log/syslog',
  ];
  const others = ['etc/fstab', 'proc/interrupts', 'sos_commands/pci/lspci_-nnvv', 'sos_logs/sos.log', 'var/log/cron'];
  const all = [...wanted, ...others].sort();
  const content = (name: string) => (name.endsWith('.gz') ? gzipSync(LOG) : LOG);

  test('an archive: by name, although every file looks like a log', async () => {
    const path = file('sos.tar', tar(all.map((name) => ({ name: `${root}/${name}`, content: content(name) }))));
    const { read, health } = await readAll(path);
    expect(read.map(([name]) => name.slice(path.length + root.length + 2))).toEqual(wanted);
    expect(health).toEqual([['members-left', `${path}: 5 others were left aside by their names or as links`]]);
  });

  test('unpacked, named itself or the folder above', async () => {
    for (const name of all) file(join('bundle', root, name), content(name));
    for (const path of [join(folder, 'bundle', root), join(folder, 'bundle')]) {
      const { read } = await readAll(path);
      expect(read.map(([name]) => name.slice(join(folder, 'bundle', root).length + 1))).toEqual(wanted);
    }
  });
});

describe('directories', () => {
  test('sorted, links left aside, archives in it opened', async () => {
    const path = join(folder, 'd');
    file('d/b/trace.gz', gzipSync(LOG));
    file('d/a.log', LOG);
    file('d/B.log', LOG);
    file('d/notes.md', 'words\n');
    file('d/z.tar', tar([{ name: 'x', content: LOG }]));
    file('d/.cache/x.log', LOG);
    symlinkSync('..', join(path, 'b', 'loop'));
    symlinkSync('a.log', join(path, 'again.log'));
    const whole = await readAll(`${path}//`);
    expect(names(path, whole)).toEqual(['/B.log none', '/a.log none', '/b/trace.gz gzip', '/z.tar:x none']);
    expect(whole.health).toEqual([
      [
        'members-left',
        `${path}//: 1 of 5 files that were tried hold no kernel log line or cannot be read: notes.md; 3 others were left aside by their names or as links`,
      ],
    ]);
  });

  test('what pstore kept', async () => {
    file('pstore/dmesg-efi_pstore-169-1', `Panic#1 Part1\n<4>${LOG}`);
    file('pstore/dmesg-ramoops-0.enc.z', deflateRawSync(`Oops#1 Part1\n<4>${LOG.repeat(40)}`));
    const path = join(folder, 'pstore');
    expect(names(path, await readAll(path))).toEqual([
      '/dmesg-efi_pstore-169-1 none',
      '/dmesg-ramoops-0.enc.z deflate',
    ]);
  });

  test('nothing in it, one of the running kernel', async () => {
    mkdirSync(join(folder, 'void'));
    await expect(readAll(join(folder, 'void'))).rejects.toThrow(/void: the directory is empty: name a log$/);
    file('words/a', 'words\n');
    await expect(readAll(join(folder, 'words'))).rejects.toThrow(/: the only file in the directory holds no kernel/);
    await expect(readAll('/proc')).rejects.toThrow(
      /^\/proc: is a directory of the running kernel \(proc\): name the one/,
    );
  });
});

test('the same capture out of every container', async () => {
  const trace = readFileSync(
    join(import.meta.dirname, '../../fixtures/captures/close-before-unbind/trace.probes.txt'),
    'latin1',
  );
  for (const packed of ['trace.gz', 'trace.xz', 'trace.bz2', ...(HAS_ZSTD ? ['trace.zst'] : [])]) {
    const content = readFileSync(join(import.meta.dirname, 'samples', packed));
    const { texts } = await readAll(file(`box-${packed}.tgz`, gzipSync(tar([{ name: packed, content }]))));
    expect(texts[0] === trace).toBe(true);
  }
});
