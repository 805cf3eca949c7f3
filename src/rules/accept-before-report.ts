import { doc } from './docs/accept-before-report.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 20,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect }) {
    if (effect.type !== 'guest-accept' || effect.answer === 'other') return null;
    return {
      wrongIn: () => true,
      provedByAnswer: effect.answer === 'no-report',
      lacking: { what: 'GET_DEVICE_INTERFACE_REPORT', kind: 'tdisp.report', single: true },
      summary: 'the guest was told to accept the device without its interface report, and refused',
      atMost: 'possible',
      severity: 'note',
    };
  },
};
