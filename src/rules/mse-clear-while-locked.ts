import { doc } from './docs/mse-clear-while-locked.ts';
import { chargeOfPort } from './port-clear.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  // vfio emulates Memory Space Enable of a VF: the write does not reach the device.
  concerns: (track) => !track.isVf,
  judge({ effect }) {
    if (effect.type !== 'command-clear' || effect.bit !== 'mse') return chargeOfPort(effect, 'mse');
    const charge = {
      wrongIn: isLocked,
      summary: 'a configuration write cleared Memory Space Enable while the TDI was locked or running',
      takesForGranted: ['the function is no SR-IOV VF (its Memory Space Enable would be emulated)'],
    };
    if (effect.certain) return { ...charge, atMost: 'probable' };
    return {
      ...charge,
      atMost: 'possible',
      takesForGranted: [...charge.takesForGranted, 'Memory Space Enable was set before'],
    };
  },
};
