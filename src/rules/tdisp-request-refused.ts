import { doc } from './docs/tdisp-request-refused.ts';
import { unlessOtherNumbers } from './other-numbers.ts';
import { NOT_ITS_STOP, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 5,
  restsOnBind: false,
  settledBy: ['firmware'],
  judge({ effect }) {
    if (effect.type !== 'refusal' || effect.answer === 'unknown' || effect.answer === 'unfinished') return null;
    const { answer, command } = effect;
    const charge = { wrongIn: () => true, symptom: true } as const;
    switch (answer) {
      case 'ok':
      case 'queued':
        return { ...charge, provedByAnswer: false, summary: `${command} was refused` };
      case 'wrong-state':
        return unlessOtherNumbers(
          {
            ...charge,
            provedByAnswer: true,
            ...(effect.named ? {} : { atMost: 'probable' }),
            summary: `${command} was refused: the answer says that the TDI was in the wrong state for it`,
            ...(effect.stop ? { atMost: 'possible', takesForGranted: [NOT_ITS_STOP], shownBy: [effect.stop] } : {}),
          },
          effect.otherNumbers,
        );
      case 'mapped':
        return {
          ...charge,
          provedByAnswer: true,
          summary: `${command} was refused: the answer says that device memory was still mapped`,
        };
      case 'not-ready':
      case 'refused':
        return {
          ...charge,
          provedByAnswer: true,
          atMost: 'possible',
          summary: `${command} was refused`,
          takesForGranted: ['the state of the TDI was the reason: the record does not name one'],
        };
    }
  },
};
