import { noVf } from '../replay/origin-notes.ts';
import { doc } from './docs/mse-clear-while-locked.ts';
import { chargeOfPort } from './port-clear.ts';
import { fromSideForLife, isLocked, KEPT, LOCK_CLASSES, type Rule, SHOW_NO_VF } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  // vfio emulates Memory Space Enable of a VF: the write does not reach the device. A port above cuts it off all the same.
  concerns: (track, effect) => !track.isVf || effect?.type === 'port-clear',
  judge({ effect, track, options }) {
    if (effect.type === 'command-kept' && effect.bit === 'mse') return KEPT;
    if (effect.type !== 'command-clear' || effect.bit !== 'mse') return chargeOfPort(effect, 'mse');
    const shown = noVf(track, options);
    const charge = {
      wrongIn: isLocked,
      summary: 'a configuration write cleared Memory Space Enable while the TDI was locked or running',
      ...(shown?.record ? { shownBy: [shown.record] } : {}),
    };
    const granted = [
      ...(shown?.side ? [fromSideForLife(shown.side)] : []),
      ...(shown === null ? ['the function is no SR-IOV VF (its Memory Space Enable would be emulated)'] : []),
      ...(shown?.isProof === false && shown.record ? ['no VF has taken the address of the function since'] : []),
      ...(effect.certain ? [] : ['Memory Space Enable was set before']),
    ];
    const told = { ...charge, takesForGranted: granted };
    if (shown === null) return { ...told, atMost: 'possible', toConfirm: [SHOW_NO_VF] };
    if (!effect.certain) return { ...told, atMost: 'possible' };
    return shown.isProof ? told : { ...told, atMost: 'probable', toConfirm: [NO_OTHER] };
  },
};
const NO_OTHER =
  'if the capture holds every coming and going of functions, say so, and the address had one function only: --complete hotplug';
