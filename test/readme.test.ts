import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../src/commands/index.ts';
import { RULES } from '../src/rules/index.ts';

// What the README shows is what the program prints. `[...]` on a line of its own stands for lines left out.
const README = readFileSync('README.md', 'utf8');

/** The words of a command line; only double quotes group. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

const EXAMPLES = [...README.matchAll(/^```console\n\$ tdi-trace (.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
  command: match[1] ?? '',
  shown: (match[2] ?? '').trimEnd(),
}));

function run(command: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['bin/tdi-trace.js', ...words(command)], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(stderr).toBe('');
  return stdout.trimEnd();
}

test('the README shows runs of the program', () => {
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(6);
});

describe.each(EXAMPLES)('$command', ({ command, shown }) => {
  test('prints what the README shows', () => {
    let rest = run(command).split('\n');
    for (const [index, part] of shown.split(/^\[\.\.\.\]$\n?/m).entries()) {
      const lines = part.trimEnd() === '' ? [] : part.trimEnd().split('\n');
      const at = index === 0 ? 0 : rest.indexOf(lines[0] ?? '');
      expect(rest.slice(at, at + lines.length)).toEqual(lines);
      rest = rest.slice(at + lines.length);
    }
    // Without an elision at the end the output ends where the README does.
    if (!shown.endsWith('[...]')) expect(rest).toEqual([]);
  });
});

test('both commands of the newcomer are there, and what they name exists', () => {
  const commands = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]?.trim());
  expect(commands).toEqual([
    'npm ci && npx tdi-trace analyze fixtures/captures/close-before-unbind/trace.probes.txt',
    'npm ci && npm test',
  ]);
  for (const match of README.matchAll(/(?:fixtures|src)\/[\w./-]+/g)) {
    expect(existsSync(match[0].replace(/\.$/, '')), match[0]).toBe(true);
  }
});

test('every command is mentioned, and every rule listed', () => {
  const names = [...COMMANDS.map(({ name }) => name), ...RULES.map(({ doc }) => doc.id)];
  expect(names.filter((name) => !README.includes(name))).toEqual([]);
});
