import { type Bdf, busOf, parseBdf } from '../../base/bdf.ts';
import { FACTS_MAX, keep, type ShownBuses, type SideFact } from './fact.ts';
import type { SysEntry } from './paths.ts';
import { VirtualFunctions } from './virtual-functions.ts';

/** Functions of an IOMMU group. */
export interface IommuGroup {
  readonly members: readonly Bdf[];
  /** The group's own folder was listed: these are all. Else others may be in it. */
  readonly isWhole: boolean;
  readonly fact: SideFact;
}

/** What a file of tsm/ of a function held. */
export interface TsmAttribute {
  readonly bdf: Bdf;
  readonly name: 'connect' | 'bound' | 'dsm';
  /** Empty where it is not connected, not bound. */
  readonly value: string;
  readonly fact: SideFact;
}

const NUMBER = /^\d{1,5}$/;
const CDEV = /^vfio(\d{1,5})$/;
/** Of PFs only (sriov_pf_attrs_are_visible(), drivers/pci/iov.c, 5.8-). */
const PF_NAMES: ReadonlySet<string> = new Set(['sriov_totalvfs', 'sriov_numvfs']);
const TSM_NAMES: ReadonlySet<string> = new Set(['connect', 'bound', 'dsm']);
/** Members of a group that are kept. */
const MEMBERS_MAX = 4096;

interface Group {
  readonly members: Set<Bdf>;
  isWhole: boolean;
  readonly place: string;
}

/** Takes what entries of /sys say: PFs, what is below a port, IOMMU groups, numbers of vfio devices, the state of the TSM. */
export class SysReader {
  readonly virtual = new VirtualFunctions();
  /** What the paths in /sys say: the buses of all that is below a bridge. */
  readonly bridges = new Map<Bdf, ShownBuses>();
  /** Functions by N of /dev/vfio/devices/vfioN; null where two claim it. */
  readonly cdevs = new Map<number, { readonly bdf: Bdf | null; readonly fact: SideFact }>();
  readonly tsm = new Map<string, TsmAttribute>();
  /** Functions that have what no VF has. */
  readonly noVfs = new Map<Bdf, SideFact>();
  readonly #groups = new Map<number, Group>();

  get groups(): Map<number, IommuGroup> {
    return new Map(
      [...this.#groups].map(([number, { members, isWhole, place }]) => {
        const list = [...members].sort();
        const text = `IOMMU group ${number} has ${isWhole ? '' : 'at least '}${list.join(', ')}`;
        return [number, { members: list, isWhole, fact: { place, text } }];
      }),
    );
  }

  take({ path, target, value }: SysEntry, place: string): void {
    const name = path.at(-1) ?? '';
    const owner = parseBdf(path.at(-2) ?? '');
    const other = parseBdf(target?.at(-1) ?? '');
    this.#cdev(path, place);
    if (target !== null) this.#cdev(target, place);
    this.#group(path, place);
    if (owner !== null && other !== null && name === 'physfn') this.virtual.tell(owner, other, place);
    else if (owner !== null && other !== null && /^virtfn\d{1,5}$/.test(name)) this.virtual.tell(other, owner, place);
    else if (owner !== null && name === 'iommu_group') this.inGroup(owner, target?.at(-1) ?? '', place);
    else if (target !== null && parseBdf(name) !== null)
      this.below(
        target.flatMap((part) => parseBdf(part) ?? []),
        place,
      );
    if (owner !== null && PF_NAMES.has(name) && !this.noVfs.has(owner))
      keep(this.noVfs, owner, { place, text: `${owner} has ${name}: it is no VF` });
    if (value !== null) this.#attribute(path, value, place);
  }

  /** `../../../devices/pci0000:00/0000:00:05.0/0000:02:10.0`: whoever stands in front is above. */
  below(chain: readonly Bdf[], place: string): void {
    const last = chain.at(-1);
    if (last === undefined) return;
    for (const bridge of chain.slice(0, -1)) {
      const bus = busOf(last);
      const known = this.bridges.get(bridge);
      if (bus <= busOf(bridge)) continue;
      const fact = known?.fact ?? { place, text: `${last} is below ${bridge}` };
      const [first, firstPlace] = known && known.first <= bus ? [known.first, known.firstPlace] : [bus, place];
      const [end, lastPlace] = known && known.last >= bus ? [known.last, known.lastPlace] : [bus, place];
      keep(this.bridges, bridge, { first, last: end, fact, firstPlace, lastPlace });
    }
  }

  /** `/sys/bus/pci/devices/0000:02:00.0/vfio-dev/vfio0`, and what the link of /sys/class/vfio-dev leads to. */
  #cdev(path: readonly string[], place: string): void {
    const at = path.lastIndexOf('vfio-dev');
    const bdf = at < 1 ? null : parseBdf(path[at - 1] ?? '');
    const number = CDEV.exec(path[at + 1] ?? '')?.[1];
    if (bdf === null || number === undefined) return;
    const known = this.cdevs.get(Number(number));
    if (known !== undefined && known.bdf !== bdf) {
      const text = `vfio${number} is ${bdf} here and another function elsewhere: it was not used`;
      keep(this.cdevs, Number(number), { bdf: null, fact: { place, text } });
    } else if (known === undefined) {
      keep(this.cdevs, Number(number), { bdf, fact: { place, text: `vfio${number} is ${bdf}` } });
    }
  }

  /** `/sys/kernel/iommu_groups/12/devices/0000:02:00.0` */
  #group(path: readonly string[], place: string): void {
    const at = path.lastIndexOf('iommu_groups');
    const bdf = parseBdf(path[at + 3] ?? '');
    if (at < 0 || bdf === null || path[at + 2] !== 'devices') return;
    const group = this.inGroup(bdf, path[at + 1] ?? '', place);
    if (group !== null) group.isWhole = true;
  }

  /** `12`, of a link or of lspci. */
  inGroup(bdf: Bdf, number: string, place: string): Group | null {
    if (!NUMBER.test(number)) return null;
    const known = this.#groups.get(Number(number));
    const group = known ?? { members: new Set<Bdf>(), isWhole: false, place };
    if (known === undefined && this.#groups.size >= FACTS_MAX) return null;
    this.#groups.set(Number(number), group);
    if (group.members.size < MEMBERS_MAX) group.members.add(bdf);
    return group;
  }

  #attribute(path: readonly string[], value: string, place: string): void {
    const [owner = '', folder, name = ''] = path.slice(-3);
    const bdf = parseBdf(owner);
    if (bdf === null || folder !== 'tsm' || !TSM_NAMES.has(name) || !/^[\w:.-]{0,64}$/.test(value)) return;
    const said = {
      connect: value === '' ? 'was connected to no TSM' : `was connected to ${value}`,
      bound: value === '' ? 'was not bound' : `was bound (${value})`,
      dsm: value === '' ? 'had no DSM' : `had its DSM on ${value}`,
    };
    const kind = name as TsmAttribute['name'];
    keep(this.tsm, `${bdf} ${kind}`, { bdf, name: kind, value, fact: { place, text: `${bdf} ${said[kind]}` } });
  }
}
