import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ReadPart, readText } from './read-parts.ts';

const clock = (index: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, index)).toISOString().slice(0, 19);
const pad = (text: unknown, width: number) => String(text).padStart(width, ' ');

/** What programs put before the line with this index, which is counted from 0. */
const BEFORE: Readonly<Record<string, (index: number) => string>> = {
  'GitHub Actions': (index) => `${clock(index)}.1234567Z `,
  Jenkins: (index) => `[${clock(index)}.123Z] `,
  'the timestamper of Jenkins': (index) => `${clock(index).slice(11)}  `,
  'ts of moreutils': (index) => `Nov 22 ${clock(index).slice(11)} `,
  LAVA: (index) => `${clock(index)}.607377  `,
  GitLab: (index) => `${clock(index)}.123456Z 00O `,
  'docker logs -t': (index) => `${clock(index)}.123456789Z `,
  CRI: (index) => `${clock(index)}.123456789Z stdout F `,
  'kubectl logs --prefix': () => '[pod/vfio-7d9/test] ',
  'kubectl logs --prefix --timestamps': (index) => `[pod/vfio-7d9/test] ${clock(index)}.123456789Z `,
  'docker compose': () => 'test-1  | ',
  stern: () => 'vfio-7d9 test ',
  'cat -n': (index) => `${pad(index + 1, 6)}\t`,
  'cat -n, pasted': (index) => `${pad(index + 1, 6)}  `,
  'less -N': (index) => `${pad(index + 1, 7)} `,
  vim: (index) => `${pad(index + 1, 3)} `,
  diff: () => '+',
};

const FORMS = [
  'ftrace/01-function.txt',
  'ftrace/07-tgid-and-markers.txt',
  'ftrace/08-events.txt',
  'ftrace/14-graph-arguments-return.txt',
  'ftrace/18-graph-task-time.txt',
  'ftrace-latency/01-function.txt',
  'trace-cmd/03-graph.txt',
  'perf-script/01-tracepoints.txt',
  'dmesg/24-crash-log.txt',
  'kmsg/01-default.txt',
  'syslog/01-journal-short.txt',
];

describe.each(FORMS)('%s', (form) => {
  const text = readFileSync(new URL(`../../fixtures/formats/${form}`, import.meta.url), 'latin1');
  test.each(Object.entries(BEFORE))('behind what %s puts before it', async (_name, before) => {
    const lines = text.replace(/\n$/, '').split('\n');
    const prefixed = lines.map((line, index) => `${before(index)}${line}\n`).join('');
    for (const given of [null, form.replace(/\/.*/, '')]) {
      const plain = await readText(`${lines.join('\n')}\n`, given);
      const read = await readText(prefixed, given);
      const told = (all: ReadPart[]) => all.map(({ records }) => records.map((record) => ({ ...record, text: '' })));
      expect(told(read)).toEqual(told(plain));
      const first = (all: ReadPart[]) => all[0]?.records[0];
      expect(first(read)?.text.split('\n')[0]).toBe(prefixed.split('\n')[(first(read)?.line ?? 0) - 1]);
    }
  });
});
