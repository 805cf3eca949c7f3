import { HEALTH_CODES } from '../base/health.ts';
import type { Analysis, HealthInfo, RuleCoverage } from '../model/analysis.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { Draft } from '../rules/draft.ts';
import { deviceKey, sourceKey } from '../timeline/ids.ts';
import type { NewHealth } from '../timeline/rows.ts';
import type { TimelineReader } from '../timeline/timeline.ts';
import { compare } from './compare.ts';
import { deviceInfo } from './device-rows.ts';
import { findingsOf } from './finding-rows.ts';
import { isReported, type Judgement } from './judgement.ts';
import { Places } from './places.ts';
import { clocksOf, platformOf, platformOfAll, sourceInfo } from './source-rows.ts';

/** Shared by the many rows of coverage without a finding. */
const NONE: readonly string[] = Object.freeze([]);

/** The result as one document: ids in output order, times in the source's own clock. */
export function documentOf(reader: TimelineReader, judgement: Judgement, toolVersion: string): Analysis {
  const sources = reader.sources();
  const byId = new Map(sources.map((source) => [source.id, source]));
  const places = new Places(sources, judgement.tracks);
  const devices = reader.devices().filter((device) => judgement.device === null || device.bdf === judgement.device);
  const { findings, ids } = findingsOf(judgement, places);
  return {
    schema: 'tdi-trace/analysis/1',
    tool_version: toolVersion,
    platform: platformOfAll(judgement.hosts),
    platform_evidence: judgement.hosts
      .flatMap(({ evidence }) => evidence)
      .map((event) => ({ source: sourceKey(event.sourceId), line: event.line })),
    from_boot: judgement.fromBoot,
    complete: judgement.complete,
    sources: sources.map((source) => sourceInfo(source, platformOf(judgement.hosts, source.id))),
    clocks: clocksOf(sources),
    devices: devices.map((device) => deviceInfo(device, byId.get(device.sourceId), places)),
    findings,
    rules: coverageOf(judgement, ids),
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

function coverageOf(judgement: Judgement, ids: ReadonlyMap<Draft, string>): RuleCoverage[] {
  const found = new Map<DeviceTrack, Map<string, string[]>>();
  for (const [{ track, rule }, id] of ids) {
    const ofTrack = found.get(track) ?? new Map<string, string[]>();
    found.set(track, ofTrack);
    const ofRule = ofTrack.get(rule.doc.id);
    if (ofRule) ofRule.push(id);
    else ofTrack.set(rule.doc.id, [id]);
  }
  return judgement.coverage
    .filter(({ track }) => isReported(judgement, track))
    .map(({ rule, track, status, triggers, withoutEffect, missing }) => ({
      rule: rule.doc.id,
      device_id: deviceKey(track.id),
      device: track.bdf,
      status,
      triggers,
      without_effect: withoutEffect,
      findings: found.get(track)?.get(rule.doc.id) ?? NONE,
      missing,
    }));
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
