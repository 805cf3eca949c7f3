import type { Bdf } from '../../base/bdf.ts';
import type { BridgeBuses, ShownBuses, SideFact } from './fact.ts';

/**
 * The buses below each bridge, by what lspci says of the bridge, which is all of them, and by what paths of /sys and of lspci say of
 * the functions below it. Where the two contradict each other, of the bridge nothing is used.
 */
export function agreeOnBridges(
  said: ReadonlyMap<Bdf, BridgeBuses>,
  shown: ReadonlyMap<Bdf, ShownBuses>,
): { readonly agreed: Map<Bdf, BridgeBuses>; readonly disputed: SideFact[] } {
  const agreed = new Map<Bdf, BridgeBuses>([...shown, ...said]);
  const disputed: SideFact[] = [];
  for (const [bridge, { first, last, fact }] of said) {
    const below = shown.get(bridge);
    // Whatever stands below a bridge has a bus of its range (PCI-to-PCI bridges forward nothing else).
    if (below === undefined || (below.first >= first && below.last <= last)) continue;
    agreed.delete(bridge);
    const [bus, path] = below.first < first ? [below.first, below.firstPlace] : [below.last, below.lastPlace];
    const text = `${fact.text} here, and ${path} puts bus ${bus.slice(bus.indexOf(':') + 1)} below it: neither was used`;
    disputed.push({ place: fact.place, text });
  }
  return { agreed, disputed };
}
