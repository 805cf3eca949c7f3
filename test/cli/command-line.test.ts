import { describe, expect, test } from 'vitest';
import { shell, tdiTrace } from './spawn.ts';

const COMMANDS = ['analyze', 'timeline', 'query', 'schema', 'formats', 'rules', 'explain'];

describe('help', () => {
  test('of the program lists every command and the exit codes', () => {
    const { code, stdout, stderr } = tdiTrace(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  tdi-trace ${name}\\b`, 'm'));
    expect(stdout).toContain('130 interrupted');
  });

  test.each(COMMANDS)('of %s has examples', (name) => {
    const { code, stdout, stderr } = tdiTrace([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Examples:\\n.*tdi-trace ${name}`));
  });

  test('is English whatever LANG says', () => {
    expect(tdiTrace(['--help'], { env: { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' } }).stdout).toContain('Options:');
  });

  test('and the version load neither SQLite nor Kysely', () => {
    for (const args of [['--help'], ['--version'], ['analyze', '--help'], ['rules']]) {
      const { stderr } = tdiTrace(args, { env: { NODE_DEBUG: 'module,esm' } });
      expect(stderr).not.toMatch(/better.sqlite3|kysely/);
    }
  });
});

describe('usage errors take one line and exit with 2', () => {
  test.each([
    [[], /no command given/],
    [['analyse', 'x'], /unknown command 'analyse': did you mean 'analyze'\?/],
    [['dmesg.log'], /unknown command 'dmesg\.log': commands are analyze, /],
    [['-'], /unknown command '-': stdin: name the command first, tdi-trace analyze -/],
    [['README.md'], /'README\.md' is an input: name the command first, tdi-trace analyze README\.md/],
    [['--foo'], /unknown option --foo/],
    [['analyze', '--fromboot', 'x'], /unknown option --fromboot \(did you mean --from-boot\?\)/],
    [['analyze', '--no-from-boot', 'x'], /unknown option --no-from-boot/],
    [['analyze', '--form', 'json', 'x'], /unknown option --form /],
    [['analyze', '--db'], /--db needs a value/],
    [['analyze', '--db', '--format', 'json', 'x'], /--db needs a value/],
    [['analyze', '--db', '', 'x'], /--db needs a value/],
    [['analyze', '--db', 'a', '--db', 'b', 'x'], /--db is given more than once/],
    [['analyze', '--quiet', '--verbose', 'x'], /contradict/],
    [['analyze', '--platform', 'intel', 'x'], /--platform: 'intel' is none of auto, generic, tdx, sev-tio, cca/],
    [['analyze', '--complete', 'bind,links', 'x'], /'links' is none of start, link, .*did you mean 'link'\?/],
    [['analyze', '--complete', 'bind,,link', 'x'], /empty item/],
    [['analyze', '--rule', 'unbind-before-disabel', 'x'], /did you mean 'unbind-before-disable'\?/],
    [['analyze', '--skip-rule', 'nope', 'x'], /is none of unbind-before-disable, /],
    [['analyze', '--rule', 'flr-while-locked', '--skip-rule', 'flr-while-locked', 'x'], /leave no rule to check/],
    [['analyze', '--from-boot=maybe', 'x'], /--from-boot takes no value: 'maybe'/],
    [['analyze', '--quiet=no', 'x'], /--quiet takes no value: 'no'/],
    [['analyze', '--no-color=', 'x'], /--no-color takes no value: ''/],
    [['analyze', '--device', '1e5', 'x'], /'1e5' is no PCI address/],
    [['analyze', '--since', 'yesterday', 'x'], /'yesterday' is no time/],
    [['analyze', '--since', '2', '--until', '1', 'x'], /later than/],
    [['analyze', '--max-bytes', '1e5', 'x'], /'1e5' is no size/],
    [['analyze', '--input-format', 'dmsg', 'x'], /did you mean 'dmesg'\?/],
    [['analyze', '--fail-on', 'warning', 'x'], /is none of definite, probable, possible, never/],
    [['analyze', '--format', 'xml', 'x'], /is none of text, json/],
    [['analyze', '-', '-'], /only once/],
    [['analyze', 'README.md', './README.md'], /'README\.md' and '\.\/README\.md' are the same file: name it once/],
    [['analyze', '-o', 'package.json', 'package.json'], /'package\.json' is an input and would be overwritten/],
    [['analyze', '--db', './package.json', 'package.json'], /is an input and would be overwritten/],
    [['analyze'], /no input given: name a file, or '-' to read stdin/],
    [['timeline'], /no input given/],
    [['explain'], /which rule\?/],
    [['explain', 'unbind-be'], /no rule 'unbind-be', did you mean 'unbind-before-disable'\?/],
    [['explain', 'flr-while-lokced'], /did you mean 'flr-while-locked'\?/],
    [['rules', '--format', 'dot'], /--format dot needs --model/],
    [['rules', '-'], /unexpected argument '-'/],
    [['explain', 'a', 'b'], /unexpected argument 'b'/],
  ])('%j', (args, message) => {
    const { code, stdout, stderr } = tdiTrace(args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^tdi-trace: [^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('hostile words are shown escaped', () => {
    const { code, stderr } = tdiTrace(['analyze', '--device', '\u001b[31m\nx', 'f']);
    expect(code).toBe(2);
    expect(stderr).toContain("'\\x1b[31m\\x0ax' is no PCI address");
  });
});

describe('rules and explain', () => {
  test('every rule of the table can be explained', () => {
    const ids = tdiTrace(['rules', '--format', 'json'])
      .stdout.trim()
      .split('\n')
      .map((line): string => JSON.parse(line).id);
    expect(ids).toContain('unbind-before-disable');
    const { code, stdout } = tdiTrace(['explain', ids[0] ?? '']);
    expect(code).toBe(0);
    for (const heading of [
      'right order',
      'why',
      'otherwise',
      'what to do',
      'what shows it',
      'how to disprove a finding',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${heading}$`, 'm'));
    }
  });

  test('the table has a line for each', () => {
    expect(tdiTrace(['rules']).stdout).toMatch(/^unbind-before-disable +all +\S/m);
    expect(tdiTrace(['rules', '--model']).stdout).toMatch(/^ +LOCK_INTERFACE_REQUEST +locked +refused/m);
    expect(JSON.parse(tdiTrace(['rules', '--model', '--format', 'json']).stdout).schema).toBe('tdi-trace/model/1');
  });
});

describe('colour', () => {
  const colored = (env: Record<string, string>, args: string[] = []): boolean =>
    tdiTrace(['explain', 'unbind-before-disable', ...args], { env }).stdout.includes('\u001b[');

  test('is off in a pipe, on with FORCE_COLOR, off again with NO_COLOR and --no-color', () => {
    expect(colored({})).toBe(false);
    expect(colored({ FORCE_COLOR: '1' })).toBe(true);
    expect(colored({ FORCE_COLOR: '0' })).toBe(false);
    expect(colored({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
    expect(colored({ FORCE_COLOR: '1', NO_COLOR: '' })).toBe(true);
    expect(colored({ FORCE_COLOR: '1' }, ['--no-color'])).toBe(false);
  });
});

describe('pipes', () => {
  test('a reader that goes away is no error', () => {
    const { stdout, stderr } = shell('$TDI schema --json | head -1');
    expect({ stdout, stderr }).toEqual({ stdout: '{\n', stderr: '' });
    expect(shell('$TDI explain unbind-before-disable | true').stderr).toBe('');
  });

  test('a full disk is one', () => {
    const { code, stderr } = shell('$TDI rules > /dev/full');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^tdi-trace: cannot write the output: [^\n]*ENOSPC[^\n]*\n$/);
  });
});
