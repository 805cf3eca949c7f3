import { describe, expect, test } from 'vitest';
import { analyzeText } from '../support/analyze.ts';

// Whoever copies from a terminal, a serial console, a table or a web page gets more than what the kernel said.
const MESSAGES = [
  'vfio-pci 0000:02:00.0: enabling device (0000 -> 0002)',
  'vfio-pci 0000:02:00.0: resetting',
  'vfio-pci 0000:02:00.0: reset done',
];
const stamp = (index: number) => `1${index}.001003`;

const FORMS: Readonly<Record<string, (text: string, index: number) => string>> = {
  dmesg: (text, index) => `[   ${stamp(index)}] ${text}`,
  'dmesg -T': (text, index) => `[Sun Nov 22 05:53:1${index} 2026] ${text}`,
  syslog: (text, index) => `Nov 22 05:53:1${index} host kernel: [   ${stamp(index)}] ${text}`,
  'short-monotonic': (text, index) => `[   ${stamp(index)}] host kernel: ${text}`,
  kmsg: (text, index) => `6,${100 + index},1${index}001003,-;${text}`,
};
const PASTED: Readonly<Record<string, (line: string) => string>> = {
  'a blank at the end': (line) => `${line} `,
  'padded to a width': (line) => line.padEnd(160),
  'a tab at the end': (line) => `${line}\t`,
  'carriage returns': (line) => `${line}\r\r`,
  'a reset of colours': (line) => `${line}\x1b[0m`,
  'bold Markdown': (line) => line.replace('0000:02:00.0', '**0000:02:00.0**'),
  'entities of HTML': (line) => line.replace('->', '-&gt;'),
  'grep --color': (line) =>
    line.replace('00.0', '\x1b[01;31m\x1b[K00.0\x1b[m\x1b[K').replace('reset', '\x1b[01;31m\x1b[Kreset\x1b[m'),
};

const facts = async (lines: readonly string[]) => {
  const { sources, devices } = await analyzeText(`${lines.join('\n')}\n`);
  return { events: sources.map(({ events }) => events), devices: devices.map(({ bdf }) => bdf) };
};

describe.each(Object.entries(FORMS))('%s', (_form, printed) => {
  test.each(Object.entries(PASTED))('%s', async (_name, paste) => {
    expect(await facts(MESSAGES.map(printed).map(paste))).toEqual({ events: [3], devices: ['0000:02:00.0'] });
  });
});

test.each([
  ['quoted', '> '],
  ['indented', '    '],
  ['indented by no-break spaces', '\u00a0\u00a0'],
])('short-monotonic, %s, is no dmesg', async (_name, mark) => {
  const lines = MESSAGES.map((text, index) => `${mark}${FORMS['short-monotonic']?.(text, index)}`);
  const { sources, health } = await analyzeText(`${lines.join('\n')}\n`);
  expect(sources).toMatchObject([{ format: 'journal-monotonic', events: 3 }]);
  expect(health.filter(({ code }) => code === 'lines-repaired')).toMatchObject([{ line: 1, count: 3 }]);
});

test('what was lost inside a message is not taken for nothing', async () => {
  const [first = '', second = ''] = MESSAGES.map(FORMS['dmesg'] as (text: string, index: number) => string);
  expect(await facts([first, second.replace('resetting', 'reset\0\0\0ting')])).toMatchObject({ events: [1] });
});
