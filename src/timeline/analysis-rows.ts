import type Database from 'better-sqlite3';
import { parseSeconds } from '../base/time.ts';
import type { Analysis, DeviceInfo, Finding } from '../model/analysis.ts';
import { rowOf } from './ids.ts';
import { prepareInsert, storableTime } from './statements.ts';
import type { Tables } from './tables.ts';

/** The tables that hold conclusions, as opposed to what was read. */
const CONCLUSIONS = [
  'analysis',
  'state',
  'finding',
  'evidence',
  'rule',
  'analysis_health',
] as const satisfies readonly (keyof Tables)[];

/** Empties the tables of conclusions. */
export function clearAnalysisRows(db: Database.Database): void {
  for (const table of CONCLUSIONS) db.prepare(`delete from ${table}`).run();
}

/**
 * Stores the document whole, and cut up into rows for the views. The document's ids have to be those of the rows (`d1` is
 * row 1 of `device`), or joins between views would lie.
 */
export function insertAnalysisRows(db: Database.Database, analysis: Analysis): void {
  checkIds(db, analysis);
  prepareInsert(db, 'analysis', ['id', 'document']).run(1, JSON.stringify(analysis));
  insertStates(db, analysis.devices);
  insertFindings(db, analysis.findings);
  const rule = prepareInsert(db, 'rule', ['rule', 'device_id', 'device', 'status', 'triggers', 'findings', 'missing']);
  for (const row of analysis.rules) {
    rule.run(
      row.rule,
      row.device_id,
      row.device,
      row.status,
      row.triggers,
      row.findings.join(','),
      row.missing.join(','),
    );
  }
  const health = prepareInsert(db, 'analysis_health', ['code', 'severity', 'source', 'line', 'message', 'count']);
  for (const row of analysis.health) {
    health.run(row.code, row.severity, row.source, row.line, row.message, row.count);
  }
}

function insertStates(db: Database.Database, devices: readonly DeviceInfo[]): void {
  const insert = prepareInsert(db, 'state', [
    'device_id',
    'bdf',
    'from_time',
    'to_time',
    'bind',
    'contract',
    'device',
    'cause_source',
    'cause_line',
  ]);
  for (const device of devices) {
    for (const span of device.states) {
      insert.run(
        device.id,
        device.bdf,
        exactTime(span.from_time),
        exactTime(span.to_time),
        span.bind.join(','),
        span.contract.join(','),
        span.device.join(','),
        span.cause?.source ?? null,
        span.cause?.line ?? null,
      );
    }
  }
}

function insertFindings(db: Database.Database, findings: readonly Finding[]): void {
  const insert = prepareInsert(db, 'finding', [
    'id',
    'rule',
    'verdict',
    'severity',
    'platform',
    'device_id',
    'device',
    'time',
    'summary',
    'consequence',
    'remedy',
    'bind_before',
    'contract_before',
    'contract_after',
    'device_before',
    'device_after',
    'assumptions',
    'to_confirm',
    'by_later_evidence',
    'caused_by',
    'headline',
    'fingerprint',
  ]);
  const evidence = prepareInsert(db, 'evidence', [
    'finding_id',
    'source',
    'line',
    'end_line',
    'time',
    'role',
    'event',
    'text',
    'truncated',
  ]);
  for (const finding of findings) {
    insert.run(
      finding.id,
      finding.rule,
      finding.verdict,
      finding.severity,
      finding.platform,
      finding.device_id,
      finding.device,
      exactTime(finding.time),
      finding.summary,
      finding.consequence,
      finding.remedy,
      finding.bind_before.join(','),
      finding.contract_before.join(','),
      finding.contract_after.join(','),
      finding.device_before.join(','),
      finding.device_after.join(','),
      JSON.stringify(finding.assumptions),
      JSON.stringify(finding.to_confirm),
      Number(finding.by_later_evidence),
      finding.caused_by,
      Number(finding.headline),
      finding.fingerprint,
    );
    for (const line of finding.evidence) {
      evidence.run(
        finding.id,
        line.source,
        line.line,
        line.end_line,
        exactTime(line.time),
        line.role,
        line.event,
        line.text,
        Number(line.truncated),
      );
    }
  }
}

/** The inverse of `formatTime`: seconds always carry a dot there, ticks never do. */
export function exactTime(text: string | null): bigint | null {
  if (text === null) return null;
  const negative = text.startsWith('-');
  const magnitude = negative ? text.slice(1) : text;
  const time = magnitude.includes('.')
    ? parseSeconds(magnitude)
    : /^[0-9]{1,20}$/.test(magnitude)
      ? BigInt(magnitude)
      : null;
  return storableTime(time !== null && negative ? -time : time);
}

function checkIds(db: Database.Database, analysis: Analysis): void {
  const exists = {
    s: db.prepare<[number], number>('select 1 from source where id = ?').pluck(),
    d: db.prepare<[number], number>('select 1 from device where id = ?').pluck(),
  };
  const check = (letter: 's' | 'd', id: string): void => {
    const row = rowOf(id, letter);
    if (row === null || exists[letter].get(row) === undefined)
      throw new Error(`analysis names ${id}, the timeline does not`);
  };
  for (const source of analysis.sources) check('s', source.id);
  for (const device of analysis.devices) check('d', device.id);
}
