import { doc } from './docs/bme-clear-while-locked.ts';
import { chargeOfPort } from './port-clear.ts';
import { isLocked, KEPT, LOCK_CLASSES, type Rule } from './rule.ts';

export const rule: Rule = {
  doc,
  rank: 40,
  restsOnBind: true,
  settledBy: LOCK_CLASSES,
  judge({ effect, event }) {
    if (effect.type === 'command-kept' && effect.bit === 'bme') return KEPT;
    if (effect.type !== 'command-clear' || effect.bit !== 'bme') return chargeOfPort(effect, 'bme');
    const isWrite = event.kind === 'vfio.config_write' || event.kind === 'pci.config_write';
    const who = isWrite ? 'a configuration write' : `${event.symbol ?? 'the kernel'}`;
    const charge = {
      wrongIn: isLocked,
      summary: `${who} cleared Bus Master Enable while the TDI was locked or running`,
    };
    if (effect.certain) return charge;
    if (event.kind === 'pci.disable') {
      return {
        ...charge,
        atMost: 'possible',
        takesForGranted: [
          'Bus Master Enable was set before, and nobody else had the function enabled: only the last pci_disable_device() clears it',
        ],
        toConfirm: ['probe pci_write_config_word: the last pci_disable_device() writes COMMAND by it'],
      };
    }
    // No write before it shows the bit: clearing a bit that is clear changes nothing.
    return { ...charge, atMost: 'possible', takesForGranted: ['Bus Master Enable was set before'] };
  },
};
