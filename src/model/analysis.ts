import type { Bdf } from '../base/bdf.ts';
import type { Compression } from '../base/compression.ts';
import type { HealthCode, HealthSeverity } from '../base/health.ts';
import type { Untrusted } from '../base/untrusted.ts';
import type { BindState, ContractState, EventClass, Platform, TdispState } from './states.ts';

/**
 * The result of an analysis: what `analyze --format json` prints, field by field in this order, and what the text report is
 * made of. Lines are 1-based; times are decimal seconds of the source's own clock.
 */
export interface Analysis {
  readonly schema: 'tdi-trace/analysis/1';
  readonly tool_version: string;
  /** The one that an input proves, unless another one proves another; {@link SourceInfo.platform} tells of each. */
  readonly platform: Platform;
  readonly platform_evidence: readonly { readonly source: string; readonly line: number }[];
  readonly from_boot: boolean;
  readonly complete: readonly EventClass[];
  readonly sources: readonly SourceInfo[];
  readonly clocks: readonly ClockRelation[];
  readonly devices: readonly DeviceInfo[];
  readonly findings: readonly Finding[];
  readonly rules: readonly RuleCoverage[];
  readonly health: readonly HealthInfo[];
  readonly unrecognised: readonly Unrecognised[];
}

/** lines = records + continuation + skipped + unparsed. `lost` counts what the tracer says it lost. */
export interface SourceInfo {
  readonly id: string;
  readonly path: string;
  readonly format: string;
  readonly compression: Compression;
  readonly clock: string;
  /** In the file, 1-based, inclusive. A file whose form changes is several sources with one path. */
  readonly first_line: number;
  readonly last_line: number;
  readonly lines: number;
  readonly records: number;
  readonly continuation: number;
  readonly events: number;
  readonly skipped: number;
  readonly unparsed: number;
  readonly lost: number;
  readonly first_time: string | null;
  readonly last_time: string | null;
  /** What its devices were judged for. */
  readonly platform: Platform;
}

/**
 * `same`: one clock, read by several sources. `related`: merged into one order by an offset that the records show. `unrelated`: the
 * first sources of several histories, each judged by itself.
 */
export interface ClockRelation {
  readonly sources: readonly string[];
  readonly relation: 'same' | 'related' | 'unrelated';
  /** Decimal seconds to add to the times of each source to have them on the clock of the first one; empty for `unrelated`. */
  readonly offsets: readonly string[];
  /** By which they may be wrong; null for `unrelated`. */
  readonly error_ns: number | null;
}

/** One device's life in one history; its times are those of the clock of the first source. `bdf` is null where no record tells it. */
export interface DeviceInfo {
  readonly id: string;
  /** The first source of the history. */
  readonly source: string;
  readonly bdf: Bdf | null;
  readonly pf: Bdf | null;
  readonly dsm: Bdf | null;
  /** The nearest known port above it. */
  readonly port: Bdf | null;
  readonly guest_bdf: string | null;
  readonly aliases: readonly string[];
  readonly from_time: string | null;
  readonly to_time: string | null;
  readonly events: number;
  readonly states: readonly StateSpan[];
  /** What the replay keeps of it; null where it was not replayed. */
  readonly belief: BeliefSize | null;
}

/** What bounds the memory of a device: by its history, however long, it does not grow past the model. */
export interface BeliefSize {
  /** States that it may be in at the end, each at its price: at most those of the model. */
  readonly states: number;
  /** Unobserved steps behind them. */
  readonly assumptions: number;
  /** Steps that waited for later records, the most at one time. */
  readonly waited: number;
}

/** What was believed from `from_time` on: every state that needs the fewest unobserved steps. `cause`: the line behind it. */
export interface StateSpan {
  readonly from_time: string | null;
  readonly to_time: string | null;
  readonly bind: readonly BindState[];
  readonly contract: readonly ContractState[];
  readonly device: readonly TdispState[];
  readonly cause: { readonly source: string; readonly line: number } | null;
}

export const VERDICTS = ['definite', 'probable', 'possible', 'inconsistent'] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly id: string;
  readonly rule: string;
  readonly verdict: Verdict;
  readonly severity: Severity;
  readonly platform: Platform;
  readonly device_id: string;
  readonly device: Bdf | null;
  readonly time: string | null;
  readonly summary: string;
  readonly consequence: string;
  readonly remedy: string;
  readonly bind_before: readonly BindState[];
  readonly contract_before: readonly ContractState[];
  readonly contract_after: readonly ContractState[];
  readonly device_before: readonly TdispState[];
  readonly device_after: readonly TdispState[];
  /** Unobserved steps that one must assume to excuse the step, and what the verdict takes for granted. */
  readonly assumptions: readonly string[];
  /** What each of them is about, in the same order. */
  readonly assumption_kinds: readonly AssumptionKind[];
  /** What to look at or capture to settle what is open. */
  readonly to_confirm: readonly string[];
  /** The smallest change of order that would have been legal; null where none was looked for. */
  readonly legal_order: LegalOrderInfo | null;
  readonly by_later_evidence: boolean;
  readonly caused_by: string | null;
  readonly headline: boolean;
  /** The rule and the sequence of event kinds, hashed; without device, time and line: the same bug elsewhere has the same. */
  readonly fingerprint: string;
  readonly evidence: readonly Evidence[];
}

/**
 * `unseen-steps`: what would have to have happened without a record for the step to be right; `of-record`: whose a record is;
 * `premise`: anything else.
 */
export const ASSUMPTION_CODES = ['unseen-steps', 'of-record', 'premise'] as const;

export interface AssumptionKind {
  readonly code: (typeof ASSUMPTION_CODES)[number];
  /** The words at the beginning of the assumption that name the record; null where it is about none. */
  readonly record: string | null;
}

export const LEGAL_ORDER_KINDS = ['move', 'insert', 'omit', 'none', 'unknown'] as const;

/**
 * `move`: `what` to stand `place` `other`; `insert`: something that was not recorded; `omit`: `what` left out; `none`: no such change is
 * legal; `unknown`: what was recorded does not allow to say. `distance`: recorded operations of the device that `what` jumps over.
 */
export interface LegalOrderInfo {
  readonly kind: (typeof LEGAL_ORDER_KINDS)[number];
  readonly what: OperationInfo | null;
  readonly place: 'before' | 'after' | null;
  readonly other: OperationInfo | null;
  readonly distance: number | null;
  /** A second change that it takes beside the first one. */
  readonly also: LegalChangeInfo | null;
  /** Why there is none. */
  readonly reason: string | null;
}

export interface LegalChangeInfo {
  readonly kind: 'move' | 'insert';
  readonly what: OperationInfo;
  readonly place: 'before' | 'after';
  readonly other: OperationInfo;
}

/** An operation by the line that begins it; without one where nobody recorded it. */
export interface OperationInfo {
  readonly name: string;
  readonly device: Bdf | null;
  readonly source: string | null;
  readonly line: number | null;
}

export const EVIDENCE_ROLES = ['violation', 'state', 'context', 'consequence', 'confirmation', 'symptom'] as const;
export type EvidenceRole = (typeof EVIDENCE_ROLES)[number];

/** A line that proves something. `event` is the event kind; `text` is the line as it stands in the source, capped. */
export interface Evidence {
  readonly source: string;
  readonly line: number;
  readonly end_line: number;
  readonly time: string | null;
  readonly role: EvidenceRole;
  readonly event: string;
  readonly text: Untrusted;
  readonly truncated: boolean;
}

export type CoverageStatus = 'violated' | 'held' | 'not-applicable' | 'blind';

/** Per device and rule: what the capture could tell. `missing`: classes whose recording would lift `blind`. */
export interface RuleCoverage {
  readonly rule: string;
  readonly device_id: string;
  readonly device: Bdf | null;
  readonly status: CoverageStatus;
  readonly triggers: number;
  /** Triggers among them that change nothing, whatever the state: a write that clears a bit which is clear. */
  readonly without_effect: number;
  readonly findings: readonly string[];
  readonly missing: readonly (EventClass | 'platform')[];
}

export interface HealthInfo {
  readonly code: HealthCode;
  readonly severity: HealthSeverity;
  readonly source: string | null;
  readonly line: number | null;
  readonly message: string;
  readonly count: number;
}

/** Lines of a subsystem that we know in a wording that we do not: counted, first one shown. */
export interface Unrecognised {
  readonly subsystem: string;
  readonly text: Untrusted;
  readonly count: number;
  readonly source: string;
  readonly line: number;
}
