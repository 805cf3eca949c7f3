import { agrees } from '../replay/protocol.ts';
import { doc } from './docs/state-readback-conflict.ts';
import type { Rule } from './rule.ts';

const SAID = { unlocked: 'CONFIG_UNLOCKED', locked: 'CONFIG_LOCKED', run: 'RUN', error: 'ERROR' } as const;

export const rule: Rule = {
  doc,
  rank: 10,
  restsOnBind: false,
  settledBy: ['bind', 'guest-request', 'reset', 'config-write'],
  judge({ effect, belief, track }) {
    if (effect.type !== 'read-back') return null;
    const whose = effect.whose === 'truth' ? 'the device said' : 'the firmware believed';
    const said = `${whose} that the TDI was in ${SAID[effect.state]}`;
    if (effect.leftBy) {
      return {
        wrongIn: () => true,
        summary: `${said}: the unbind had left it so, whose STOP was refused`,
        provedByAnswer: true,
        atMost: 'probable',
        shownBy: [effect.leftBy],
        takesForGranted: ['nothing locked or started the TDI since'],
      };
    }
    const price = belief.cost((state) => agrees(state, effect));
    const isKnown = track.boundEvidence || track.startKnown || track.unbindSeen;
    const isLikely = isKnown && price - belief.cost((state) => !agrees(state, effect)) < 1;
    return {
      wrongIn: (state) => !agrees(state, effect),
      // What no history explains is told as a contradiction, and accuses nobody.
      ...(isLikely || price === Number.POSITIVE_INFINITY ? { provedByAnswer: false } : {}),
      onlyIfLikely: true,
      symptom: true,
      summary: `${said}, which nothing recorded explains`,
      contradiction: `${said}, which no history of the records leads to`,
      // An ERROR that the device itself reports is one, whatever led to it; the others only take a step that was not recorded.
      atMost: effect.whose === 'truth' && effect.state === 'error' ? 'probable' : 'possible',
    };
  },
};
