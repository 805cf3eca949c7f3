import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tdiTrace } from './spawn.ts';

const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DMESG = `> [   13.377318] [   T86] vfio-pci 0000:02:00.0: resetting
> [   13.492693] [   T86] vfio-pci 0000:02:00.0: reset done
`;
const TRACE = `# tracer: nop
#
CPU:1 [LOST 12 EVENTS]
             drv-278     (    278) [001] ...2.    85.767238: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"
             drv-278     (    278) [001] ...2.    85.767300: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"
`;
const NUMBERS = '291 1 112856497293 type: 621\n'.repeat(5);

beforeAll(() => {
  writeFileSync(join(folder, 'mail.txt'), `Hi,\n\n${DMESG}\nand the trace:\n\n${TRACE}`.replaceAll('\n', '\r\n'));
  writeFileSync(join(folder, 'raw.txt'), `# tracer: nop\n#\n${NUMBERS}`);
  writeFileSync(join(folder, 'plain.txt'), '[Sun Nov 22 05:53:14 2026] vfio-pci 0000:02:00.0: resetting\n');
});

const run = (...args: string[]) => tdiTrace(['formats', ...args], { cwd: folder });

describe('formats FILE', () => {
  test('says what each part of a file is, and why', () => {
    const { code, stdout, stderr } = run('mail.txt');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`mail.txt lines 1-7: dmesg
  is:        kernel log as dmesg prints it with any options for time, level or colour, a serial
             console with time stamps, vmcore-dmesg, log of crash
  because:   it explains 2 of the first 4 lines (no other form fits)
  clock:     printk, 13.377318 .. 13.492693
  lines:     7 = 2 records + 3 skipped + 2 not understood
  quirks:    lines end in CR LF; a caller column (CONFIG_PRINTK_CALLER); quoted
  health:    line 3: lines-repaired: 2 lines had been changed on the way here: 2 quoted or indented;
             they were read as they had been
mail.txt lines 8-12: ftrace
  is:        ftrace text: /sys/kernel/tracing/trace and trace_pipe of the function, function_graph
             and nop tracers
  because:   it explains 5 of the first 5 lines (no other form fits)
  begins:    line 8: what stands at the head of a file of its own stands here
  clock:     ftrace, 85.767238 .. 85.767300
  lines:     5 = 2 records + 3 skipped
  quirks:    lines end in CR LF; a tgid column (option record-tgid); 5 flag characters (kernels
             since 5.17)
  lost:      line 10: events-lost: CPU 1 lost 12 events here
`);
  });

  test('as one object a part', () => {
    const { code, stdout } = run('--format', 'json', 'mail.txt');
    const parts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(parts).toMatchObject([
      {
        path: 'mail.txt',
        format: 'dmesg',
        first_line: 1,
        last_line: 7,
        begins: null,
        clock: 'printk',
        first_time: '13.377318',
        records: 2,
        unparsed: 2,
        sampled: 4,
        explained: 2,
        runner_up: null,
        advice: null,
      },
      { format: 'ftrace', first_line: 8, last_line: 12, lost: 12, advice: null },
    ]);
  });

  test('says what to capture instead', () => {
    const { code, stdout } = run('plain.txt');
    expect(code).toBe(0);
    expect(stdout).toContain('plain.txt: dmesg\n');
    expect(stdout).toContain(`  quirks:    times of the calendar (dmesg -T)
  better:    the times are computed from the uptime and are wrong after a suspend: record with dmesg
             -x, or journalctl -k -o json
`);
  });

  test('says why a file cannot be read, and goes on with the others', () => {
    const { code, stdout } = run('missing.txt', 'raw.txt', 'plain.txt');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^cannot be read: missing\.txt: no such file/);
    expect(stdout).toMatch(
      /raw\.txt: holds no kernel log line: 5 of the first 5 lines are ftrace entries printed\s+as numbers/,
    );
    expect(stdout).toContain('plain.txt: dmesg');
    const [first] = run('--format', 'json', 'missing.txt').stdout.split('\n');
    expect(JSON.parse(first ?? '')).toEqual({
      path: 'missing.txt',
      format: null,
      error: 'missing.txt: no such file: check the path',
    });
  });

  test('without a file lists the forms', () => {
    const { code, stdout } = run();
    expect(code).toBe(0);
    expect(stdout).toContain('\nThe format is detected from the content; --input-format overrides it.\n');
  });
});

test('analyze names the parts of a file, and points to lines of the file', () => {
  const { code, stdout } = tdiTrace(['analyze', 'mail.txt'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toContain('  mail.txt lines 1-7: dmesg, 7 lines, ');
  expect(stdout).toContain('  mail.txt lines 8-12: ftrace, 5 lines, ');
  expect(stdout).toContain('mail.txt:10: warning: events-lost');
  const { sources } = JSON.parse(tdiTrace(['analyze', '--format', 'json', 'mail.txt'], { cwd: folder }).stdout);
  expect(sources).toMatchObject([
    { id: 's1', path: 'mail.txt', first_line: 1, last_line: 7, lines: 7 },
    { id: 's2', path: 'mail.txt', first_line: 8, last_line: 12, lines: 5 },
  ]);
});
