import { noVf } from '../replay/origin-notes.ts';
import { doc } from './docs/config-change-while-locked.ts';
import { fromSide, fromSideForLife, isLocked, LOCK_CLASSES, type Rule, SHOW_NO_VF } from './rule.ts';

/** SR-IOV keeps them for all VFs in its capability of the PF (PCIe Base 6.x, 9.3.4.1). */
const FIXED_OF_VF: ReadonlySet<string> = new Set(['Base Address Registers', 'Expansion ROM Base Address']);

export const rule: Rule = {
  doc,
  rank: 32,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, track, options }) {
    if (effect.type !== 'config-change') return null;
    const isOfPf = effect.ofPf || FIXED_OF_VF.has(effect.register);
    // The register is that of the PF, or fixed at 0: for a VF nothing is written.
    if (track.isVf && isOfPf) return null;
    const charge = {
      wrongIn: isLocked,
      summary: `a write to ${effect.register} reached the function while the TDI was locked or running`,
      onlyIfLikely: true,
    } as const;
    const shown = isOfPf ? noVf(track, options) : null;
    const granted = [
      ...(effect.side === null ? [] : [fromSide(effect.side)]),
      ...(shown?.side ? [fromSideForLife(shown.side)] : []),
      ...(isOfPf && shown === null ? [`the function is no SR-IOV VF (${effect.ofPf ? OF_PF : FIXED})`] : []),
    ];
    const isOpen = isOfPf && shown === null;
    const toConfirm = isOpen ? [SHOW_NO_VF] : [];
    switch (effect.old) {
      case 'same':
        // A restore puts back what stands there.
        return { ...charge, provedByAnswer: false };
      case 'differs':
        return {
          ...charge,
          // The list of registers is informative: a device may be less strict.
          atMost: isOpen ? 'possible' : 'probable',
          takesForGranted: [
            ...granted,
            ...(effect.oldSide ? [fromSide(effect.oldSide)] : []),
            'the device counts this register among those that a locked TDI freezes',
          ],
          toConfirm,
        };
      case 'unknown':
        return {
          ...charge,
          atMost: 'possible',
          takesForGranted: [...granted, 'the write changed the value: writing back the same one is harmless'],
          toConfirm,
        };
    }
  },
};

const OF_PF = 'the register is that of its PF';
const FIXED = 'the register would be fixed at 0';
