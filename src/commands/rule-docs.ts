import type { EventClass } from '../model/states.ts';
import type { RuleDoc } from '../rules/doc.ts';
import { RULES } from '../rules/index.ts';
import { ORDERS, type Order } from '../rules/orders.ts';

/** The documentation of every rule, in the order of the registry. */
export function ruleDocs(): readonly RuleDoc[] {
  return RULES.map((rule) => rule.doc);
}

/** Classes of events that have to be complete before a finding of this rule can be `definite`. */
export function classesThatSettle(id: string): readonly EventClass[] {
  return RULES.find((rule) => rule.doc.id === id)?.settledBy ?? [];
}

/** The orders that a rule judges, wholly or in part. */
export function ordersOf(id: string): readonly Order[] {
  return ORDERS.filter(({ rules }) => rules.includes(id));
}
