import type { Bdf } from '../../src/base/bdf.ts';
import type { Analysis, Evidence, EvidenceRole, Finding, RuleCoverage } from '../../src/model/analysis.ts';

const BDF = '0000:02:00.0' as Bdf;

// A real trace: the device file is closed, and with it vfio_pci_core_disable() runs, 120 ms before the TSM unbind.
const LINES: Readonly<Record<number, string>> = {
  81: '             drv-444     (    444) [000] ...2.    55.467196: tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200',
  88: '             drv-444     (    444) [000] ...2.    55.468315: tsm_guest_req: (pci_tsm_guest_req+0x0/0x220) bdf="0000:02:00.0" scope=1 in_len=1',
  107: '             drv-444     (    444) [000] ...2.    55.473743: vfio_disable: (vfio_pci_core_disable+0x0/0x400 [vfio_pci_core]) bdf="0000:02:00.0"',
  110: '             drv-444     (    444) [000] ...1.    55.473781: pci_clear_master: (pci_clear_master+0x0/0x90) bdf="0000:02:00.0"',
  113: '             drv-444     (    444) [000] ...1.    55.477993: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"',
};

function evidence(line: number, role: EvidenceRole, event: string, time: string): Evidence {
  return { source: 's1', line, end_line: line, time, role, event, text: LINES[line] ?? '', truncated: false };
}

const BIND = evidence(81, 'state', 'tsm.bind', '55.467196');
const RUN = evidence(88, 'state', 'tsm.guest_request', '55.468315');
const ASSUMPTION = 'an unbind that the trace did not record, between 55.467325 and 55.473743';

type Own = Pick<
  Finding,
  'id' | 'rule' | 'time' | 'summary' | 'consequence' | 'remedy' | 'device_before' | 'to_confirm' | 'fingerprint'
>;

/** A finding of this trace, its keys in the documented order. */
function finding(own: Own, violation: Evidence): Finding {
  const isHeadline = own.id === 'f1';
  return {
    id: own.id,
    rule: own.rule,
    verdict: 'probable',
    severity: 'error',
    platform: 'generic',
    device_id: 'd1',
    device: BDF,
    time: own.time,
    summary: own.summary,
    consequence: own.consequence,
    remedy: own.remedy,
    bind_before: ['bound'],
    contract_before: ['locked', 'run'],
    contract_after: ['locked', 'run'],
    device_before: own.device_before,
    device_after: ['error'],
    assumptions: [ASSUMPTION],
    assumption_kinds: [{ code: 'unseen-steps', record: null }],
    to_confirm: own.to_confirm,
    legal_order: {
      kind: 'move',
      what: { name: 'pci_tsm_unbind', device: BDF, source: 's1', line: 132 },
      place: 'before',
      other: { name: 'vfio_pci_core_close_device', device: BDF, source: 's1', line: 106 },
      distance: 2,
      also: null,
      reason: null,
    },
    by_later_evidence: false,
    caused_by: isHeadline ? null : 'f1',
    headline: isHeadline,
    fingerprint: own.fingerprint,
    evidence: [BIND, RUN, violation],
  };
}

const FINDINGS: readonly Finding[] = [
  finding(
    {
      id: 'f1',
      rule: 'unbind-before-disable',
      time: '55.473743',
      summary: 'vfio disabled the device while its TDI was still bound to the VM; the unbind came 120 ms later',
      consequence:
        'Disabling clears Bus Master Enable and resets the function: the TDI falls to ERROR, and the guest loses the device.',
      remedy:
        'Unbind the TDI (pci_tsm_unbind) before the device file is closed, or in the close path before vfio_pci_core_disable.',
      device_before: ['locked', 'run'],
      to_confirm: ['a read-back of the TDI state after 55.473743 that says ERROR'],
      fingerprint: '3f1c9a5e7b2d4c60',
    },
    evidence(107, 'violation', 'vfio.disable', '55.473743'),
  ),
  finding(
    {
      id: 'f2',
      rule: 'bme-clear-while-locked',
      time: '55.473781',
      summary: 'Bus Master Enable was cleared while the TDI was locked or running',
      consequence: 'The TDI falls to ERROR.',
      remedy: 'Stop and unbind the TDI first.',
      device_before: ['locked', 'run'],
      to_confirm: [],
      fingerprint: '90ab12cd34ef5678',
    },
    evidence(110, 'violation', 'pci.clear_master', '55.473781'),
  ),
  finding(
    {
      id: 'f3',
      rule: 'flr-while-locked',
      time: '55.477993',
      summary: 'the function was reset (FLR) while its TDI was locked, running or already in ERROR',
      consequence: 'An FLR does not unlock the TDI: it ends in ERROR.',
      remedy: 'Stop and unbind the TDI first.',
      device_before: ['error'],
      to_confirm: [],
      fingerprint: 'ab34f6108c7d9e21',
    },
    evidence(113, 'violation', 'pci.flr', '55.477993'),
  ),
];

function coverage(rule: string, status: RuleCoverage['status'], rest: Partial<RuleCoverage> = {}): RuleCoverage {
  return {
    rule,
    device_id: 'd1',
    device: BDF,
    status,
    triggers: 0,
    without_effect: 0,
    findings: [],
    missing: [],
    ...rest,
  };
}

/** What `analyze` says about that trace: one headline, two findings that follow from it. */
export const SAMPLE: Analysis = {
  schema: 'tdi-trace/analysis/1',
  tool_version: '0.1.0',
  platform: 'generic',
  platform_evidence: [],
  from_boot: false,
  complete: [],
  sources: [
    {
      id: 's1',
      path: 'trace.probes.txt',
      format: 'ftrace',
      compression: 'none',
      clock: 'unknown',
      first_line: 1,
      last_line: 136,
      lines: 136,
      records: 124,
      continuation: 0,
      events: 38,
      skipped: 12,
      unparsed: 0,
      lost: 0,
      first_time: '55.290000',
      last_time: '55.593612',
      platform: 'generic',
    },
  ],
  clocks: [{ sources: ['s1'], relation: 'same', offsets: ['0.000000'], error_ns: 0 }],
  devices: [
    {
      id: 'd1',
      source: 's1',
      bdf: BDF,
      pf: null,
      dsm: null,
      port: null,
      guest_bdf: null,
      aliases: [],
      from_time: '55.315496',
      to_time: '55.593606',
      events: 38,
      states: [
        {
          from_time: null,
          to_time: '55.467196',
          bind: ['unbound', 'connected'],
          contract: ['unlocked'],
          device: ['unlocked', 'error'],
          cause: null,
        },
        {
          from_time: '55.467196',
          to_time: '55.468315',
          bind: ['bound'],
          contract: ['locked'],
          device: ['locked'],
          cause: { source: 's1', line: 81 },
        },
        {
          from_time: '55.468315',
          to_time: '55.473743',
          bind: ['bound'],
          contract: ['locked', 'run'],
          device: ['locked', 'run'],
          cause: { source: 's1', line: 88 },
        },
        {
          from_time: '55.473743',
          to_time: '55.593552',
          bind: ['bound'],
          contract: ['locked', 'run'],
          device: ['error'],
          cause: { source: 's1', line: 107 },
        },
        {
          from_time: '55.593552',
          to_time: null,
          bind: ['connected'],
          contract: ['unlocked'],
          device: ['unlocked'],
          cause: { source: 's1', line: 132 },
        },
      ],
      belief: { states: 1, assumptions: 2, waited: 1 },
    },
  ],
  findings: FINDINGS,
  rules: [
    coverage('unbind-before-disable', 'violated', { triggers: 1, findings: ['f1'] }),
    coverage('bme-clear-while-locked', 'violated', { triggers: 2, findings: ['f2'] }),
    coverage('flr-while-locked', 'violated', { triggers: 2, findings: ['f3'] }),
    coverage('guest-request-while-unbound', 'held', { triggers: 2 }),
    coverage('double-bind', 'held', { triggers: 1 }),
    coverage('mse-clear-while-locked', 'blind'),
    coverage('surprise-removal-while-bound', 'blind', { missing: ['hotplug'] }),
    coverage('bar-zap-while-bound', 'blind', { missing: ['mmio'] }),
    coverage('state-readback-conflict', 'blind', { missing: ['firmware'] }),
    coverage('private-mmio-unmap-before-stop', 'blind', { missing: ['platform'] }),
    coverage('bind-without-connect', 'blind', { missing: ['start', 'link'] }),
    coverage('fence-not-cleared', 'not-applicable'),
  ],
  health: [
    {
      code: 'clock-unknown',
      severity: 'note',
      source: 's1',
      line: null,
      message: 'the trace does not name its clock',
      count: 1,
    },
  ],
  unrecognised: [
    {
      subsystem: 'tsm',
      text: 'drv-444 (444) [000] ...1. 55.467219: lab_bind: (lab_bind+0x0/0xb0 [labtsm])',
      count: 2,
      source: 's1',
      line: 82,
    },
  ],
};

/** The same capture had the unbind come first: nothing broken, some rules held, some blind. */
export const CLEAN: Analysis = {
  ...SAMPLE,
  findings: [],
  rules: SAMPLE.rules.map((rule) => (rule.status === 'violated' ? { ...rule, status: 'held', findings: [] } : rule)),
};
