import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANALYSIS_SCHEMA } from '../../src/report/analysis-schema.ts';
import { interrupt, tdiTrace } from './spawn.ts';

// Lines of a real trace of a lab machine: fprobe events around a bind, a close and an unbind.
const BDF = 'bdf="0000:02:00.0"';
const LINES = {
  bind: `             drv-444     (    444) [000] ...2.    55.467196: tsm_bind: (pci_tsm_bind+0x0/0x100) ${BDF} kvm=0x1000 tdi_id=0x200`,
  bound: `             drv-444     (    444) [000] ...1.    55.467325: tsm_bind_ret: (ctl_write+0x15f/0x220 [labtsm] <- pci_tsm_bind) ${BDF} ret=0`,
  disable: `             drv-444     (    444) [000] ...2.    55.473743: vfio_disable: (vfio_pci_core_disable+0x0/0x400 [vfio_pci_core]) ${BDF}`,
  reset: `             drv-444     (    444) [000] ...1.    55.477993: pcie_flr: (pcie_flr+0x0/0x160) ${BDF}`,
  disabled: `             drv-444     (    444) [000] ...1.    55.586292: vfio_disable_ret: (vfio_pci_core_close_device+0x6b/0xe0 [vfio_pci_core] <- vfio_pci_core_disable) ${BDF}`,
  unbind: `             drv-444     (    444) [000] ...2.    55.593552: tsm_unbind: (pci_tsm_unbind+0x0/0x30) ${BDF}`,
  unbound: `             drv-444     (    444) [000] ...1.    55.593606: tsm_unbind_ret: (ctl_write+0x1f3/0x220 [labtsm] <- pci_tsm_unbind) ${BDF}`,
  lost: 'CPU:0 [LOST 12 EVENTS]',
};

const trace = (...names: (keyof typeof LINES)[]): string =>
  `# tracer: nop\n#\n${names.map((name) => `${LINES[name]}\n`).join('')}`;

const WRONG = trace('bind', 'bound', 'disable', 'reset', 'disabled', 'unbind', 'unbound');
const RIGHT = trace('bind', 'bound', 'unbind', 'unbound');

let folder: string;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tdi-trace-e2e-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('exit codes', () => {
  test('1: the headline, with the lines that prove it', () => {
    const path = file('wrong.txt', WRONG);
    const { code, stdout, stderr } = tdiTrace(['analyze', path]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^1\. PROBABLE {2}unbind-before-disable {2}0000:02:00\.0 {2}at 55\.473743$/m);
    expect(stdout).toContain(` > ${path}:5: violation: vfio.disable at 55.473743\n`);
    expect(stdout).toContain(`   ${path}:3: state: tsm.bind at 55.467196\n`);
  });

  test('1 from stdin as well, with the same findings', () => {
    const { code, stdout } = tdiTrace(['analyze', '--quiet', '-'], { input: WRONG });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-:5: probable: unbind-before-disable: 0000:02:00\.0: [^\n]+\n$/);
  });

  test('0 where the order was right, and what could not be seen is told', () => {
    const { code, stdout } = tdiTrace(['analyze', file('right.txt', RIGHT)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tdi-trace [^\n]*: no rule seen broken\n/);
    expect(stdout).toMatch(/Blind: \d+ rules/);
  });

  test('0 or 1 as --fail-on says, and --complete makes it definite', () => {
    const path = file('wrong.txt', WRONG);
    expect(tdiTrace(['analyze', '--fail-on', 'definite', path]).code).toBe(0);
    expect(tdiTrace(['analyze', '--fail-on', 'never', path]).code).toBe(0);
    expect(tdiTrace(['analyze', '--fail-on', 'definite', '--complete', 'bind', path]).code).toBe(1);
  });

  test.each([
    ['a missing file', null],
    ['an empty file', ''],
    ['bytes', Buffer.alloc(5000, 'ELF\0\x01')],
    ['prose', 'Dear all,\nno log.\n'],
  ])('3: %s, in one line', (_what, content) => {
    const path = content === null ? join(folder, 'missing') : file('input', content);
    const { code, stdout, stderr } = tdiTrace(['analyze', path]);
    expect(stderr).toMatch(/^tdi-trace: [^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test('3: nothing within the limit, which is named', () => {
    const { code, stdout, stderr } = tdiTrace(['analyze', '--max-bytes', '10', file('wrong.txt', WRONG)]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(
      /^tdi-trace: [^\n]*wrong\.txt: [^\n]* first 10 bytes, which is the limit: raise --max-bytes\n$/,
    );
  });

  test('3: a directory without a log', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(tdiTrace(['analyze', empty]).code).toBe(3);
  });

  test('3 beats 1, and the other input is still reported', () => {
    const { code, stdout, stderr } = tdiTrace(['analyze', join(folder, 'missing'), file('wrong.txt', WRONG)]);
    expect(code).toBe(3);
    expect(stdout).toContain('PROBABLE  unbind-before-disable');
    expect(stderr).toMatch(/^tdi-trace: [^\n]*missing[^\n]*\n$/);
  });

  test('4 beats 1 with --strict-capture only', () => {
    const path = file('lost.txt', trace('bind', 'bound', 'lost', 'disable', 'disabled'));
    expect(tdiTrace(['analyze', '--strict-capture', path]).code).toBe(4);
    expect(tdiTrace(['analyze', path]).code).not.toBe(4);
  });

  test('70: loud, with a stack', () => {
    const script = 'String.prototype.padEnd = () => { throw new TypeError("sabotage"); };';
    const sabotage = `data:text/javascript,${encodeURIComponent(script)}`;
    const { code, stderr } = tdiTrace(['rules'], { env: { NODE_OPTIONS: `--import=${sabotage}` } });
    expect(code).toBe(70);
    expect(stderr).toMatch(/^tdi-trace: internal error, please report it [^\n]*\nTypeError: sabotage\n {4}at /);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('130: %s, and nothing is left behind', async (signal) => {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const { code, stdout, stderr } = await interrupt(['analyze', '-'], process.execPath, signal, 1000, {
      TMPDIR: temporary,
    });
    expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: '', stderr: 'tdi-trace: interrupted\n' });
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('JSON', () => {
  test('fits its schema, and is the same for the same bytes', () => {
    const path = file('wrong.txt', WRONG);
    const { code, stdout } = tdiTrace(['analyze', '--format', 'json', path]);
    expect(code).toBe(1);
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(ANALYSIS_SCHEMA);
    validate(JSON.parse(stdout));
    expect(validate.errors).toBeNull();
    expect(tdiTrace(['analyze', '--format', 'json', path]).stdout).toBe(stdout);
  });

  test('says the same whether the timeline is kept or not, and one that is not leaves nothing behind', () => {
    const temporary = join(folder, 'private');
    mkdirSync(temporary);
    const path = file('wrong.txt', WRONG);
    const options = { env: { TMPDIR: temporary } };
    const { stdout } = tdiTrace(['analyze', '--format', 'json', path], options);
    expect(JSON.parse(stdout).findings).not.toEqual([]);
    expect(tdiTrace(['analyze', '--format', 'json', '--db', join(folder, 'kept.db'), path], options).stdout).toBe(
      stdout,
    );
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('-o and --db write whole files; the timeline gives the same findings', () => {
    const path = file('wrong.txt.gz', gzipSync(WRONG));
    const report = join(folder, 'report.json');
    const db = join(folder, 'run.db');
    const { code, stdout } = tdiTrace(['analyze', '--format', 'json', '-o', report, '--db', db, path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(readdirSync(folder).sort()).toEqual(['report.json', 'run.db', 'wrong.txt.gz']);
    const { findings } = JSON.parse(readFileSync(report, 'utf8'));
    const again = tdiTrace(['analyze', '--format', 'json', db]);
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout).findings).toEqual(findings);
  });
});

describe('timeline', () => {
  test('says so where it has nothing to tell', () => {
    const { code, stdout, stderr } = tdiTrace(['timeline', '--device', '99:00.0', file('wrong.txt', WRONG)]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(
      /^tdi-trace: --device: 0000:99:00\.0 does not occur in the capture; these do: 0000:02:00\.0\n$/,
    );
  });

  test('tells events and states in order', () => {
    const path = file('wrong.txt', WRONG);
    const { code, stdout } = tdiTrace(['timeline', path]);
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split('\n');
    expect(rows[0]).toMatch(/wrong\.txt:3: +55\.467196 {2}0000:02:00\.0 {2}is [\da-f:.]+ in its VM$/);
    expect(rows[1]).toMatch(/wrong\.txt:3: +55\.467196 {2}0000:02:00\.0 {2}tsm\.bind +enter ok/);
    expect(rows[2]).toMatch(/wrong\.txt:3: +55\.467196 {2}0000:02:00\.0 {2}-> bound, contract locked, device locked$/);
    expect(stdout).toMatch(/wrong\.txt:5: .* -> bound, .*device error$/m);
    expect(tdiTrace(['timeline', '--device', '03:00.0', path]).stdout).toBe('');
  });
});

test('hostile bytes of a log reach no output', () => {
  const evil = WRONG.replaceAll('drv-444', '\u001b]0;x\u0007\u009b-444').replace('kvm=0x1000', 'kvm=\u202e\u001b[31m');
  const path = file('evil.txt', evil);
  for (const args of [
    ['analyze', '--verbose'],
    ['timeline'],
    ['analyze', '--format', 'json'],
    ['timeline', '--format', 'json'],
  ]) {
    const { stdout, stderr } = tdiTrace([...args, path]);
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
    expect({ stderr, isEmpty: stdout === '' }).toEqual({ stderr: '', isEmpty: false });
  }
});
