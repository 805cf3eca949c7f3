import { doc } from './docs/config-change-while-locked.ts';
import { fromSide, isLocked, LOCK_CLASSES, type Rule } from './rule.ts';

/** SR-IOV keeps them for all VFs in its capability of the PF (PCIe Base 6.x, 9.3.4.1). */
const FIXED_OF_VF: ReadonlySet<string> = new Set(['Base Address Registers', 'Expansion ROM Base Address']);

export const rule: Rule = {
  doc,
  rank: 32,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, track }) {
    // The register is that of the PF, or fixed at 0: for a VF nothing is written.
    if (effect.type !== 'config-change' || (track.isVf && (effect.ofPf || FIXED_OF_VF.has(effect.register))))
      return null;
    const charge = {
      wrongIn: isLocked,
      summary: `a write to ${effect.register} reached the function while the TDI was locked or running`,
      onlyIfLikely: true,
    } as const;
    const granted = effect.side === null ? [] : [fromSide(effect.side)];
    switch (effect.old) {
      case 'same':
        // A restore puts back what stands there.
        return { ...charge, provedByAnswer: false };
      case 'differs':
        return {
          ...charge,
          // The list of registers is informative: a device may be less strict.
          atMost: 'probable',
          takesForGranted: [
            ...granted,
            'the device counts this register among those that a locked TDI freezes',
            ...(effect.ofPf ? ['the function is no SR-IOV VF (the register is that of its PF)'] : []),
          ],
        };
      case 'unknown':
        return {
          ...charge,
          atMost: 'possible',
          takesForGranted: [...granted, 'the write changed the value: writing back the same one is harmless'],
        };
    }
  },
};
