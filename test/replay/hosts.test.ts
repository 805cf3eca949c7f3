import { describe, expect, test } from 'vitest';
import type { Platform } from '../../src/model/states.ts';
import { contradicting, hostsOf } from '../../src/replay/hosts.ts';
import type { StoredEvent, StoredSource } from '../../src/timeline/rows.ts';
import { storedEvent, storedSource } from './stored-event.ts';

/** `SOURCE:MARK` each: a record of the source that shows the platform or the architecture of its machine. */
const marks = (...words: readonly string[]): StoredEvent[] =>
  words.map((word, index) => {
    const [sourceId, mark = ''] = word.split(':');
    return storedEvent('host.platform', { id: index + 1, sourceId: Number(sourceId), args: { mark } });
  });
const apart = (count: number) => Array.from({ length: count }, (_, n) => storedSource(n + 1));

/** `PLATFORM[ x86][ perhaps ..] of SOURCES[ by RECORDS]`, a host each. */
function hosts(sources: readonly StoredSource[], words: readonly string[], wanted: Platform | 'auto' = 'auto') {
  return hostsOf(sources, marks(...words), wanted).map(({ platform, x86, perhaps, sources: ids, evidence }) =>
    [
      platform,
      ...(x86 ? ['x86'] : []),
      ...(perhaps.length > 0 ? [`perhaps ${perhaps.join(' ')}`] : []),
      `of ${[...ids].sort().join(' ')}`,
      ...(evidence.length > 0 ? [`by ${evidence.map(({ id }) => id).join(' ')}`] : []),
    ].join(', '),
  );
}

describe('one machine', () => {
  const one = apart(1);

  test.each<[string, readonly string[], string]>([
    ['nothing tells of', [], 'generic, of 1'],
    ['is TDX by its first record', ['1:x86', '1:tdx', '1:tdx'], 'tdx, of 1, by 2'],
    ['is SEV-TIO', ['1:sev-tio'], 'sev-tio, of 1, by 1'],
    ['is Arm CCA', ['1:arm64', '1:cca'], 'cca, of 1, by 2'],
    ['is of x86', ['1:x86'], 'generic, x86, of 1'],
    ['is of Arm, which proves no CCA', ['1:arm64'], 'generic, of 1'],
    ['is of both architectures, which is none', ['1:x86', '1:arm64'], 'generic, of 1'],
    // Parts of one file may be of several machines.
    ['shows two platforms', ['1:tdx', '1:sev-tio'], 'generic, perhaps tdx sev-tio, of 1'],
    ['shows two platforms of x86', ['1:tdx', '1:sev-tio', '1:x86'], 'generic, x86, perhaps tdx sev-tio, of 1'],
    ['shows one of each architecture', ['1:tdx', '1:cca', '1:x86'], 'generic, perhaps tdx sev-tio cca, of 1'],
    ['is TDX and of Arm', ['1:tdx', '1:arm64'], 'generic, perhaps tdx cca, of 1'],
    ['is CCA and of x86', ['1:cca', '1:x86'], 'generic, perhaps tdx sev-tio cca, of 1'],
  ])('that %s', (_, words, expected) => {
    expect(hosts(one, words)).toEqual([expected]);
  });

  test('is of the platform that the user names, whatever it shows', () => {
    expect(hosts(one, ['1:tdx'], 'cca')).toEqual(['cca, of 1']);
    expect(hosts(one, ['1:x86'], 'tdx')).toEqual(['tdx, of 1']);
    // That it is undecided the user may say, too; its architecture still tells what it is not.
    expect(hosts(one, ['1:tdx', '1:x86'], 'generic')).toEqual(['generic, x86, of 1']);
    expect(hosts(one, ['1:tdx'], 'generic')).toEqual(['generic, of 1']);
  });
});

test('the first record of each source and platform speaks against another one that the user names', () => {
  const told = marks('1:x86', '1:sev-tio', '1:arm64', '2:sev-tio', '2:sev-tio', '2:cca', '3:tdx');
  const against = (wanted: Platform | 'auto') => contradicting(told, wanted).map(({ id }) => id);
  expect(against('tdx')).toEqual([2, 3, 4, 6]);
  expect(against('sev-tio')).toEqual([3, 6, 7]);
  expect(against('cca')).toEqual([1, 2, 4, 7]);
  // Neither claims anything that a record could speak against.
  expect([against('auto'), against('generic')]).toEqual([[], []]);
});

describe('several inputs', () => {
  test('each have the platform that they prove', () => {
    expect(hosts(apart(2), ['1:tdx', '2:cca'])).toEqual(['tdx, of 1, by 1', 'cca, of 2, by 2']);
    // Of the same one they are asked the same.
    expect(hosts(apart(3), ['1:tdx', '2:cca', '3:tdx'])).toEqual(['tdx, of 1 3, by 1 3', 'cca, of 2, by 2']);
  });

  test('may be of one machine: what one proves, another may be', () => {
    expect(hosts(apart(2), ['2:tdx'])).toEqual(['generic, perhaps tdx, of 1', 'tdx, of 2, by 1']);
    expect(hosts(apart(3), ['2:cca', '3:tdx'])).toEqual([
      'generic, perhaps tdx cca, of 1',
      'cca, of 2, by 1',
      'tdx, of 3, by 2',
    ]);
    // Where the user has named it, nothing is left open.
    expect(hosts(apart(2), ['2:tdx'], 'generic')).toEqual(['generic, of 1 2']);
  });

  test('are of no platform of the other architecture', () => {
    expect(hosts(apart(2), ['1:arm64', '2:tdx'])).toEqual(['generic, of 1', 'tdx, of 2, by 2']);
    expect(hosts(apart(2), ['1:x86', '2:cca'])).toEqual(['generic, x86, of 1', 'cca, of 2, by 2']);
    expect(hosts(apart(2), ['1:x86', '2:tdx'])).toEqual(['generic, x86, perhaps tdx, of 1', 'tdx, of 2, by 2']);
    expect(hosts(apart(2), ['1:arm64', '2:cca'])).toEqual(['generic, perhaps cca, of 1', 'cca, of 2, by 2']);
    // Of a file with parts of machines of both, either may be.
    expect(hosts(apart(2), ['1:arm64', '1:x86', '2:cca'])).toEqual(['generic, perhaps cca, of 1', 'cca, of 2, by 3']);
    expect(hosts(apart(2), ['1:arm64', '1:x86', '2:tdx'])).toEqual(['generic, perhaps tdx, of 1', 'tdx, of 2, by 3']);
  });

  test('that show two platforms each are asked for what they may be themselves', () => {
    expect(hosts(apart(2), ['1:tdx', '1:sev-tio', '2:cca'])).toEqual([
      'generic, perhaps tdx sev-tio, of 1',
      'cca, of 2, by 3',
    ]);
  });
});

describe('sources are of one machine', () => {
  const [file, other] = [{ path: 'mail.txt' }, { path: 'other.txt' }];

  test('where they are parts of one file, or share a history', () => {
    const sources = [storedSource(1, file), storedSource(2, file), storedSource(3, other)];
    expect(hosts(sources, ['2:tdx', '3:cca'])).toEqual(['tdx, of 1 2, by 1', 'cca, of 3, by 2']);
    const merged = [storedSource(1, { clockGroup: 7 }), storedSource(2), storedSource(3, { clockGroup: 7 })];
    expect(hosts(merged, ['3:tdx', '2:cca'])).toEqual(['cca, of 2, by 2', 'tdx, of 1 3, by 1']);
  });

  test('also by way of a third one', () => {
    // 1 and 2 have nothing in common but 3, which shares a file with the one and a history with the other.
    const sources = [
      storedSource(1, file),
      storedSource(2, { ...other, clockGroup: 7 }),
      storedSource(3, { ...file, clockGroup: 7 }),
    ];
    expect(hosts(sources, ['2:tdx'])).toEqual(['tdx, of 1 2 3, by 1']);
  });
});
