import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { symbolRow, traceEventRows } from '../../src/events/index.ts';
import { EVENT_CLASSES } from '../../src/model/states.ts';
import { CAPTURE_HINTS } from '../../src/report/capture-hints.ts';
import { probeLines } from '../../src/report/probe-lines.ts';

const HINTS = EVENT_CLASSES.map((name) => CAPTURE_HINTS[name]);
const FUNCTIONS = [...new Set(HINTS.flatMap(({ functions, inGuest = [] }) => [...functions, ...inGuest]))];

/** `f:tdi/NAME FUNCTION[%return] field=path:type ...` of a line to paste. */
function parts(line: string) {
  const [, symbol = '', isReturn, fields = ''] =
    /^echo 'f:tdi\/\w+ (\w+)(%return)?((?: \S+)*)' >> dynamic_events$/.exec(line) ?? [];
  const split = [...fields.matchAll(/ (\w+)=(\$?\w+)(\S*):(?:string|[usx]\d+)(?= |$)/g)];
  return {
    symbol,
    isReturn: isReturn !== undefined,
    fields: split.map(([, name = '', argument = '']) => ({ name, argument })),
  };
}

describe.each(FUNCTIONS)('%s, which a report asks to record', (symbol) => {
  test('is read', () => {
    expect(symbolRow(symbol) ?? traceEventRows(symbol)?.[0]).toBeDefined();
  });
});

test('functions that a note names are read', () => {
  const names = HINTS.flatMap(({ note = '' }) => note.match(/\b[a-z_]+_[a-z_]+\b/g) ?? []).filter(
    (name) => !/^(io_page|attach)/.test(name),
  );
  expect(names).toEqual(['tdx_tsm_bind', 'tdx_tdi_request', '__sev_do_cmd_locked', 'rhi_da_vdev_set_tdi_state']);
  for (const name of names) expect(symbolRow(name), name).toBeDefined();
});

describe('the lines to paste', () => {
  const lines = probeLines(FUNCTIONS).filter((line) => line.includes('f:tdi/'));

  test('fetch what is read, from an argument that the kernel calls so', () => {
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      const { symbol, isReturn, fields } = parts(line);
      const row = symbolRow(symbol);
      const known = new Set([
        ...(row?.subject?.arguments ?? []),
        ...(row?.handles ?? []).flatMap((handle) => handle.arguments),
        ...Object.values(row?.keeps ?? {}).flat(),
      ]);
      for (const { name, argument } of fields) {
        if (name === 'ret') expect([argument, isReturn]).toEqual(['$retval', true]);
        else if (name === 'bdf' || name === 'dev') expect(known, line).toContain(argument);
        else expect(known, line).toContain(name);
      }
    }
  });

  // Whoever pastes both gets each probe once: the kernel takes none of the same name and function again.
  test('are those of the README, names and all, where it has the function', () => {
    const definitions = lines.map((line) => line.replace(/^echo '|' >>.*$/g, ''));
    const readme = readFileSync('README.md', 'utf8').match(/^f:tdi\/.*$/gm) ?? [];
    const shared = readme.filter((text) => FUNCTIONS.includes(/ (\w+)/.exec(text)?.[1] ?? ''));
    expect(shared.length).toBeGreaterThan(15);
    for (const text of shared) expect(definitions).toContain(text);
    expect(readme.filter((text) => !/^f:tdi\/(\w+) \1 /.test(text.replace(/_ret (\w+)%return/, ' $1 ')))).toEqual([]);
  });

  test('end with what turns them on, tracepoints too', () => {
    expect(probeLines(['pcie_flr', 'sched_process_exit'])).toEqual([
      "echo 'f:tdi/pcie_flr pcie_flr bdf=dev->dev.kobj.name:string' >> dynamic_events",
      'echo 1 > events/tdi/enable',
      'echo 1 > events/sched/sched_process_exit/enable',
    ]);
    expect(probeLines(['sched_process_exit'])).toEqual(['echo 1 > events/sched/sched_process_exit/enable']);
    expect(probeLines([])).toEqual([]);
  });
});
