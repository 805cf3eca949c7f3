import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Analysis, LegalOrderInfo } from '../../src/model/analysis.ts';
import { RULES } from '../../src/rules/index.ts';
import { BUGS, platformsOf, seededOn } from '../support/history/bugs.ts';
import { FTRACE } from '../support/history/forms.ts';
import { analyzeLog } from '../support/in-memory.ts';
import { omniscient, PATIENCE } from '../support/runs.ts';

/** Rules for whose bugs no order is told, or not for each of them, and why. */
const UNANSWERED: Readonly<Record<string, RegExp>> = {
  'conventional-reset-while-locked': /^hardware did it/,
  'surprise-removal-while-bound': /^hardware did it/,
  'tdisp-request-refused': /^the refusal does not say which step/,
  'state-readback-conflict': /^nothing recorded explains the state/,
  'unlock-before-private-mmio-unmap': /^the record does not say why the unlock was refused$/,
  'dma-enable-before-run': /^the firmware says that the TDI was not bound/,
  'mmio-accept-before-bind': /^the firmware says that the TDI was not bound/,
};

function ordersOf({ findings }: Analysis, rule: string): LegalOrderInfo[] {
  return findings
    .filter(({ rule: by, headline }) => by === rule && headline)
    .map(({ legal_order: order }) => order)
    .filter((order) => order !== null);
}

test.each(RULES.map(({ doc }) => doc.id))(
  '%s: what is put in is answered with an order, or with the reason why not',
  {
    timeout: PATIENCE,
  },
  async (rule) => {
    const kinds = BUGS.filter((bug) => bug.rule === rule).flatMap((bug) =>
      platformsOf(bug).map((platform) => ({ bug, platform })),
    );
    let answered = 0;
    for (const { bug, platform } of kinds) {
      for (const { entries, side } of fc.sample(seededOn(bug, platform), { numRuns: 1 })) {
        const how = { ...omniscient(platform), side };
        const orders = ordersOf(await analyzeLog(FTRACE.render(entries), how), rule);
        for (const { kind, reason } of orders) {
          if (kind !== 'none' && kind !== 'unknown') answered += 1;
          else expect(reason, bug.name).toMatch(UNANSWERED[rule] ?? /^an order$/);
        }
      }
    }
    const never = [
      'tdisp-request-refused',
      'state-readback-conflict',
      'dma-enable-before-run',
      'mmio-accept-before-bind',
    ];
    expect(answered > 0).toBe(!never.includes(rule));
  },
);
