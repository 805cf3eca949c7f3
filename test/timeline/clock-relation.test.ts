import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Anchor, AnchorCollector, type AnchorVia, isUnique } from '../../src/timeline/anchors.ts';
import { groupClocks } from '../../src/timeline/clock-groups.ts';
import { type Anchored, type ClockRelation, relate } from '../../src/timeline/clock-relation.ts';

// Constructed: no capture at hand holds printk:console beside the dmesg of the same run.

const S = 1_000_000_000n;

/** `[text, seconds]`: a letter stands for a message. */
type Said = readonly (readonly [string, number])[];

function source(sourceId: number, via: AnchorVia, said: Said, more: Partial<Anchor> = {}, digits = 123_000n): Anchored {
  const anchors = said.map(([text, seconds], index): Anchor => {
    const key = [...text].reduce((sum, letter) => sum * 64 + (letter.codePointAt(0) ?? 0), 1);
    return {
      key,
      via,
      time: BigInt(Math.round(seconds * 1e6)) * 1000n + digits,
      pid: null,
      line: index + 1,
      unique: false,
      ...more,
    };
  });
  return { sourceId, anchors, limit: Number.POSITIVE_INFINITY };
}

const later = (said: Said, by: number): Said => said.map(([text, at]) => [text, at + by]);
const reasonOf = (relation: ClockRelation) => (relation.related ? 'related' : relation.reason);

/** Three messages, a second and more apart. */
const THREE: Said = [
  ['a', 10],
  ['b', 11.2],
  ['c', 12.7],
];

describe('two sources with the same messages', () => {
  it('relate by their constant distance', () => {
    const relation = relate(source(1, 'printk', THREE), source(2, 'console', later(THREE, 0.15)));
    // 0.15 s have to be taken off the trace; two stamps of one message may differ by 100 us.
    expect(relation).toEqual({ related: true, offset: -150_000_000n, error: 100_000, anchors: 3 });
  });

  it('give the same in the other direction', () => {
    const relation = relate(source(1, 'console', later(THREE, 0.15)), source(2, 'printk', THREE));
    expect(relation).toEqual({ related: true, offset: 150_000_000n, error: 100_000, anchors: 3 });
  });

  it('add to the error what the distances differ by', () => {
    const heard: Said = [
      ['a', 10],
      ['b', 11.200003],
      ['c', 12.700001],
    ];
    // The median is 1 us, the largest deviation from it 2 us.
    const relation = relate(source(1, 'printk', THREE), source(2, 'console', heard));
    expect(relation).toEqual({ related: true, offset: -1_000n, error: 102_000, anchors: 3 });
  });

  it('relate to a clock that counts from 1970, exactly', () => {
    const wall = source(2, 'printk', THREE).anchors.map((one) => ({ ...one, time: one.time + 1_795_325_999n * S }));
    const relation = relate(source(1, 'printk', THREE), { ...source(2, 'printk', []), anchors: wall });
    expect(relation).toMatchObject({ related: true, offset: -1_795_325_999n * S });
  });

  it('relate where a message is repeated, each repetition with its own partner', () => {
    const resets: Said = [1, 3, 4.5, 9, 13].map((at) => ['resetting', at]);
    const relation = relate(source(1, 'printk', resets), source(2, 'console', later(resets.slice(1), 7)));
    expect(relation).toMatchObject({ related: true, offset: -7n * S, anchors: 4 });
  });

  it('relate where a message is repeated very often, and hardly anything else is said', () => {
    const resets = Array.from({ length: 240 }, (_, n): [string, number] => [
      'resetting',
      n * 1.3 + ((n * n * 7919) % 1009) / 5000,
    ]);
    const done = resets.map(([, at]): [string, number] => ['reset done', at + 0.1]);
    const more = resets.map(([, at]): [string, number] => ['enabling device', at + 0.2]);
    const said = [...resets, ...done, ...more];
    expect(relate(source(1, 'printk', said), source(2, 'console', later(said, 7)))).toMatchObject({
      related: true,
      offset: -7n * S,
      anchors: 720,
    });
  });

  it('relate although one stamp came late', () => {
    const said = 'abcdefgh'.split('').map((text, index): [string, number] => [text, index * 1.7]);
    const heard = said.map(([text, at], index): [string, number] => [text, at + (index === 3 ? 0.000_13 : 0.000_002)]);
    expect(reasonOf(relate(source(1, 'printk', said), source(2, 'console', heard)))).toBe('related');
  });

  it('relate where one of them began later and holds less', () => {
    const said: Said = 'abcdefgh'.split('').map((text, index) => [text, index * 1.7]);
    expect(relate(source(1, 'printk', said), source(2, 'console', later(said.slice(4), -5)))).toMatchObject({
      related: true,
      offset: 5n * S,
      anchors: 4,
    });
  });
});

describe('two sources stay apart', () => {
  it('without a message in common', () => {
    expect(reasonOf(relate(source(1, 'printk', THREE), source(2, 'console', [['x', 1]])))).toBe('nothing-shared');
  });

  it('on one coincidence, and on two', () => {
    expect(reasonOf(relate(source(1, 'printk', THREE), source(2, 'console', THREE.slice(0, 1))))).toBe('too-few');
    expect(reasonOf(relate(source(1, 'printk', THREE), source(2, 'console', THREE.slice(0, 2))))).toBe('too-few');
  });

  it('where all that agrees happened in one burst, which every boot repeats', () => {
    const burst: Said = 'abcdefghijkl'.split('').map((text, index) => [text, 1 + index * 0.0001]);
    expect(reasonOf(relate(source(1, 'printk', burst), source(2, 'console', later(burst, 3))))).toBe('too-few');
  });

  it('where the same script ran twice: its pauses differ by milliseconds', () => {
    const again: Said = [
      ['a', 40],
      ['b', 41.202],
      ['c', 42.699],
    ];
    expect(reasonOf(relate(source(1, 'printk', THREE), source(2, 'console', again)))).toBe('inconsistent');
  });

  it.each([
    ['printk', 100],
    ['console', 100],
    ['mark', 700],
  ] as const)('where the same script ran twice, on a quiet machine: %s, %d us', (via, us) => {
    // Ten steps a second and more apart, each of which comes a little earlier or later than the last time.
    const late = [0, 1, -1, 0.4, 2, 1.3, -0.6, 0.8, -1.4, 0.2, 1.1];
    const steps = late.map((_, index): [string, number] => [`step ${index}`, index * 1.1 + ((index * index) % 7) / 5]);
    const again = steps.map(([text, at], index): [string, number] => [
      text,
      400 + at + ((late[index] ?? 0) * us) / 1e6,
    ]);
    expect(reasonOf(relate(source(1, 'printk', steps), source(2, via, again)))).not.toBe('related');
  });

  it('where a machine booted twice, and one late message of either fits by chance', () => {
    // Enumeration within 60 ms; the second boot is ever slower, by up to 2 ms.
    const boot = Array.from({ length: 200 }, (_, index): [string, number] => [`m${index}`, 1 + index * 3e-4]);
    const slower = boot.map(([text, at], index): [string, number] => [text, at + index * 1e-5]);
    const one: Said = [...boot, ['resetting', 200], ['resetting', 400]];
    const two: Said = [...slower, ['resetting', 200.001], ['resetting', 612]];
    expect(reasonOf(relate(source(1, 'printk', one), source(2, 'console', two)))).not.toBe('related');
  });

  it('where the machine was suspended, or a clock was set', () => {
    const said = Array.from({ length: 40 }, (_, index): [string, number] => [`m${index}`, index * 1.3]);
    const one: Said = [...said, ['resetting', 70], ['reset done', 71]];
    const gap: Said = [...said, ['resetting', 90], ['reset done', 91]];
    const [log, other] = [source(1, 'printk', one), source(2, 'console', gap)];
    expect(reasonOf(relate(log, other))).toBe('inconsistent');
    expect(reasonOf(relate(other, log))).toBe('inconsistent');
    // Before all others: the clock was set soon after boot.
    const early = (at: number): Said => [['resetting', at], ...later(said, 100)];
    expect(reasonOf(relate(source(1, 'printk', early(50)), source(2, 'console', early(20))))).toBe('inconsistent');
  });

  it('where both go on for two hours without a message in common, if one may drift', () => {
    const span = { from: 10n * S, to: 7200n * S };
    const heard: Said = [
      ['a', 10.000001],
      ['b', 11.200003],
      ['c', 12.700001],
    ];
    const [one, two] = [source(1, 'printk', THREE), source(2, 'console', heard)];
    expect(reasonOf(relate(one, two))).toBe('related');
    expect(reasonOf(relate({ ...one, span }, { ...two, span }))).toBe('too-coarse');
    // Nothing that either tells after the end of the other can be out of order.
    const short = { from: 10n * S, to: 13n * S };
    const near = relate({ ...one, span }, { ...two, span: short });
    if (!near.related) throw new Error(near.reason);
    // 102 us for the distances, and 3/10 s at some 4 us a second more.
    expect(near.error).toBeGreaterThan(102_000);
    expect(near.error).toBeLessThan(104_000);
    // Two prints of one log have the same stamps, however long.
    const print = { ...source(2, 'printk', later(THREE, 7)), span: { from: 17n * S, to: 7207n * S } };
    expect(relate({ ...one, span }, print)).toMatchObject({ related: true, error: 1000 });
  });

  it('where two of many agree by chance', () => {
    const other: Said = 'abcdefgh'.split('').map((text, index) => [text, 100 + index * index * 1.31]);
    const said: Said = 'abcdefgh'.split('').map((text, index) => [text, 10 + index * 1.7]);
    expect(reasonOf(relate(source(1, 'printk', said), source(2, 'console', other)))).toBe('inconsistent');
  });

  it('where a regular message fits at several offsets', () => {
    const ticks: Said = [1, 2, 3, 4, 5, 6].map((at) => ['tick', at]);
    expect(reasonOf(relate(source(1, 'printk', ticks), source(2, 'console', ticks.slice(0, 5))))).toBe('ambiguous');
  });

  it('where another task said it', () => {
    const one = source(1, 'printk', THREE, { pid: 86 });
    expect(reasonOf(relate(one, source(2, 'console', THREE, { pid: 86 })))).toBe('related');
    expect(reasonOf(relate(one, source(2, 'console', THREE, { pid: 87 })))).toBe('too-few');
  });

  it('where messages stand between that the other one does not have', () => {
    const said: Said = [...THREE, ...'defg'.split('').map((text, index): [string, number] => [text, 11 + index * 0.1])];
    const other: Said = [
      ...THREE,
      ...'tuvw'.split('').map((text, index): [string, number] => [text, 11 + index * 0.1]),
    ];
    expect(reasonOf(relate(source(1, 'printk', said), source(2, 'console', other)))).toBe('inconsistent');
  });

  it('where the clock of one of them drifts away', () => {
    const said: Said = 'abcdefgh'.split('').map((text, index) => [text, index * 100]);
    const fast = said.map(([text, at]): [string, number] => [text, at * 1.002]);
    expect(reasonOf(relate(source(1, 'printk', said), source(2, 'console', fast)))).toBe('inconsistent');
  });

  it('where the stamps are whole seconds, as dmesg -T prints them', () => {
    const said: Said = 'abcdefghijkl'.split('').map((text, index) => [text, 10.3 + index * 37.77]);
    const whole = said.map(([text, at]): [string, number] => [text, Math.floor(at)]);
    expect(reasonOf(relate(source(1, 'printk', said), source(2, 'printk', whole, {}, 0n)))).not.toBe('related');
  });
});

describe('two prints of one log', () => {
  const pair: Said = [
    ['resetting', 46.00742],
    ['reset done', 46.118128],
  ];

  it('are known by equal microseconds, be they two', () => {
    expect(relate(source(1, 'printk', pair), source(2, 'printk', pair))).toEqual({
      related: true,
      offset: 0n,
      error: 1000,
      anchors: 2,
    });
  });

  it('are not known by equal distances: the same reset takes as long another time', () => {
    expect(reasonOf(relate(source(1, 'printk', pair), source(2, 'printk', later(pair, 9))))).toBe('too-few');
  });

  it('are not known by two messages of which one follows the other at once', () => {
    const burst: Said = [
      ['a', 1.234567],
      ['b', 1.23457],
    ];
    expect(reasonOf(relate(source(1, 'printk', burst), source(2, 'printk', burst)))).toBe('too-few');
  });

  it('are not known by stamps that every boot has', () => {
    const early: Said = [
      ['a', 0],
      ['b', 0],
      ['c', 0.004],
      ['d', 0.008],
    ];
    const boot = (id: number) => source(id, 'printk', early, {}, 0n);
    expect(reasonOf(relate(boot(1), boot(2)))).toBe('too-few');
  });
});

describe('texts made to be found again', () => {
  const marks: Said = [
    ['u', 5],
    ['v', 5.4],
  ];

  it('need no more than two, and have the error of two writes', () => {
    const relation = relate(
      source(1, 'printk', marks, { unique: true }),
      source(2, 'mark', later(marks, 2), { unique: true }),
    );
    expect(relation).toEqual({ related: true, offset: -2n * S, error: 10_000_000, anchors: 2 });
  });

  it('are those for us that hold a UUID', () => {
    expect(isUnique('tdi-trace 6f9619ff-8b86-d011-b42d-00cf4fc964ff')).toBe(true);
    expect(isUnique('tdi-trace start')).toBe(false);
    expect(isUnique('pci 0000:00:01.0: 6f9619ff-8b86-d011-b42d-00cf4fc964ff')).toBe(false);
  });
});

test('one offset, whatever it is and in whatever order messages are kept, is found', () => {
  const gaps = fc.array(fc.integer({ min: 600_000, max: 5_000_000 }), { minLength: 3, maxLength: 12 });
  const jitters = (max: number) => fc.array(fc.integer({ min: 0, max }), { minLength: 12, maxLength: 12 });
  const some = fc.oneof(jitters(3), jitters(60));
  fc.assert(
    fc.property(gaps, some, fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (gapsUs, jitterUs, offsetUs) => {
      const times = gapsUs.map((_, index) => gapsUs.slice(0, index).reduce((sum, gap) => sum + gap, 10 ** 13));
      const said = times.map((at, index): [string, number] => [`m${index}`, at]);
      const one = said.map(([text, us]): [string, number] => [text, us / 1e6]);
      const other = said.map(([text, us], index): [string, number] => [
        text,
        (us + offsetUs + (jitterUs[index] ?? 0)) / 1e6,
      ]);
      const relation = relate(source(1, 'printk', one), source(2, 'console', other));
      if (!relation.related) {
        expect(relation.reason).toBe('too-few');
        // Few pauses that differ by tens of microseconds may be those of another run.
        expect(Math.max(...jitterUs)).toBeGreaterThan(3);
        return;
      }
      const wrong = Math.abs(Number(relation.offset + BigInt(offsetUs) * 1000n));
      expect(wrong).toBeLessThanOrEqual(relation.error);
    }),
    { numRuns: 200 },
  );
});

describe('groups', () => {
  const A = source(1, 'printk', THREE);
  const B = source(2, 'console', later(THREE, 1));

  it('hold what relates directly or through a third one, told by the first', () => {
    const others: Said = 'xyz'.split('').map((text, index) => [text, 20 + index * 1.3]);
    const two = { ...B, anchors: [...B.anchors, ...source(2, 'console', others).anchors] };
    const three = source(3, 'console', later(others, 100));
    const { groups, failures } = groupClocks([A, two, three, source(4, 'printk', [['alone', 1]])]);
    expect(failures).toEqual([]);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.members.map(({ sourceId, offset }) => [sourceId, offset])).toEqual([
      [1, 0n],
      [2, -1n * S],
      [3, -101n * S],
    ]);
    expect(groups[0]?.members.map(({ error }) => error)).toEqual([0, 100_000, 200_000]);
  });

  it('do not hold what contradicts itself', () => {
    // 1 and 2 agree, 2 and 3 agree, and 1 and 3 agree on another offset.
    const said = (letters: string, by: number): Said =>
      letters.split('').map((text, index) => [text, 10 + index * 1.3 + by]);
    const join = (id: number, ...lists: Said[]) => source(id, 'console', lists.flat());
    const one = join(1, said('abc', 0), said('xyz', 50));
    const two = join(2, said('uvw', -50), said('abc', 0));
    const three = join(3, said('uvw', -50), said('xyz', 57));
    const { groups, failures } = groupClocks([one, two, three]);
    expect(groups).toEqual([]);
    expect(failures.map(({ reason }) => reason)).toEqual(['ambiguous', 'ambiguous', 'ambiguous']);
  });

  it('do not hold two that deny what a third one says of them', () => {
    const said = (letters: string, by: number): Said =>
      letters.split('').map((text, index) => [text, 10 + index * 1.3 + by]);
    const join = (id: number, ...lists: Said[]) => source(id, 'console', lists.flat());
    // 1 and 2 agree, and 2 and 3; what 1 and 3 hold in common stands at distances of its own.
    const one = join(1, said('abc', 0), said('pqr', 50), [['s', 70]]);
    const two = join(2, said('abc', 0), said('uvw', 20));
    // A clock was set between r and s.
    const three = join(3, said('uvw', 20), said('pqr', 150), [['s', 190]]);
    const { groups, failures } = groupClocks([one, two, three]);
    expect(failures).toContainEqual(expect.objectContaining({ a: 1, b: 3, reason: 'inconsistent' }));
    expect(groups).toEqual([]);
  });

  it('tell of how many not all were compared', () => {
    const many = Array.from({ length: 40 }, (_, id) => source(id + 1, 'console', [['a', id]]));
    // 780 pairs, of which 500 are compared.
    expect(groupClocks(many).uncompared).toBeGreaterThan(20);
    expect(groupClocks(many.slice(0, 30)).uncompared).toBe(0);
  });
});

describe('what is kept of a source', () => {
  const record = (message: string, us: number) =>
    ({
      type: 'printk',
      message,
      time: BigInt(us) * 1000n,
      line: us,
      endLine: us,
      cpu: null,
      task: null,
      pid: null,
      level: null,
      text: message,
      truncated: false,
    }) as const;

  it('is bounded, and of two sources the same texts', () => {
    const texts = Array.from({ length: 20_000 }, (_, index) => `vfio-pci 0000:02:00.0: message ${index}`);
    const one = new AnchorCollector(() => true);
    for (const [index, text] of texts.entries()) one.note(record(text, index));
    const other = new AnchorCollector(() => true);
    for (const [index, text] of texts.slice(5000).toReversed().entries()) other.note(record(text, index));
    const [a, b] = [one.finish(), other.finish()];
    expect(a.anchors.length).toBeLessThanOrEqual(1024);
    expect(b.anchors.length).toBeLessThanOrEqual(1024);
    const keys = new Set(b.anchors.map(({ key }) => key));
    // Three quarters of the texts of the first one stand in the second one, too: so do three quarters of those that are kept.
    const both = a.anchors.filter(({ key }) => keys.has(key)).length;
    expect(both).toBeGreaterThan(700);
  });

  it('leaves out what is repeated too often to tell a moment', () => {
    const collector = new AnchorCollector(() => true);
    for (let us = 0; us < 1000; us++) collector.note(record('the same', us));
    collector.note(record('another', 1));
    expect(collector.finish().anchors).toHaveLength(1);
    expect(collector.finish().crowded).toBe(1);
  });

  it('is only what a log hands over', () => {
    const collector = new AnchorCollector((text) => text.includes('vfio'));
    collector.note(record('vfio-pci 0000:02:00.0: resetting', 1));
    collector.note(record('usb 1-1: new device', 2));
    expect(collector.finish().anchors.map(({ line }) => line)).toEqual([1]);
  });
});
