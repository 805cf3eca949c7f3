import type { Bdf } from '../../base/bdf.ts';
import { capabilityWithId, type FunctionCapabilities } from './capabilities.ts';
import { keep, type PhysicalFunction, type SideFact } from './fact.ts';

const SRIOV = 0x10;

/** What files say of functions that bears on whether they are VFs. */
interface Said {
  /** By VF. */
  readonly physical: ReadonlyMap<Bdf, PhysicalFunction>;
  /** VFs of which two PFs were told. */
  readonly ofTwo: ReadonlySet<Bdf>;
  /** Functions that have what no VF has. */
  readonly shown: ReadonlyMap<Bdf, SideFact>;
  readonly capabilities: ReadonlyMap<Bdf, FunctionCapabilities>;
}

/**
 * Functions that are no VFs: one that has the SR-IOV capability, which a VF must not have (PCIe Base 6.x, 9.3.3.1); one that has VFs;
 * one that has files of /sys which only PFs have. What a function is, it is for its whole life. Where a file says that it is a VF, too,
 * neither counts. Memory Space Enable shows nothing: fixed at 0 in a VF, it is what the user wrote where vfio emulates it
 * (vfio_basic_config_read(), drivers/vfio/pci/vfio_pci_config.c, Linux 7.1 merge window), and what lspci printed may be a guest's.
 */
export function agreeOnVirtuality({ physical, ofTwo, shown, capabilities }: Said): {
  readonly physical: Map<Bdf, PhysicalFunction>;
  readonly noVfs: Map<Bdf, SideFact>;
  readonly disputed: SideFact[];
} {
  const noVfs = new Map<Bdf, SideFact>(shown);
  for (const [bdf, known] of capabilities) {
    if (noVfs.has(bdf) || capabilityWithId(known, 'extended-capability', SRIOV) === null) continue;
    keep(noVfs, bdf, { place: known.fact.place, text: `${bdf} has the SR-IOV capability: it is no VF` });
  }
  for (const { pf, fact } of physical.values()) {
    if (!noVfs.has(pf)) keep(noVfs, pf, { place: fact.place, text: `${pf} has VFs: it is none itself` });
  }
  const agreed = new Map(physical);
  const disputed: SideFact[] = [];
  for (const [bdf, { place, text }] of noVfs) {
    const virtual = physical.get(bdf);
    if (virtual === undefined && !ofTwo.has(bdf)) continue;
    noVfs.delete(bdf);
    if (virtual === undefined) continue;
    agreed.delete(bdf);
    disputed.push({ place, text: `${text} here, and ${virtual.fact.text} in ${virtual.fact.place}: neither was used` });
  }
  return { physical: agreed, noVfs, disputed };
}
