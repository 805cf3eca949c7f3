import { noVfBy } from '../replay/origin-notes.ts';
import { doc } from './docs/mse-clear-while-locked.ts';
import { chargeOfPort } from './port-clear.ts';
import { isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  // vfio emulates Memory Space Enable of a VF: the write does not reach the device. A port above cuts it off all the same.
  concerns: (track, effect) => !track.isVf || effect?.type === 'port-clear',
  judge({ effect, track, options }) {
    if (effect.type !== 'command-clear' || effect.bit !== 'mse') return chargeOfPort(effect, 'mse');
    const proof = noVfBy(track, options.complete);
    const charge = {
      wrongIn: isLocked,
      summary: 'a configuration write cleared Memory Space Enable while the TDI was locked or running',
      ...(proof === null ? { toConfirm: [NO_VF] } : { shownBy: [proof] }),
    };
    const granted = proof === null ? ['the function is no SR-IOV VF (its Memory Space Enable would be emulated)'] : [];
    if (effect.certain) return proof ? charge : { ...charge, atMost: 'probable', takesForGranted: granted };
    return { ...charge, atMost: 'possible', takesForGranted: [...granted, 'Memory Space Enable was set before'] };
  },
};

const NO_VF = 'show that the function is no VF: the line "BAR 0 [mem ..]" of its enumeration; and --complete hotplug';
