import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Bdf } from '../../src/base/bdf.ts';
import { Arguments } from '../../src/commands/arguments.ts';
import { hintsOf } from '../../src/commands/hints.ts';
import { Hints } from '../../src/identity/hints.ts';
import { Trace } from './read.ts';

const A = '0000:02:00.0' as Bdf;
const B = '0000:03:00.0' as Bdf;
const PDEV = '0xffff8880037a1000';

const map = (bdf: Bdf, pointer = PDEV): Hints => new Hints(new Map([[pointer, bdf]]));

/** Records that know the device by its pointer only. */
function closedWhileBound(): Trace {
  const trace = new Trace();
  trace.enter('tsm-800', 'pci_tsm_bind', `pdev=${PDEV}`);
  trace.leave('tsm-800', 'pci_tsm_bind', `pdev=${PDEV} ret=0`);
  trace.enter('tsm-800', 'pcie_flr', `dev=${PDEV}`);
  return trace;
}

describe('what the user says of a pointer', () => {
  test('names the device, and no verdict that rests on it is definite', async () => {
    const log = await closedWhileBound().read(map(A));
    expect(log.headlines).toEqual([`probable flr-while-locked ${A}`]);
    expect(log.devices[0]?.aliases).toEqual([`${PDEV} (as told)`, `pci=${PDEV}`]);
    expect(log.health).toContain('hints-used');
    const word = `names no device but ${PDEV}, which is ${A} as the user says (--map, --hints)`;
    expect(log.assumptions[0]?.slice(0, 2)).toEqual([`the record ${word}`, `line 3 (pci_tsm_bind) ${word}`]);
    expect((await closedWhileBound().read()).headlines).toEqual(['possible flr-while-locked ?']);
  });

  test('the log wins, and says so', async () => {
    const trace = closedWhileBound();
    trace.enter('tsm-800', 'pci_tsm_unbind', `bdf="${B}" pdev=${PDEV}`);
    const log = await trace.read(map(A));
    expect(log.headlines).toEqual([`probable flr-while-locked ${B}`]);
    expect(log.health).toContain('hint-contradicted');
    expect(log.devices.find(({ bdf }) => bdf === B)?.aliases).toEqual([`pci=${PDEV}`]);
  });

  test('a pointer that no record holds is told', async () => {
    const log = await closedWhileBound().read(map(A, '0xffff888000000000'));
    expect(log.headlines).toEqual(['possible flr-while-locked ?']);
    expect(log.health).toContain('hints-unused');
  });
});

describe('--map and --hints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-hints-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (text: string): string => {
    const path = join(folder, 'hints.txt');
    writeFileSync(path, text);
    return path;
  };
  const parse = (values: Record<string, unknown>) => hintsOf(new Arguments(values));

  test('may be repeated, and come from a file with comments', () => {
    const hints = parse({
      map: ['0xFFFF8880037A1000=02:00.0', '0xffff888000000200=0000:03:00.0'],
      hints: file('# who is who\n\n0xffff888000000300 0001:04:00.1  # the third\n'),
    });
    const found = [PDEV, '0xffff888000000200', '0xffff888000000300'].map((pointer) => hints.of(pointer));
    expect(found).toEqual([A, B, '0001:04:00.1']);
  });

  test.each([
    [{ map: 'x' }, /--map x: is not POINTER=BDF/],
    [{ map: `${PDEV}=02:00` }, /--map 0xffff8880037a1000=02:00: is not POINTER=BDF/],
    [{ map: `12=${A}` }, /--map 12=.*: is not POINTER=BDF/],
    [{ map: [`${PDEV}=${A}`, `${PDEV}=${B}`] }, /0xffff8880037a1000 was 0000:02:00\.0 before/],
    [{ hints: '/nowhere/hints' }, /--hints \/nowhere\/hints: cannot be read \(ENOENT\)/],
  ])('%j', (values, message) => {
    expect(() => parse(values)).toThrow(message);
  });

  test('a malformed line is named', () => {
    const path = file(`${PDEV} ${A}\n${PDEV}\n`);
    expect(() => parse({ hints: path })).toThrow(`--hints ${path}:2: is not POINTER BDF`);
  });
});
