import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Analysis } from '../../src/model/analysis.ts';
import { renderJson } from '../../src/report/json.ts';
import { renderText } from '../../src/report/text.ts';
import { SAMPLE } from './sample.ts';

// Whoever can write to the kernel log chooses these bytes.
const HOSTILE = [
  '\u001b[2J\u001b[31mroot#',
  '\u001b]0;title\u0007',
  '\u001bP+q544e\u001b\\',
  'a\rb\nFORGED: line\u0000\u0008\u007f',
  '\u009b31m\u0085\u2028FORGED\u2029',
  '\u202eevil\u2066\u200f\u061c\u200b\ufeff\u00ad',
  '\ud800 \udfff\u{e0041}',
  '\t tab',
];

const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));

const UNTRUSTED = new Set([
  'path',
  'format',
  'clock',
  'summary',
  'consequence',
  'remedy',
  'text',
  'message',
  'subsystem',
]);
const UNTRUSTED_LISTS = new Set(['aliases', 'assumptions', 'to_confirm']);

/** The sample with `text` in every place where text of a log, or of a file's name, can come to stand. */
function poison(value: unknown, text: string, key = ''): unknown {
  if (UNTRUSTED_LISTS.has(key)) return [text, text];
  if (Array.isArray(value)) return value.map((item) => poison(item, text));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, text, name)]));
  }
  if (key === 'bdf' || key === 'device') return null;
  return UNTRUSTED.has(key) ? text : value;
}

// Written against Unicode's own classes, not against the list in the escaping function.
const FORBIDDEN =
  /[^\P{Cc}\n]|\p{Bidi_Control}|\p{Zl}|\p{Zp}|\p{Cs}|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;

test('nothing in a text report can steer a terminal or forge a line', () => {
  fc.assert(
    fc.property(hostileText, fc.boolean(), fc.boolean(), fc.boolean(), (text, color, verbose, quiet) => {
      const analysis = poison(SAMPLE, text) as Analysis;
      const output = renderText(analysis, {
        width: 80,
        color,
        floor: 'possible',
        verbose,
        quiet,
        settledBy: () => ['bind'],
        scope: { absent: null, window: null, recorded: new Set() },
      });
      const plain = color ? output.replace(/\u001b\[(?:0|1|2|1;31|33|32)m/g, '') : output;
      expect(plain).not.toMatch(FORBIDDEN);
      expect(plain).not.toMatch(/^FORGED/m);
    }),
    { numRuns: 300 },
  );
});

test('JSON holds the very text, and no raw character that can steer a terminal', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const analysis = poison(SAMPLE, text) as Analysis;
      const output = renderJson(analysis);
      expect(output).not.toMatch(FORBIDDEN);
      expect(JSON.parse(output)).toEqual(analysis);
    }),
    { numRuns: 200 },
  );
});
