import { describe, expect, it, test } from 'vitest';
import { RULES } from '../../src/rules/index.ts';
import { ORDERS } from '../../src/rules/orders.ts';
import { NO_FORM, SOURCE_FORMS } from './source-forms.ts';

const IDS = RULES.map(({ doc }) => doc.id);

describe('the orders that have to be kept', () => {
  test.each(ORDERS.map((order) => [order.says, order] as const))('%s', (says, { rules, unseen, source }) => {
    expect(says).toMatch(/^(?:[A-Z]|vfio).*\.$/);
    expect(says.split(/\. (?=[A-Z])/)).toHaveLength(1);
    // Judged, or said why not; or both, where a part of it is left.
    expect(rules.length > 0 || unseen !== null).toBe(true);
    expect(IDS).toEqual(expect.arrayContaining([...rules]));
    expect(new Set(rules).size).toBe(rules.length);
    if (unseen !== null) expect(unseen).toMatch(/^\S.*[^.]$/);
    expect(
      SOURCE_FORMS.some((form) => form.test(source)),
      NO_FORM,
    ).toBe(true);
  });

  it('are each said once', () => {
    expect(new Set(ORDERS.map(({ says }) => says)).size).toBe(ORDERS.length);
  });

  it('leave no rule without one', () => {
    const judging = new Set(ORDERS.flatMap(({ rules }) => rules));
    expect(
      IDS.filter((id) => !judging.has(id)),
      'src/rules/orders/: name them in the order that they judge',
    ).toEqual([]);
  });
});
