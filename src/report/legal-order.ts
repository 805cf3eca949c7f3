import { assertNever } from '../base/errors.ts';
import type { Finding, LegalOrderInfo, OperationInfo } from '../model/analysis.ts';
import type { Lookup } from './format.ts';
import { violationOf } from './headlines.ts';

/** One sentence on the smallest change of order that would have been legal; null where none was looked for. */
export function legalOrder(finding: Finding, lookup: Lookup): string | null {
  const order = finding.legal_order;
  if (order === null) return null;
  const of = (operation: OperationInfo | null) => operationText(operation, finding, lookup);
  switch (order.kind) {
    case 'move':
    case 'insert': {
      const { also } = order;
      if (also === null) return `legal with ${changeText(order, of)}`;
      if (isAddedThere(order) && isAddedThere(also) && of(order.other) === of(also.other))
        return `legal with ${of(order.what)} and ${changeText(also, of)}`;
      return `legal with ${changeText(order, of)}, and ${changeText(also, of)}`;
    }
    case 'omit':
      return `legal without ${of(order.what)}`;
    case 'none':
      return `no change of order makes it legal: ${order.reason}`;
    case 'unknown':
      return `a legal one cannot be told: ${order.reason}`;
    default:
      return assertNever(order.kind);
  }
}

/** One after the other, where both go to the same place. */
function isAddedThere({ kind, place }: Pick<LegalOrderInfo, 'kind' | 'place'>): boolean {
  return kind === 'insert' && place === 'before';
}

function changeText(
  { kind, what, place, other }: Pick<LegalOrderInfo, 'kind' | 'what' | 'place' | 'other'>,
  of: (operation: OperationInfo | null) => string,
): string {
  return `${of(what)}${kind === 'insert' ? ' added' : ''} ${place} ${of(other)}`;
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
