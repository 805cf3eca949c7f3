import type { Outcome, Phase } from '../events/event.ts';
import type { NewDevice, NewSource, SourceTotals } from './rows.ts';

/** The private tables as migrations/ makes them, for kysely. Times are bigint both ways. */
export interface Tables {
  source: SourceTable;
  device: DeviceTable;
  entity: { id: number; source_id: number; device_id: number | null; certainty: NewDevice['certainty'] | 'maybe' };
  candidate: { entity_id: number; device_id: number };
  event: EventTable;
  health: HealthTable;
  unrecognised: UnrecognisedTable;
  analysis: { id: number; document: string };
  state: StateTable;
  finding: FindingTable;
  evidence: EvidenceTable;
  rule: RuleTable;
  analysis_health: AnalysisHealthTable;
}

interface SourceTable {
  id: number;
  path: string;
  format: string;
  compression: NewSource['compression'];
  clock: string;
  time_unit: SourceTotals['timeUnit'];
  first_line: number;
  last_line: number;
  lines: number;
  records: number;
  continuation: number;
  events: number;
  skipped: number;
  unparsed: number;
  lost: number;
  first_time: bigint | null;
  last_time: bigint | null;
  clock_group: number | null;
  clock_offset: bigint;
  clock_error: bigint | null;
}

interface DeviceTable {
  id: number;
  source_id: number;
  bdf: string | null;
  pf: string | null;
  dsm: string | null;
  guest_bdf: string | null;
  aliases: string;
  certainty: NewDevice['certainty'];
  from_time: bigint | null;
  to_time: bigint | null;
  events: number;
}

interface EventTable {
  id: number;
  source_id: number;
  line: number;
  end_line: number;
  time: bigint | null;
  cpu: number | null;
  task: string | null;
  pid: number | null;
  kind: string;
  phase: Phase;
  outcome: Outcome;
  code: number | null;
  symbol: string | null;
  args: string;
  text: string;
  truncated: number;
  entity_id: number | null;
  parent_id: number | null;
  root_id: number | null;
  pair_id: number | null;
  superseded_by: number | null;
  duplicate_of: number | null;
}

interface HealthTable {
  id: number;
  source_id: number | null;
  code: string;
  line: number | null;
  message: string;
  count: number;
}

interface UnrecognisedTable {
  id: number;
  source_id: number;
  subsystem: string;
  text: string;
  count: number;
  line: number;
}

interface StateTable {
  id: number;
  device_id: string;
  bdf: string | null;
  from_time: bigint | null;
  to_time: bigint | null;
  bind: string;
  contract: string;
  device: string;
  cause_source: string | null;
  cause_line: number | null;
}

interface FindingTable {
  id: string;
  rule: string;
  verdict: string;
  severity: string;
  platform: string;
  device_id: string;
  device: string | null;
  time: bigint | null;
  summary: string;
  consequence: string;
  remedy: string;
  bind_before: string;
  contract_before: string;
  contract_after: string;
  device_before: string;
  device_after: string;
  assumptions: string;
  to_confirm: string;
  by_later_evidence: number;
  caused_by: string | null;
  headline: number;
  fingerprint: string;
}

interface EvidenceTable {
  id: number;
  finding_id: string;
  source: string;
  line: number;
  end_line: number;
  time: bigint | null;
  role: string;
  event: string;
  text: string;
  truncated: number;
}

interface RuleTable {
  id: number;
  rule: string;
  device_id: string;
  device: string | null;
  status: string;
  triggers: number;
  findings: string;
  missing: string;
}

interface AnalysisHealthTable {
  id: number;
  code: string;
  severity: string;
  source: string | null;
  line: number | null;
  message: string;
  count: number;
}
