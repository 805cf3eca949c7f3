import type { RuleDoc } from '../rules/doc.ts';
import { RULE_DOCS } from '../rules/docs/index.ts';

/** The documentation of every rule, in the order of the registry. */
export function ruleDocs(): readonly RuleDoc[] {
  return RULE_DOCS;
}
