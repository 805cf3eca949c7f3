import { doc } from './docs/ide-stream-stop-while-locked.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 45,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect }) {
    if (effect.type !== 'stream-stop') return null;
    return {
      wrongIn: isLocked,
      summary: 'an IDE stream of the device was stopped while the TDI was locked or running',
      onlyIfLikely: true,
      atMost: 'probable',
      takesForGranted: ['the stream was the one that the TDI was locked over'],
    };
  },
};
