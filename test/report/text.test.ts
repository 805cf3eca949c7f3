import { describe, expect, test } from 'vitest';
import type { Analysis, AssumptionKind, Finding } from '../../src/model/analysis.ts';
import { foldAssumptions } from '../../src/report/assumptions.ts';
import { renderText, type TextOptions } from '../../src/report/text.ts';
import { CLEAN, SAMPLE } from './sample.ts';

const PLAIN: TextOptions = {
  width: 100,
  color: false,
  floor: 'probable',
  verbose: false,
  quiet: false,
  settledBy: () => ['bind', 'guest-request'],
  scope: { absent: null, window: null, recorded: new Set() },
};

const render = (analysis: Analysis, options: Partial<TextOptions> = {}): string =>
  renderText(analysis, { ...PLAIN, ...options });

function withFindings(change: (finding: Finding) => Finding): Analysis {
  return { ...SAMPLE, findings: SAMPLE.findings.map(change) };
}

const asPossible = withFindings((finding) => ({ ...finding, verdict: 'possible', severity: 'warning' }));

describe('a headline', () => {
  const text = render(SAMPLE);

  test('the sections stand in the order of their weight', () => {
    const headings = text.split('\n').filter((line) => /^[A-Z][A-Z ]+$/.test(line));
    expect(headings).toEqual(['SEEN', 'HEADLINES', 'STATES', 'COVERAGE', 'CAPTURE HEALTH', 'NEXT STEPS']);
  });

  test.each([80, 100])('the first one stands on the first screen of %i columns, below what was not seen', (width) => {
    const screen = render(SAMPLE, { width }).split('\n').slice(0, 24).join('\n');
    expect(screen).toMatch(/^ {2}\d+ rules blind: [\s\S]*^1\. PROBABLE/m);
    expect(screen).toContain(' > trace.probes.txt:107: violation: ');
  });

  test('verdict, rule, device and time are on one line', () => {
    expect(text).toContain('\n1. PROBABLE  unbind-before-disable  0000:02:00.0  at 55.473743\n');
  });

  test('its evidence can be grepped by file and line, the violation is marked', () => {
    expect(text).toContain('\n   trace.probes.txt:81: state: tsm.bind at 55.467196\n');
    expect(text).toContain('\n > trace.probes.txt:107: violation: vfio.disable at 55.473743\n');
    expect(text).toMatch(/vfio_disable:\s+\(vfio_pci_core_disable\+0x0\/0x400/);
  });

  test('states before and after, reason, remedy and what speaks against it are told', () => {
    expect(text).toContain('states:  bound; contract locked|run -> locked|run; device locked|run -> error');
    expect(text).toMatch(/why: {5}Disabling clears Bus Master Enable/);
    expect(text).toMatch(/do: {6}Unbind the TDI/);
    expect(text).toMatch(/assumed: an unbind that the trace did not record/);
    expect(text).toMatch(/confirm: a read-back/);
  });

  test('what follows from it is below it, one line each', () => {
    expect(text).toMatch(/^ {5}trace\.probes\.txt:110: probable: bme-clear-while-locked: 0000:02:00\.0: Bus Master/m);
    expect(text).toMatch(/^ {5}trace\.probes\.txt:113: probable: flr-while-locked: 0000:02:00\.0: the function/m);
    expect(text).not.toMatch(/^2\. /m);
  });

  test('the flag that would make it definite is named, without classes that are complete already', () => {
    expect(text).toContain('- --complete bind,guest-request: ');
    expect(render({ ...SAMPLE, complete: ['bind'] })).toContain('- --complete guest-request: ');
    expect(render({ ...SAMPLE, complete: ['bind', 'guest-request'] })).not.toContain('--complete');
  });

  test('blind rules name what to probe', () => {
    expect(text).toMatch(/- link \(TSM connect and disconnect\): probe connect_store/);
  });

  test('a reset of a port that is not known to reach the device is named, with what would tell', () => {
    const blind = SAMPLE.rules.map((rule) =>
      rule.rule === SAMPLE.rules[0]?.rule
        ? {
            ...rule,
            rule: 'conventional-reset-while-locked',
            status: 'blind' as const,
            triggers: 0,
            without_effect: 0,
            missing: ['reset' as const],
          }
        : rule,
    );
    const health = [
      {
        code: 'reset-reach-unknown' as const,
        severity: 'note' as const,
        source: 's1',
        line: 37,
        message: 'a reset below 0000:e0:01.0 was recorded',
        count: 1,
      },
    ];
    const flat = (analysis: Analysis) => render(analysis).replace(/\s+/g, ' ');
    const [told, silent] = [flat({ ...SAMPLE, rules: blind, health }), flat({ ...SAMPLE, rules: blind })];
    expect(told).toContain(
      'a reset of a port was recorded (line 37) that is not known to reach it (reset): conventional-reset-while-locked',
    );
    expect(told).toContain('- --side DIR: a reset of a port was recorded (line 37); lspci -D -vv of the host');
    expect(silent).not.toContain('--side');
    expect(silent).not.toContain('a reset of a port');
  });

  test('--quiet leaves one line', () => {
    expect(render(SAMPLE, { quiet: true })).toMatch(
      /^trace\.probes\.txt:107: probable: unbind-before-disable: 0000:02:00\.0: [^\n]*\n$/,
    );
    expect(render(CLEAN, { quiet: true })).toBe('');
  });

  test('a device without an address is named by what is known of it', () => {
    const [device] = SAMPLE.devices;
    if (device === undefined) throw new Error('the sample has a device');
    const nameless: Analysis = {
      ...withFindings((finding) => ({ ...finding, device: null })),
      devices: [{ ...device, bdf: null, aliases: ['pointer ffff8880'] }],
    };
    expect(render(nameless)).toContain('unbind-before-disable  pointer ffff8880 (address unknown)');
  });
});

describe('possible findings', () => {
  test('are counted, and shown only where they are asked for', () => {
    const text = render(asPossible);
    expect(text).toMatch(/^tdi-trace 0\.1\.0: no rule seen broken; 1 possible headline\n/);
    expect(text).toContain('1 more that is only possible: --verbose shows it');
    expect(text).not.toContain('POSSIBLE');
    expect(render(asPossible, { floor: 'possible' })).toContain('\n1. POSSIBLE  unbind-before-disable');
  });

  test('a possible headline above a probable finding is shown: the finding must not get lost', () => {
    const mixed = withFindings((finding) => (finding.headline ? { ...finding, verdict: 'possible' } : finding));
    expect(render(mixed)).toContain('\n1. POSSIBLE  unbind-before-disable');
  });

  test('several headlines are listed first; a line that proves both is shown once', () => {
    const both = withFindings((finding) => ({ ...finding, headline: true, caused_by: null }));
    const text = render(both);
    expect(text).toMatch(
      /HEADLINES\n {2}1\. {2}PROBABLE {2}unbind-before-disable {3}0000:02:00\.0 {2}at 55\.473743 {2}line 107\n/,
    );
    expect(text).toContain('  3.  PROBABLE  flr-while-locked        0000:02:00.0  at 55.477993  line 113\n');
    expect(text.match(/trace\.probes\.txt:81: state: tsm\.bind at 55\.467196, as above\n/g)).toHaveLength(2);
    expect(text.match(/kvm=0x1000/g)).toHaveLength(1);
  });

  test('of those that say the same three are told in full, the others named with their lines', () => {
    const many: Analysis = {
      ...SAMPLE,
      findings: Array.from({ length: 20 }, (_, i) => i).flatMap((i) =>
        SAMPLE.findings.slice(0, 1).map((finding) => ({
          ...finding,
          id: `f${i + 1}`,
          // The fifth is another bug.
          ...(i === 4 && { summary: 'closed by somebody else' }),
          evidence: finding.evidence.map((item) => (item.role === 'violation' ? { ...item, line: 200 + i } : item)),
        })),
      ),
    };
    const text = render(many);
    expect(text.match(/^\d+\. /gm)).toEqual(['1. ', '2. ', '3. ', '5. ']);
    expect(text).toContain('\nAs 1. 16 more are alike:\n  4.   PROBABLE  unbind-before-disable ');
    expect(text).toContain('line 203\n  6.   PROBABLE');
    expect(text).toContain('line 215\n  and 4 more: --quiet names each on a line, --verbose tells each in full\n');
    expect(render(many, { verbose: true }).match(/^\d+\. /gm)).toHaveLength(20);
  });

  test('a finding whose cause was filtered out stands for itself', () => {
    const orphans = { ...SAMPLE, findings: SAMPLE.findings.slice(1) };
    expect(render(orphans)).toMatch(/^1\. PROBABLE {2}bme-clear-while-locked/m);
  });
});

test('what somebody left out is no capture without a loss', () => {
  const elided = { code: 'lines-elided', severity: 'warning', source: 's1', line: 50, message: 'x', count: 1 } as const;
  expect(render({ ...SAMPLE, health: [] })).toContain('; no loss marked\n');
  const text = render({ ...SAMPLE, health: [elided, { ...elided, line: 51, count: 2 }] });
  expect(text).toMatch(/; lines\s+LEFT OUT in 3 places\n {2}doubtful: lines-elided; see CAPTURE HEALTH\n/);
  expect(text).not.toContain('no loss marked');
});

describe('what was lost before a possible finding', () => {
  const lost = (line: number) =>
    ({ code: 'events-lost', severity: 'warning', source: 's1', line, message: `lost at ${line}`, count: 1 }) as const;
  const doubt = /^ {3}doubt: {3}(.*)$/m;

  test('is named with its place where it lies behind the lines that tell the state', () => {
    const text = render({ ...asPossible, health: [lost(50), lost(95), lost(100), lost(120)] }, { floor: 'possible' });
    expect(doubt.exec(text)?.[1]).toMatch(/^trace\.probes\.txt:100: lost at 100, and 1 such mark before it: what/);
  });

  test('is no matter elsewhere, or where the finding is surer', () => {
    expect(render({ ...asPossible, health: [lost(50), lost(120)] }, { floor: 'possible' })).not.toMatch(doubt);
    expect(render({ ...SAMPLE, health: [lost(100)] })).not.toMatch(doubt);
  });
});

describe('inconsistent findings', () => {
  const text = render(withFindings((finding) => ({ ...finding, verdict: 'inconsistent', severity: 'note' })));

  test('accuse nobody', () => {
    expect(text).toMatch(/^tdi-trace 0\.1\.0: no rule seen broken; 3 events that no state explains\n/);
    expect(text).toMatch(/HEADLINES\n {2}none\n/);
    expect(text).toMatch(/INCONSISTENT\n/);
  });
});

describe('a run without a finding', () => {
  const text = render(CLEAN);

  test('says what held and what is blind, and never that all is well', () => {
    expect(text).toMatch(
      /^tdi-trace 0\.1\.0: no rule seen broken\nHeld: 5 rules on 1 device\. Blind: 6 rules; what they judge may/,
    );
    expect(text).not.toMatch(/\b(ok|okay|passed|clean|success)\b/i);
  });

  test('says of a rule that held where its steps changed nothing', () => {
    const rules = CLEAN.rules.map((rule) => ({ ...rule, without_effect: rule.rule === 'double-bind' ? 1 : 0 }));
    expect(render({ ...CLEAN, rules })).toContain('double-bind (1x, clearing a bit that was clear)');
    const some = CLEAN.rules.map((rule) => ({
      ...rule,
      ...(rule.rule === 'double-bind' ? { triggers: 3 } : {}),
      without_effect: 1,
    }));
    expect(render({ ...CLEAN, rules: some })).toMatch(/double-bind \(3x, 1 of them clearing a\s+bit that was clear\)/);
  });

  test('without a rule that held it says that nothing was checked, and why', () => {
    const rules = CLEAN.rules.map((rule) => ({ ...rule, status: 'blind' as const, triggers: 0 }));
    expect(render({ ...CLEAN, rules })).toMatch(/\nNothing was checked: no rule met a step that it judges in a state/);
    const devices = CLEAN.devices.map((device) => ({ ...device, states: device.states.slice(0, 1) }));
    expect(render({ ...CLEAN, rules, devices })).toMatch(
      /\nNothing was checked: no line shows a device bound to a VM \(/,
    );
  });

  test('a device of which nothing could be judged makes no more rules blind', () => {
    const devices = [...CLEAN.devices, { ...CLEAN.devices[0], id: 'd2' }] as unknown as Analysis['devices'];
    const rules = [
      ...CLEAN.rules,
      ...CLEAN.rules.map((rule) => ({ ...rule, device_id: 'd2', status: 'blind' as const })),
    ];
    const text = render({ ...CLEAN, devices, rules });
    expect(text).toMatch(/\nHeld: 5 rules on 1 device\. Blind: 6 rules;/);
    expect(text).toContain('\n  6 rules blind: ');
    expect(text).toContain('\n  nothing could be judged of 0000:02:00.0\n');
  });

  test('devices about which nothing is known share one entry', () => {
    const devices = ['d1', 'd2', 'd3'].map((id) => ({ ...CLEAN.devices[0], id })) as unknown as Analysis['devices'];
    const rules = devices.map((device) => ({
      rule: 'double-bind',
      device_id: device.id,
      device: device.bdf,
      status: 'blind' as const,
      triggers: 0,
      without_effect: 0,
      findings: [],
      missing: [],
    }));
    const output = render({ ...CLEAN, devices, rules });
    expect(output).toContain('(3 devices)');
    expect(output.match(/nothing could be judged:/g)).toHaveLength(1);
  });
});

test('what would excuse the step comes first, and what is said of several records alike is said once', () => {
  const task = 'names no device: it is taken to be the only one that its task names';
  const of = (record: string) => ({ text: `${record} ${task}`, code: 'of-record', record }) as const;
  const premise = (text: string) => ({ text, code: 'premise', record: null }) as const;
  const fold = (...all: readonly (AssumptionKind & { text: string })[]) =>
    foldAssumptions({
      assumptions: all.map(({ text }) => text),
      assumption_kinds: all.map(({ code, record }) => ({ code, record })),
    });
  const bind = premise('the bind succeeded: its result was not recorded, or cannot be read');
  const other = of('line 81 (pci_tsm_bind)');
  const unseen = { text: 'an unbind, whatever the words for it are', code: 'unseen-steps', record: null } as const;
  expect(fold(of('the record'), bind, other, of('a.txt:88 (pci_tsm_guest_req)'), unseen)).toEqual([
    unseen.text,
    `the record, line 81 (pci_tsm_bind), a.txt:88 (pci_tsm_guest_req): each ${task}`,
    bind.text,
  ]);
  expect(fold(bind, other)).toEqual([bind.text, other.text]);
  // The words alone fold nothing: what they are about is told beside them.
  expect(fold(premise(other.text), premise(`the record ${task}`))).toEqual([other.text, `the record ${task}`]);
  expect(fold(bind, bind)).toEqual([bind.text]);
});

test('a device that only an address tells of can be named by who knows it', () => {
  const devices = ['pci=0xffff888003dc0000', 'vfio=0xffff888003504800', 'guest=7'].map((alias) => ({
    ...(CLEAN.devices[0] as Analysis['devices'][number]),
    bdf: null,
    aliases: [alias],
  }));
  expect(render({ ...CLEAN, devices })).toContain(
    '  - --map 0xffff888003dc0000=BDF --map 0xffff888003504800=BDF: no record tells whose this is;',
  );
  expect(render(CLEAN)).not.toContain('--map');
});

test('many inputs and devices are counted; what was lost in them is, too', () => {
  const [source] = SAMPLE.sources;
  const [device] = SAMPLE.devices;
  if (source === undefined || device === undefined) throw new Error('the sample has both');
  const sources = Array.from({ length: 8 }, (_, i) => ({ ...source, id: `s${i + 1}`, path: `${i}.txt`, lost: i }));
  const devices = Array.from({ length: 7 }, (_, i) => ({ ...device, id: `d${i + 1}` }));
  const rules = devices.flatMap(({ id }) => CLEAN.rules.slice(0, 5).map((rule) => ({ ...rule, device_id: id })));
  const text = render({ ...CLEAN, sources, devices, rules });
  const seen = text.slice(text.indexOf('SEEN'), text.indexOf('HEADLINES'));
  // 4 + 5 + 6 + 7 entries.
  expect(seen).toContain('  and 4 other inputs: 544 lines, 152 events; 22 LOST\n');
  expect(seen).toContain('  and 3 other devices of which something could be judged\n');
  expect(seen).not.toContain('4.txt');
});

test('--verbose says how much is kept of a device', () => {
  const verbose = render(SAMPLE, { verbose: true }).replace(/\s+/g, ' ');
  // The model has nine states.
  expect(verbose).toContain(
    ' kept of it: 1 of 15 states, 2 unobserved steps behind them; at most 1 step waited for later records ',
  );
  expect(render(SAMPLE)).not.toContain('kept of it');
});

describe('layout', () => {
  test('only lines that begin with a place are longer than the width', () => {
    for (const width of [80, 100]) {
      const long = render(SAMPLE, { width })
        .split('\n')
        .filter((line) => Array.from(line).length > width);
      expect(long.filter((line) => !/trace\.probes\.txt:/.test(line))).toEqual([]);
    }
  });

  test('a log line is cut with a mark, and whole with --verbose', () => {
    const text = `x${'0123456789 '.repeat(60)}end`;
    const long = withFindings((finding) => ({ ...finding, evidence: finding.evidence.map((e) => ({ ...e, text })) }));
    expect(render(long)).toContain(' [...]\n');
    expect(render(long)).not.toContain('9 end');
    expect(render(long, { verbose: true })).toContain(text);
  });

  test.each([SAMPLE, CLEAN, asPossible])('colour adds SGR codes and nothing else', (analysis) => {
    for (const verbose of [false, true]) {
      const colored = render(analysis, { color: true, verbose });
      expect(colored).toContain('\u001b[');
      expect(colored.replace(/\u001b\[[0-9;]*m/g, '')).toBe(render(analysis, { verbose }));
    }
  });
});

test('where nothing was touched, another capture is asked for', () => {
  const text = render({ ...CLEAN, devices: [], rules: [], unrecognised: [] });
  expect(text.slice(text.indexOf('NEXT STEPS'))).toMatch(
    /^NEXT STEPS\n {2}- another capture: no line of this one tells/,
  );
  expect(text).not.toContain('nothing is open');
  // A device that only IOMMU faults or AER messages name is no TDI that could be judged.
  expect(render({ ...CLEAN, rules: [] })).toContain('- another capture: ');
  expect(render({ ...CLEAN, rules: [] })).toContain('neither vfio nor the TSM was seen at work on it\n');
  expect(render(CLEAN)).not.toContain('another capture');
});

describe('what was asked for', () => {
  const WHOLE = PLAIN.scope;
  const window = { since: '1.5', until: '2', lastBoot: false, empty: false };

  test('a device that does not occur is named, with those that do', () => {
    const absent = { device: '0000:99:00.0', present: ['0000:02:00.0'] };
    const text = render({ ...CLEAN, devices: [], rules: [] }, { scope: { ...WHOLE, absent } });
    expect(text).toContain('Nothing was checked: 0000:99:00.0 does not occur in the capture.\n');
    expect(text).toContain('  devices: 0000:99:00.0 does not occur in the capture; these do: 0000:02:00.0\n');
    expect(text).not.toContain('no line names or touches a device');
    expect(text).not.toContain('nothing is open');
  });

  test('a part of the capture is named, and what is blind is blind in it', () => {
    const text = render(SAMPLE, { scope: { ...WHOLE, window } });
    expect(text).toContain('judged only: from 1.5 on (--since), up to 2 (--until); steps outside it move');
    expect(text).toContain('no such step seen in that time (hotplug): surprise-removal-while-bound');
  });

  test('a part in which nothing happened asks for no probes', () => {
    const text = render(CLEAN, { scope: { ...WHOLE, window: { ...window, empty: true } } });
    expect(text).toContain('no event stands there, nothing was');
    expect(text).toContain('- --since, --until: name a time in which events stand');
    expect(text).not.toContain(': probe ');
  });

  test('what was recorded is not asked for again', () => {
    const some = render(SAMPLE, { scope: { ...WHOLE, recorded: new Set(['connect_store']) } });
    expect(some).toMatch(/- link \(.*\): connect_store was recorded; unless on already,\s+probe\s+disconnect_store,/);
    const all = new Set(['connect_store', 'disconnect_store', '__pci_tsm_disconnect', 'pci_tsm_unregister']);
    const text = render(SAMPLE, { scope: { ...WHOLE, recorded: all } });
    expect(text).not.toContain('- link (');
    expect(text).toContain('- nothing to probe for link (bind-without-connect): ');
  });

  test('with --verbose the lines that record it are printed', () => {
    const row = "      echo 'f:tdi/connect_store connect_store bdf=dev->kobj.name:string' >> dynamic_events\n";
    const text = render(SAMPLE, { verbose: true });
    expect(text).toMatch(/- to probe: [\s\S]*\n {6}cd \/sys\/kernel\/tracing\n/);
    expect(text).toContain(row);
    expect(text).toMatch(/\n {6}echo 1 > events\/tdi\/enable\n/);
    expect(render(SAMPLE)).not.toContain('dynamic_events');
  });

  test('a rule that is only possibly violated says so', () => {
    expect(render(asPossible)).toContain('violated unbind-before-disable (possible), ');
    expect(render(SAMPLE)).toContain('violated unbind-before-disable, ');
  });
});

describe('what follows from a headline', () => {
  test('is wrapped, each still beginning with its place', () => {
    const text = render(SAMPLE, { width: 80 });
    expect(text).toMatch(
      /^ {5}trace\.probes\.txt:110: probable: bme-clear-while-locked: 0000:02:00\.0: Bus\n {9}Master Enable was/m,
    );
  });

  test('where all of it is only possible, its number stands for it', () => {
    const mixed = withFindings((finding) => (finding.headline ? finding : { ...finding, verdict: 'possible' }));
    expect(render(mixed)).toContain('\n   part of the same act, or caused by it: 2 possible ones, with --verbose\n');
    expect(render(mixed, { verbose: true })).toMatch(/caused by it:\n {5}trace\.probes\.txt:110: possible: /);
  });
});

test('health: a number is said once', () => {
  const item = { severity: 'warning', source: 's1', line: 1 } as const;
  const text = render({
    ...SAMPLE,
    health: [
      { ...item, code: 'events-lost', message: 'CPU 0 lost 500 events here', count: 500 },
      { ...item, code: 'events-lost', message: '3 more marks like the ones before, from here on', count: 1500 },
      { ...item, code: 'no-time', message: 'the records carry no time', count: 40 },
      { ...item, code: 'device-ambiguous', message: 'a pointer fits several', count: 7 },
    ],
  });
  expect(text).toContain('lost 500 events here\n');
  expect(text).toMatch(/from here\s+on\s+\(1500\s+in\s+all\)\n/);
  expect(text).toContain('carry no time\n');
  expect(text).toContain('fits several (7 times)\n');
});
