import type { Bdf } from '../base/bdf.ts';
import type { SideData, SideFact } from '../input/side-data.ts';
import type { Clusters } from './clusters.ts';
import type { Functions } from './functions.ts';

/** What the name of a file says, by data stored beside the log. */
interface NamedFile {
  /** `vfio3`, `IOMMU group 12` */
  readonly name: string;
  /** Whom it may be of; `isAll`: there is no other. */
  readonly bdfs: readonly Bdf[];
  readonly isAll: boolean;
  readonly fact: SideFact;
}

/** A record says otherwise. */
export interface Denied {
  readonly fact: SideFact;
  readonly other: Bdf;
}

const CDEV = /^\/dev\/vfio\/devices\/vfio(\d{1,5})$/;
const GROUP = /^\/dev\/vfio\/(?:noiommu-)?(\d{1,5})$/;
/** A device of a larger group cannot be told by it; the same number as for leads of a call. */
const MEMBERS_MAX = 8;
const DENIED_MAX = 64;

/** Devices by the names of their files, as side data tell them. The log wins where it says otherwise. */
export class ToldFiles {
  readonly #side: SideData | null;
  /** By what stands for the file. */
  readonly #told = new Map<number, { readonly file: NamedFile; readonly leads: readonly number[] }>();
  /** Names that records have denied: they mean nothing any more. */
  readonly #refuted = new Set<string>();
  readonly #denied: Denied[] = [];

  constructor(side: SideData | null) {
    this.#side = side;
  }

  /**
   * The file that `entity` stands for was opened by this name: it leads to the present bearers of the addresses.
   *
   * @returns what is told, for people: `vfio0, side: vfio.txt:3`; null where nothing is.
   */
  heed(path: string | null, entity: number, clusters: Clusters, functions: Functions): string | null {
    const named = path === null || this.#side === null ? null : fileOf(path, this.#side);
    if (named === null || named.bdfs.length === 0 || named.bdfs.length > MEMBERS_MAX) return null;
    if (this.#refuted.has(named.name)) return null;
    const sure = named.isAll && named.bdfs.length === 1;
    const leads = named.bdfs.map((bdf) => functions.told(bdf));
    for (const lead of leads) clusters.of(entity).leads.push({ entity: lead, sure });
    this.#told.set(entity, { file: named, leads });
    return `${named.name}, side: ${named.fact.place}`;
  }

  /** Records show the file that `entity` stands for to be of `other`: what was told of such files is taken back. */
  deny(entity: number, other: number, clusters: Clusters, functions: Functions): void {
    const told = this.#told.get(entity);
    const { named } = clusters.of(other);
    const bdf = named === null ? null : functions.addressOf(named);
    if (told === undefined || bdf === null || told.file.bdfs.includes(bdf)) return;
    this.#refuted.add(told.file.name);
    for (const [one, { file, leads }] of this.#told) {
      if (file.name !== told.file.name) continue;
      const cluster = clusters.of(one);
      const kept = cluster.leads.filter((lead) => !leads.includes(lead.entity));
      cluster.leads.splice(0, cluster.leads.length, ...kept);
      this.#told.delete(one);
    }
    if (this.#denied.length < DENIED_MAX) this.#denied.push({ fact: told.file.fact, other: bdf });
  }

  get denied(): readonly Denied[] {
    return this.#denied;
  }

  /** A copy that goes its own way. */
  fork(): ToldFiles {
    const copy = new ToldFiles(this.#side);
    for (const [entity, told] of this.#told) copy.#told.set(entity, told);
    for (const name of this.#refuted) copy.#refuted.add(name);
    copy.#denied.push(...this.#denied);
    return copy;
  }
}

function fileOf(path: string, side: SideData): NamedFile | null {
  const cdev = CDEV.exec(path)?.[1];
  if (cdev !== undefined) {
    const told = side.cdevs.get(Number(cdev));
    if (told === undefined || told.bdf === null) return null;
    return { name: `vfio${cdev}`, bdfs: [told.bdf], isAll: true, fact: told.fact };
  }
  const number = GROUP.exec(path)?.[1];
  const group = number === undefined ? undefined : side.groups.get(Number(number));
  if (group === undefined) return null;
  // vfio-pci takes no bridges (vfio_pci_core_register_device, drivers/vfio/pci/vfio_pci_core.c, 5.15 to 7.1).
  const bdfs = group.members.filter((bdf) => !side.bridges.has(bdf));
  return { name: `IOMMU group ${number}`, bdfs, isAll: group.isWhole, fact: group.fact };
}
