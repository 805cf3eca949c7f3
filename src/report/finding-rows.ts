import type { Change, LegalOrder, Recorded } from '../legal/order.ts';
import type { Evidence, Finding, LegalChangeInfo, LegalOrderInfo, OperationInfo } from '../model/analysis.ts';
import { type Draft, type DraftEvidence, fingerprintOf } from '../rules/draft.ts';
import { kindOf, textOf } from '../rules/premise.ts';
import { deviceKey, sourceKey } from '../timeline/ids.ts';
import { compare } from './compare.ts';
import { isReported, type Judgement } from './judgement.ts';
import type { Places } from './places.ts';
import { platformOf } from './source-rows.ts';

const EVIDENCE_TEXT_MAX = 2000;

/** The findings in output order, and how each is called. */
export function findingsOf(judgement: Judgement, places: Places): { findings: Finding[]; ids: Map<Draft, string> } {
  const drafts = judgement.drafts
    .filter((draft) => isReported(judgement, draft.track))
    .toSorted(
      (a, b) =>
        a.violation.sourceId - b.violation.sourceId ||
        a.violation.line - b.violation.line ||
        compare(a.rule.doc.id, b.rule.doc.id) ||
        a.track.id - b.track.id,
    );
  const ids = new Map(drafts.map((draft, index) => [draft, `f${index + 1}`]));
  return { findings: drafts.map((draft) => findingOf(draft, ids, judgement, places)), ids };
}

function findingOf(
  draft: Draft,
  ids: ReadonlyMap<Draft, string>,
  { hosts, orders }: Judgement,
  places: Places,
): Finding {
  const { doc } = draft.rule;
  const order = orders.get(draft);
  return {
    id: ids.get(draft) ?? '',
    rule: doc.id,
    verdict: draft.verdict,
    severity: draft.severity,
    platform: platformOf(hosts, draft.track.sourceId),
    device_id: deviceKey(draft.track.id),
    device: draft.track.bdf,
    time: places.time(draft.violation),
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
    legal_order: order === undefined ? null : legalOrderOf(order, draft, places),
    by_later_evidence: draft.byLater,
    caused_by: draft.causedBy ? (ids.get(draft.causedBy) ?? null) : null,
    headline: draft.causedBy === null,
    fingerprint: fingerprintOf(draft),
    evidence: draft.evidence.toSorted(inOrder).map((one) => evidenceOf(one, places)),
  };
}

function legalOrderOf(order: LegalOrder, draft: Draft, places: Places): LegalOrderInfo {
  const none = { what: null, place: null, other: null, distance: null, also: null, reason: null };
  switch (order.kind) {
    case 'move':
    case 'insert':
      return {
        ...none,
        ...changeOf(order, draft, places),
        distance: order.kind === 'move' ? order.distance : null,
        also: order.also === null ? null : changeOf(order.also, draft, places),
      };
    case 'omit':
      return { ...none, kind: order.kind, what: operationOf(order.what, places) };
    default:
      return { ...none, kind: order.kind, reason: order.reason };
  }
}

function changeOf(change: Change, { track }: Draft, places: Places): LegalChangeInfo {
  const other = operationOf(change.other, places);
  if (change.kind === 'move')
    return { kind: change.kind, what: operationOf(change.what, places), place: change.place, other };
  const what = { name: change.what, device: track.bdf, source: null, line: null };
  return { kind: change.kind, what, place: 'before', other };
}

function operationOf({ name, event }: Recorded, places: Places): OperationInfo {
  return { name, device: places.bdf(event.deviceId), source: sourceKey(event.sourceId), line: event.line };
}

function evidenceOf({ event, role }: DraftEvidence, places: Places): Evidence {
  return {
    source: sourceKey(event.sourceId),
    line: event.line,
    end_line: event.endLine,
    time: places.time(event),
    role,
    event: event.kind,
    text: event.text.slice(0, EVIDENCE_TEXT_MAX),
    truncated: event.truncated || event.text.length > EVIDENCE_TEXT_MAX,
  };
}

/** In the order of the history; the violation keeps its place among the others, its role marks it. */
function inOrder(a: DraftEvidence, b: DraftEvidence): number {
  return a.event.id - b.event.id;
}
