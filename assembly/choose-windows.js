// npm run build:windows LOG..: chooses where the windows of src/events/hints.ts begin and which of them are of one group, so that as
// few as possible are met by chance in the kernel logs that are named, and writes src/events/hint-windows.ts. Any choice finds
// the same; a pattern that the table lacks is found by a window that is met more often.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GROUPS, patternText, WINDOW } from '../src/events/hints.ts';
import { HINTS } from '../src/events/index.ts';

/** Lines that are taken of a log. */
const LINES = 400;

/** The messages of a log, some of its lines, without what stands before them. */
function sample(path) {
  const lines = readFileSync(path, 'latin1').split('\n');
  const step = Math.max(1, Math.floor(lines.length / LINES));
  return lines.filter((_, i) => i % step === 0).map((line) => line.replace(/^(?:<\d+>)?(?:\[ *\d+\.\d+\] ?)?/, ''));
}

const text = Buffer.from(process.argv.slice(2).flatMap(sample).join('\n'), 'latin1');
if (text.length === 0) throw new Error('name some kernel logs');

/** For each place the sets of lower and of upper halves of bytes, a bit each. */
function masksOf(sets, offset) {
  return sets.slice(offset, offset + WINDOW).map((set) => {
    const codes = Array.from(set, (character) => character.charCodeAt(0));
    return [bits(codes.map((code) => code & 15)), bits(codes.map((code) => code >> 4))];
  });
}

const bits = (numbers) => numbers.reduce((all, one) => all | (1 << one), 0);
const joined = (a, b) => (a === null ? b : a.map(([low, high], i) => [low | b[i][0], high | b[i][1]]));

const counted = new Map();
/** How often a group with these masks is met in the text. */
function count(masks) {
  if (masks === null) return 0;
  const key = masks.join();
  const known = counted.get(key);
  if (known !== undefined) return known;
  let met = 0;
  for (let at = 0; at + WINDOW <= text.length; at++) {
    if (masks.every(([low, high], i) => (low >> (text[at + i] & 15)) & (high >> (text[at + i] >> 4)) & 1)) met++;
  }
  counted.set(key, met);
  return met;
}

const patterns = [...new Map(HINTS.map((sets) => [patternText(sets), sets]))]
  .map(([key, sets]) => ({ key, masks: sets.slice(WINDOW - 1).map((_, offset) => masksOf(sets, offset)) }))
  .sort((a, b) => a.masks.length - b.masks.length);
const chosen = new Map();

/** The masks of a group without one of its patterns. */
function groupWithout(group, key) {
  let masks = null;
  for (const [other, choice] of chosen)
    if (choice.group === group && other !== key) masks = joined(masks, choice.masks);
  return masks;
}

/** Where the pattern adds the least to what is met. @returns whether that is another place than before. */
function place({ key, masks }) {
  let best = null;
  for (let group = 0; group < GROUPS; group++) {
    const rest = groupWithout(group, key);
    for (const [offset, one] of masks.entries()) {
      const added = count(joined(rest, one)) - count(rest);
      if (best === null || added < best.added) best = { added, group, offset, masks: one };
    }
  }
  const before = chosen.get(key);
  chosen.set(key, best);
  return before?.group !== best.group || before?.offset !== best.offset;
}

let moved = true;
for (let round = 0; moved && round < 5; round++) moved = patterns.filter(place).length > 0;

const met = Array.from({ length: GROUPS }, (_, group) => count(groupWithout(group, null)));
const lines = text.toString('latin1').split('\n').length;
process.stderr.write(`${(met.reduce((sum, one) => sum + one) / lines).toFixed(2)} windows by chance a line\n`);

const quoted = (key) => `'${key.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\x1b', '\\x1b')}'`;
const rows = [...chosen].map(([key, { offset, group }]) => `  ${quoted(key)}: [${offset}, ${group}],\n`);
writeFileSync(
  fileURLToPath(new URL('../src/events/hint-windows.ts', import.meta.url)),
  `// Made by npm run build:windows from kernel logs of several machines; see assembly/choose-windows.js.

/** By what is looked for, as a regular expression: where its window begins, and of which group it is. */
export const HINT_WINDOWS: Readonly<Record<string, readonly [offset: number, group: number]>> = {
${rows.join('')}};
`,
);
