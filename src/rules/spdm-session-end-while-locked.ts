import { doc } from './docs/spdm-session-end-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 46,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'session-end') return null;
    return {
      wrongIn: isLocked,
      summary: 'the SPDM session of the device was ended while the TDI was locked or running',
      onlyIfLikely: true,
      atMost: 'probable',
      takesForGranted: ['the session was the one that the TDI was locked over'],
    };
  },
};
