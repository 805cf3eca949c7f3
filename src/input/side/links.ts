import { type Bdf, busOf, parseBdf } from '../../base/bdf.ts';
import { type BridgeBuses, keep, type PhysicalFunction } from './fact.ts';

/**
 * Reads links in /sys as `ls -l` lists them, also of several folders with the name of each in front:
 *
 *     lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:02:10.0 -> ../../../devices/pci0000:00/0000:00:05.0/0000:02:10.0
 *     lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/0000:02:10.0/physfn -> ../0000:02:00.0
 */
export class LinkReader {
  readonly physical = new Map<Bdf, PhysicalFunction>();
  /** What the paths in /sys say: the buses of all that is below a bridge. */
  readonly bridges = new Map<Bdf, BridgeBuses>();
  #folder = '';

  /** A file begins. */
  begin(): void {
    this.#folder = '';
  }

  line(row: string, place: string): void {
    if (row.startsWith('/') && row.endsWith(':')) this.#folder = row.slice(0, -1);
    else if (row.startsWith('l') && row.includes(' -> ')) this.#link(row, place);
  }

  #link(row: string, place: string): void {
    const at = row.indexOf(' -> ');
    const listed = row.slice(row.lastIndexOf(' ', at - 1) + 1, at);
    const path = (listed.includes('/') ? listed : `${this.#folder}/${listed}`).split('/');
    const target = row.slice(at + 4).split('/');
    const [name, owner] = [path.at(-1) ?? '', parseBdf(path.at(-2) ?? '')];
    const other = parseBdf(target.at(-1) ?? '');
    if (name === 'physfn' && owner && other) this.#isVf(owner, other, place);
    else if (/^virtfn\d{1,5}$/.test(name) && owner && other) this.#isVf(other, owner, place);
    else if (parseBdf(name) !== null) this.#below(target, place);
  }

  #isVf(vf: Bdf, pf: Bdf, place: string): void {
    if (vf !== pf) keep(this.physical, vf, { pf, fact: { place, text: `${vf} is a VF of ${pf}` } });
  }

  /** `../../../devices/pci0000:00/0000:00:05.0/0000:02:10.0`: whoever stands in front is above. */
  #below(path: readonly string[], place: string): void {
    const chain = path.flatMap((part) => parseBdf(part) ?? []);
    const last = chain.at(-1);
    if (last === undefined) return;
    for (const bridge of chain.slice(0, -1)) {
      const bus = busOf(last);
      const known = this.bridges.get(bridge);
      if (bus <= busOf(bridge)) continue;
      const [from, to] = known
        ? [known.first < bus ? known.first : bus, known.last > bus ? known.last : bus]
        : [bus, bus];
      const fact = known?.fact ?? { place, text: `${last} is below ${bridge}` };
      keep(this.bridges, bridge, { first: from, last: to, fact });
    }
  }
}
