import { assertNever } from '../base/errors.ts';
import type { Finding, OperationInfo } from '../model/analysis.ts';
import type { Lookup } from './format.ts';
import { violationOf } from './headlines.ts';

/** One sentence on the smallest change of order that would have been legal; null where none was looked for. */
export function legalOrder(finding: Finding, lookup: Lookup): string | null {
  const order = finding.legal_order;
  if (order === null) return null;
  const of = (operation: OperationInfo | null) => operationText(operation, finding, lookup);
  switch (order.kind) {
    case 'move':
      return `legal with ${of(order.what)} ${order.place} ${of(order.other)}`;
    case 'insert':
      return `legal with ${of(order.what)} added ${order.place} ${of(order.other)}`;
    case 'omit':
      return `legal without ${of(order.what)}`;
    case 'none':
      return `no single change makes it legal: ${order.reason}`;
    case 'unknown':
      return `a legal one cannot be told: ${order.reason}`;
    default:
      return assertNever(order.kind);
  }
}

/** `pci_tsm_unbind (line 132)`; with the source where it is another one, with the device where it is. */
function operationText(operation: OperationInfo | null, finding: Finding, lookup: Lookup): string {
  if (operation === null) return '?';
  const { name, device, source, line } = operation;
  const notes: string[] = [];
  if (line !== null) {
    const isHere = source === violationOf(finding)?.source;
    notes.push(isHere ? `line ${line}` : lookup.place(source, line).slice(0, -1));
  }
  if (device !== null && device !== finding.device) notes.push(device);
  return notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
}
