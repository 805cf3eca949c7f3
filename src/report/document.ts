import type { Bdf } from '../base/bdf.ts';
import { HEALTH_CODES } from '../base/health.ts';
import { formatSeconds, formatTime } from '../base/time.ts';
import type { Change, LegalOrder, Recorded } from '../legal/order.ts';
import type {
  Analysis,
  BeliefSize,
  ClockRelation,
  DeviceInfo,
  Evidence,
  Finding,
  HealthInfo,
  LegalChangeInfo,
  LegalOrderInfo,
  OperationInfo,
  RuleCoverage,
  SourceInfo,
  StateSpan,
} from '../model/analysis.ts';
import type { EventClass, Platform } from '../model/states.ts';
import type { Host } from '../replay/hosts.ts';
import type { DeviceTrack } from '../replay/track.ts';
import { type Draft, type DraftEvidence, fingerprintOf } from '../rules/draft.ts';
import type { Coverage } from '../rules/judge.ts';
import { kindOf, textOf } from '../rules/premise.ts';
import { deviceKey, sourceKey } from '../timeline/ids.ts';
import type { NewHealth, StoredDevice, StoredEvent, StoredSource } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';

/** What the replay and the rules found out, with the parameters they worked under. */
export interface Judgement {
  readonly hosts: readonly Host[];
  readonly fromBoot: boolean;
  readonly complete: readonly EventClass[];
  /** Only this function is reported; null: all. */
  readonly device: Bdf | null;
  readonly tracks: readonly DeviceTrack[];
  readonly drafts: readonly Draft[];
  readonly coverage: readonly Coverage[];
  /** The smallest legal change of order, of findings for which it was looked for. */
  readonly orders: ReadonlyMap<Draft, LegalOrder>;
  /** What the replay itself found wanting. */
  readonly health: readonly NewHealth[];
}

const EVIDENCE_TEXT_MAX = 2000;

/** Shared by the many rows of coverage without a finding. */
const NONE: readonly string[] = Object.freeze([]);

/** The result as one document: ids in output order, times in the source's own clock. */
export function documentOf(reader: TimelineReader, judgement: Judgement, toolVersion: string): Analysis {
  const sources = new Map(reader.sources().map((source) => [source.id, source]));
  const writer = new DocumentWriter(sources, judgement);
  const devices = reader.devices().filter((device) => judgement.device === null || device.bdf === judgement.device);
  const { findings, ids } = writer.findings();
  return {
    schema: 'tdi-trace/analysis/1',
    tool_version: toolVersion,
    platform: platformOfAll(judgement.hosts),
    platform_evidence: judgement.hosts
      .flatMap(({ evidence }) => evidence)
      .map((event) => ({ source: sourceKey(event.sourceId), line: event.line })),
    from_boot: judgement.fromBoot,
    complete: judgement.complete,
    sources: [...sources.values()].map((source) => sourceInfo(source, platformOf(judgement.hosts, source.id))),
    clocks: clocksOf([...sources.values()]),
    devices: devices.map((device) => writer.device(device)),
    findings,
    rules: writer.coverage(ids),
    health: healthOf([...reader.health(), ...judgement.health]),
    unrecognised: reader.unrecognised().map(({ subsystem, text, count, sourceId, line }) => ({
      subsystem,
      text,
      count,
      source: sourceKey(sourceId),
      line,
    })),
  };
}

class DocumentWriter {
  readonly #sources: ReadonlyMap<number, StoredSource>;
  readonly #judgement: Judgement;

  readonly #tracks: ReadonlyMap<number, DeviceTrack>;

  constructor(sources: ReadonlyMap<number, StoredSource>, judgement: Judgement) {
    this.#sources = sources;
    this.#judgement = judgement;
    this.#tracks = new Map(judgement.tracks.map((track) => [track.id, track]));
  }

  findings(): { findings: Finding[]; ids: Map<Draft, string> } {
    const drafts = this.#judgement.drafts
      .filter((draft) => this.#reported(draft.track))
      .toSorted(
        (a, b) =>
          a.violation.sourceId - b.violation.sourceId ||
          a.violation.line - b.violation.line ||
          compare(a.rule.doc.id, b.rule.doc.id) ||
          a.track.id - b.track.id,
      );
    const ids = new Map(drafts.map((draft, index) => [draft, `f${index + 1}`]));
    return { findings: drafts.map((draft) => this.#finding(draft, ids)), ids };
  }

  #finding(draft: Draft, ids: ReadonlyMap<Draft, string>): Finding {
    const { doc } = draft.rule;
    return {
      id: ids.get(draft) ?? '',
      rule: doc.id,
      verdict: draft.verdict,
      severity: draft.severity,
      platform: platformOf(this.#judgement.hosts, draft.track.sourceId),
      device_id: deviceKey(draft.track.id),
      device: draft.track.bdf,
      time: this.#time(draft.violation),
      summary: draft.summary,
      consequence: doc.consequence,
      remedy: doc.remedy,
      bind_before: draft.before.bind,
      contract_before: draft.before.contract,
      contract_after: draft.after.contract,
      device_before: draft.before.device,
      device_after: draft.after.device,
      assumptions: draft.assumptions.map(textOf),
      assumption_kinds: draft.assumptions.map(kindOf),
      to_confirm: draft.toConfirm,
      legal_order: this.#legalOrder(draft),
      by_later_evidence: draft.byLater,
      caused_by: draft.causedBy ? (ids.get(draft.causedBy) ?? null) : null,
      headline: draft.causedBy === null,
      fingerprint: fingerprintOf(draft),
      evidence: draft.evidence.toSorted(inOrder).map((one) => this.#evidence(one)),
    };
  }

  #legalOrder(draft: Draft): LegalOrderInfo | null {
    const order = this.#judgement.orders.get(draft);
    if (order === undefined) return null;
    const none = { what: null, place: null, other: null, distance: null, also: null, reason: null };
    switch (order.kind) {
      case 'move':
      case 'insert': {
        const also = order.also === null ? null : this.#change(order.also, draft);
        return {
          ...none,
          ...this.#change(order, draft),
          distance: order.kind === 'move' ? order.distance : null,
          also,
        };
      }
      case 'omit':
        return { ...none, kind: order.kind, what: this.#operation(order.what) };
      default:
        return { ...none, kind: order.kind, reason: order.reason };
    }
  }

  #change(change: Change, { track }: Draft): LegalChangeInfo {
    const other = this.#operation(change.other);
    if (change.kind === 'move')
      return { kind: change.kind, what: this.#operation(change.what), place: change.place, other };
    const what = { name: change.what, device: track.bdf, source: null, line: null };
    return { kind: change.kind, what, place: 'before', other };
  }

  #operation({ name, event }: Recorded): OperationInfo {
    const device = event.deviceId === null ? null : (this.#tracks.get(event.deviceId)?.bdf ?? null);
    return { name, device, source: sourceKey(event.sourceId), line: event.line };
  }

  #evidence({ event, role }: DraftEvidence): Evidence {
    return {
      source: sourceKey(event.sourceId),
      line: event.line,
      end_line: event.endLine,
      time: this.#time(event),
      role,
      event: event.kind,
      text: event.text.slice(0, EVIDENCE_TEXT_MAX),
      truncated: event.truncated || event.text.length > EVIDENCE_TEXT_MAX,
    };
  }

  device(device: StoredDevice): DeviceInfo {
    const track = this.#tracks.get(device.id);
    const unit = this.#sources.get(device.sourceId)?.timeUnit ?? 'ns';
    return {
      id: deviceKey(device.id),
      source: sourceKey(device.sourceId),
      bdf: device.bdf as Bdf | null,
      pf: track?.pf ?? (device.pf as Bdf | null),
      dsm: device.dsm as Bdf | null,
      port: track?.port ?? null,
      guest_bdf: device.guestBdf,
      aliases: device.aliases,
      from_time: formatTime(device.fromTime, unit),
      to_time: formatTime(device.toTime, unit),
      events: device.events,
      states: track?.concerned ? this.#spans(track) : [],
      belief: track?.concerned ? sizeOf(track) : null,
    };
  }

  #spans(track: DeviceTrack): StateSpan[] {
    return track.spans.map(({ cause, layers }, index) => {
      const next = track.spans[index + 1]?.cause ?? null;
      return {
        from_time: cause ? this.#time(cause) : null,
        to_time: next ? this.#time(next) : null,
        ...layers,
        cause: cause ? { source: sourceKey(cause.sourceId), line: cause.line } : null,
      };
    });
  }

  coverage(ids: ReadonlyMap<Draft, string>): RuleCoverage[] {
    const found = new Map<DeviceTrack, Map<string, string[]>>();
    for (const [{ track, rule }, id] of ids) {
      const ofTrack = found.get(track) ?? new Map<string, string[]>();
      found.set(track, ofTrack);
      const ofRule = ofTrack.get(rule.doc.id);
      if (ofRule) ofRule.push(id);
      else ofTrack.set(rule.doc.id, [id]);
    }
    return this.#judgement.coverage
      .filter(({ track }) => this.#reported(track))
      .map(({ rule, track, status, triggers, missing }) => ({
        rule: rule.doc.id,
        device_id: deviceKey(track.id),
        device: track.bdf,
        status,
        triggers,
        findings: found.get(track)?.get(rule.doc.id) ?? NONE,
        missing,
      }));
  }

  #reported(track: DeviceTrack): boolean {
    return this.#judgement.device === null || track.bdf === this.#judgement.device;
  }

  #time(event: Pick<StoredEvent, 'sourceId' | 'time'>): string | null {
    return formatTime(event.time, this.#sources.get(event.sourceId)?.timeUnit ?? 'ns');
  }
}

function sizeOf({ belief, waitedMost }: DeviceTrack): BeliefSize {
  return { states: belief.size, assumptions: belief.everyAssumption().length, waited: waitedMost };
}

/** What was merged, and, where that leaves several histories, the first source of each. */
function clocksOf(sources: readonly StoredSource[]): ClockRelation[] {
  const histories = [...Map.groupBy(sources, ({ clockGroup }) => clockGroup).values()];
  const related = histories
    .filter((members) => members.length > 1)
    .map((members): ClockRelation => {
      const isSame = members.every(({ clock, clockOffset }) => clock === members[0]?.clock && clockOffset === 0n);
      return {
        sources: members.map(({ id }) => sourceKey(id)),
        relation: isSame ? 'same' : 'related',
        offsets: members.map(({ clockOffset }) => formatSeconds(clockOffset)),
        error_ns: Math.max(...members.map(({ clockError }) => clockError ?? 0)),
      };
    });
  if (histories.length < 2) return related;
  const firsts = histories.flatMap(([first]) => (first ? [sourceKey(first.id)] : []));
  return [...related, { sources: firsts, relation: 'unrelated', offsets: [], error_ns: null }];
}

/** The one that any of the inputs proves, or that the user names. */
function platformOfAll(hosts: readonly Host[]): Platform {
  const [only, ...others] = new Set(hosts.map(({ platform }) => platform).filter((platform) => platform !== 'generic'));
  return only === undefined || others.length > 0 ? 'generic' : only;
}

function platformOf(hosts: readonly Host[], sourceId: number): Platform {
  return hosts.find(({ sources }) => sources.has(sourceId))?.platform ?? 'generic';
}

function sourceInfo(source: StoredSource, platform: Platform): SourceInfo {
  const { path, format, compression, clock, lines, records, continuation, events, skipped, unparsed, lost } = source;
  return {
    id: sourceKey(source.id),
    path,
    format,
    compression,
    clock,
    first_line: source.firstLine,
    last_line: source.lastLine,
    lines,
    records,
    continuation,
    events,
    skipped,
    unparsed,
    lost,
    first_time: formatTime(source.firstTime, source.timeUnit),
    last_time: formatTime(source.lastTime, source.timeUnit),
    platform,
  };
}

function healthOf(items: readonly NewHealth[]): HealthInfo[] {
  return items
    .toSorted(
      (a, b) => (a.sourceId ?? 0) - (b.sourceId ?? 0) || (a.line ?? 0) - (b.line ?? 0) || compare(a.code, b.code),
    )
    .map(({ code, sourceId, line, message, count }) => ({
      code,
      severity: HEALTH_CODES[code].severity,
      source: sourceId === null ? null : sourceKey(sourceId),
      line,
      message,
      count,
    }));
}

/** In the order of the history; the violation keeps its place among the others, its role marks it. */
function inOrder(a: DraftEvidence, b: DraftEvidence): number {
  return a.event.id - b.event.id;
}

/** By code unit: the same everywhere, whatever the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
