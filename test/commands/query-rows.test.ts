import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderCsv, renderJsonRows, renderTable } from '../../src/report/rows.ts';
import type { Cell, QueryResult } from '../../src/timeline/cells.ts';

function result(columns: string[], ...rows: Cell[][]): QueryResult {
  return { columns, rows, truncated: null };
}

const BIG = 2n ** 63n - 1n;
const BYTES = Uint8Array.from([0, 1, 255]);

test('table: numbers to the right, NULL told from the empty text, nothing cut', () => {
  const long = 'long '.repeat(40).trim();
  const gap = ' '.repeat(long.length - 4);
  const table = renderTable(result(['line', 'x', 'text'], [7n, null, long], [12n, 1, ''], [BIG, BYTES, 'NULL']));
  expect(table).toBe(
    [
      'line                 x          text',
      `-------------------  ---------  ----${'-'.repeat(gap.length)}`,
      `                  7  NULL       ${long}`,
      '                 12        1.0',
      "9223372036854775807  x'0001ff'  NULL",
      '',
    ].join('\n'),
  );
  expect(renderTable(result(['a']))).toBe('a\n-\n');
});

test('table: no byte of a log steers the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, text) => {
      const out = renderTable(result([name, 'b'], [text, '\u001b]0;x\u0007\n\u202e']));
      expect(out).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]*$/);
      expect(out.split('\n')).toHaveLength(4);
    }),
  );
});

/** RFC 4180, the other way round. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    row.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test('csv: every text comes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', 'a') }))),
      (rows) => {
        expect(parseCsv(renderCsv(result(['a', 'b'], ...rows), true, false))).toEqual([['a', 'b'], ...rows]);
      },
    ),
  );
});

test('csv: text that a spreadsheet would run is quoted, numbers are not', () => {
  const cells: Cell[] = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', 'a=1', -1n, -0.5, null, BIG, BYTES];
  const columns = cells.map((_, i) => (i === 0 ? '=c' : `c${i}`));
  expect(parseCsv(renderCsv(result(columns, cells), false, false))).toEqual([
    ["'=c", ...columns.slice(1)],
    ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", 'a=1', '-1', '-0.5', '', BIG.toString(), "x'0001ff'"],
  ]);
  expect(parseCsv(renderCsv(result(columns, cells), true, false))[1]?.slice(0, 3)).toEqual(['=1+1', '+1', '-1']);
});

test('json: exact values, unique names, one row a line', () => {
  const out = renderJsonRows(
    result(['a', 'a', 'a_2', '__proto__', 'e', 'f'], [1n, BIG, -(2n ** 53n), Number.POSITIVE_INFINITY, BYTES, 1]),
  );
  expect(out).toBe(
    '[\n  {"a": 1, "a_2": "9223372036854775807", "a_2_2": "-9007199254740992", "__proto__": "Infinity", "e": {"hex": "0001ff"}, "f": 1.0}\n]\n',
  );
  expect(Object.keys(JSON.parse(out)[0])).toHaveLength(6);
  expect(renderJsonRows(result(['a']))).toBe('[]\n');
});

test('json: every text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, text) => {
      expect(JSON.parse(renderJsonRows(result([name], [text])))).toEqual([
        JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(text)}}`),
      ]);
    }),
  );
});

test('csv: on a terminal nothing steers it, rows stay rows', () => {
  const out = renderCsv(result(['a\u001b'], ['\u001b]0;x\u0007\r\n\u202e"']), true, true);
  expect(out).toBe('a\\x1b\r\n"\\x1b]0;x\\x07\\x0d\\x0a\\u{202e}"""\r\n');
});
