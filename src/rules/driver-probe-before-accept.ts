import { doc } from './docs/driver-probe-before-accept.ts';
import type { Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 22,
  restsOnBind: false,
  settledBy: ['guest-request'],
  judge({ effect, event, options }) {
    if (effect.type !== 'driver-attached') return null;
    const shownBy = effect.locked === null ? [] : [effect.locked];
    const charge = {
      wrongIn: () => true,
      shownBy,
      summary: 'a driver was attached to a TDI that was locked and not accepted',
    };
    if (effect.how === 'right') return { ...charge, provedByAnswer: false };
    if (effect.how === 'early') {
      const complete = options.complete.has('guest-request');
      return {
        ...charge,
        // Kernels let a driver use a device that is locked and not accepted, as any other one: whether it should is a guest's policy.
        atMost: complete && event.outcome === 'ok' ? 'probable' : 'possible',
        takesForGranted: [
          ...(complete ? [] : ['an accept or unlock would have been recorded']),
          ...(event.outcome === 'ok' ? [] : ['the probe succeeded: its result was not recorded, or cannot be read']),
          'the guest means its driver to wait for the accept',
        ],
      };
    }
    return {
      ...charge,
      provedByAnswer: true,
      lacking: { what: 'pci_device_remove', kind: 'driver.remove', single: true },
      summary: `the ${effect.step} of the TDI was refused with -EBUSY: a driver was attached`,
      atMost: 'possible',
      severity: 'note',
      symptom: true,
      takesForGranted: [
        'a driver was the reason: the TSM may be busy, and a device that is locked already says so, too',
      ],
    };
  },
};
