import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Bdf, busOf, functionOf, parseBdf, parseBdfWithoutDomain } from '../base/bdf.ts';
import { InputError } from '../base/errors.ts';

/** Something that side data tell, and where: `lspci.txt:12`, a sentence for people. */
export interface SideFact {
  readonly place: string;
  readonly text: string;
}

/** What a capture kit stored beside the log, as of the moment when it did. */
export interface SideData {
  /** The folder, as it was named. */
  readonly folder: string;
  /** Files that told something, by name. */
  readonly files: readonly string[];
  /** What could not be read, a sentence each. */
  readonly left: readonly string[];
  /** VFs and their PFs. */
  readonly physical: ReadonlyMap<Bdf, { readonly pf: Bdf; readonly fact: SideFact }>;
  /** Bridges and their buses, `dddd:bb`, inclusive. */
  readonly bridges: ReadonlyMap<Bdf, { readonly first: string; readonly last: string; readonly fact: SideFact }>;
  /** No_Soft_Reset of the power management capability: whether D3hot keeps the state of the function. */
  readonly noSoftReset: ReadonlyMap<Bdf, { readonly value: boolean; readonly fact: SideFact }>;
}

const FILES_MAX = 256;
const BYTES_MAX = 16 * 2 ** 20;
const FACTS_MAX = 65_536;

/**
 * Reads the files of a folder, not those below it. What a file is, its lines tell, not its name: `lspci -vv` and the listing of
 * links in /sys are known, everything else is passed over.
 *
 * @throws InputError where there is no such folder.
 */
export function readSideData(folder: string): SideData {
  const parser = new SideParser();
  const left: string[] = [];
  const names = entriesOf(folder)
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  if (names.length > FILES_MAX) left.push(`${names.length - FILES_MAX} files: only the first ${FILES_MAX} are read`);
  for (const name of names.slice(0, FILES_MAX)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > BYTES_MAX) left.push(`${name}: larger than ${BYTES_MAX / 2 ** 20} MiB`);
      else parser.file(name, readFileSync(path, 'latin1'));
    } catch (error) {
      left.push(`${name}: ${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'}`);
    }
  }
  return { folder, left, ...parser.finish() };
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const why = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'is no folder' : 'cannot be read';
    throw new InputError(`--side ${folder}: ${why}; name the folder with the output of lspci -vv`);
  }
}

// lspci(8) of pciutils 3.x. `-vv` of a device is a head line and indented lines; without -D domain 0 may be left out.
//   02:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
const HEAD = /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7]) \S/;
//   \tBus: primary=00, secondary=02, subordinate=02, sec-latency=0
const BUSES = /^\s{1,32}Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2}), subordinate=([0-9a-f]{2}),/;
//   \t\tStatus: D0 NoSoftRst- PME-Enable- DSel=0 DScale=1 PME-
const POWER = /^\s{1,32}Status: D[0-3] NoSoftRst([+-]) /;
//   \t\tIOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy-
const IOV_ENABLED = /^\s{1,32}IOVCtl:\s{1,8}Enable([+-]) /;
//   \t\tInitial VFs: 8, Total VFs: 8, Number of VFs: 2, Function Dependency Link: 00
const IOV_COUNT = /^\s{1,32}Initial VFs: \d{1,5}, Total VFs: \d{1,5}, Number of VFs: (\d{1,5}),/;
//   \t\tVF offset: 128, stride: 2, Device ID: 10ca
const IOV_PLACE = /^\s{1,32}VF offset: (\d{1,5}), stride: (\d{1,5}),/;
interface Sriov {
  readonly pf: Bdf;
  place: string;
  enabled: boolean;
  count: number;
  offset: number;
  stride: number;
}

class SideParser {
  readonly #files = new Set<string>();
  readonly #physical = new Map<Bdf, { pf: Bdf; fact: SideFact }>();
  readonly #bridges = new Map<Bdf, { first: string; last: string; fact: SideFact }>();
  readonly #noSoftReset = new Map<Bdf, { value: boolean; fact: SideFact }>();
  readonly #listed = new Set<Bdf>();
  readonly #sriov = new Map<Bdf, Sriov>();
  /** What the paths in /sys say: the buses of all that is below a bridge. */
  readonly #paths = new Map<Bdf, { first: string; last: string; fact: SideFact }>();

  file(name: string, text: string): void {
    let device: Bdf | null = null;
    let folder = '';
    let number = 0;
    for (const line of text.split('\n')) {
      number += 1;
      const place = `${name}:${number}`;
      const row = line.endsWith('\r') ? line.slice(0, -1) : line;
      const head = HEAD.exec(row)?.[1];
      if (head !== undefined) {
        device = parseBdfWithoutDomain(head);
        if (device !== null && this.#listed.size < FACTS_MAX) this.#listed.add(device);
      } else if (row.trim() === '') device = null;
      else if (device !== null && /^\s/.test(row)) this.#capability(device, row, place);
      else if (row.startsWith('/') && row.endsWith(':')) folder = row.slice(0, -1);
      else if (row.startsWith('l') && row.includes(' -> ')) this.#link(row, folder, place);
    }
  }

  finish(): Omit<SideData, 'folder' | 'left'> {
    for (const one of this.#sriov.values()) this.#virtual(one);
    for (const [bridge, buses] of this.#paths) if (!this.#bridges.has(bridge)) this.#bridges.set(bridge, buses);
    for (const known of [this.#physical, this.#bridges, this.#noSoftReset])
      for (const { fact } of known.values()) this.#files.add(fact.place.slice(0, fact.place.lastIndexOf(':')));
    return {
      files: [...this.#files].sort(),
      physical: this.#physical,
      bridges: this.#bridges,
      noSoftReset: this.#noSoftReset,
    };
  }

  #capability(device: Bdf, row: string, place: string): void {
    const buses = BUSES.exec(row);
    if (buses?.[1] !== undefined && buses[2] !== undefined) this.#bridge(device, buses[1], buses[2], place);
    const power = POWER.exec(row)?.[1];
    if (power !== undefined && this.#noSoftReset.size < FACTS_MAX) {
      const text = `${device} has No_Soft_Reset ${power}`;
      this.#noSoftReset.set(device, { value: power === '+', fact: { place, text } });
    }
    const enabled = IOV_ENABLED.exec(row)?.[1];
    const count = IOV_COUNT.exec(row)?.[1];
    const where = IOV_PLACE.exec(row);
    if (enabled === undefined && count === undefined && where === null) return;
    const known = this.#sriov.get(device) ?? { pf: device, place, enabled: false, count: 0, offset: 0, stride: 0 };
    if (this.#sriov.size < FACTS_MAX) this.#sriov.set(device, known);
    if (enabled !== undefined) known.enabled = enabled === '+';
    if (count !== undefined) known.count = Number(count);
    if (where === null) return;
    known.place = place;
    known.offset = Number(where[1]);
    known.stride = Number(where[2]);
  }

  /** Secondary bus 00 is a bridge that nobody configured. */
  #bridge(device: Bdf, secondary: string, subordinate: string, place: string): void {
    const domain = device.slice(0, device.indexOf(':'));
    const [first, last] = [`${domain}:${secondary}`, `${domain}:${subordinate}`];
    if (first <= busOf(device) || last < first || this.#bridges.size >= FACTS_MAX) return;
    const text = `${device} is the bridge to ${secondary === subordinate ? `bus ${secondary}` : `buses ${secondary}-${subordinate}`}`;
    this.#bridges.set(device, { first, last, fact: { place, text } });
  }

  /** The routing ids of VFs follow from offset and stride; only what lspci lists, too, is one. */
  #virtual({ pf, place, enabled, count, offset, stride }: Sriov): void {
    if (!enabled || offset === 0 || (count > 1 && stride === 0)) return;
    const [domain = '', bus = '', rest = ''] = pf.split(':');
    const own = Number.parseInt(bus, 16) * 256 + Number.parseInt(rest.slice(0, 2), 16) * 8 + functionOf(pf);
    for (let index = 0; index < count; index++) {
      const id = own + offset + index * stride;
      if (id > 0xffff) return;
      const slot = ((id >> 3) & 0x1f).toString(16).padStart(2, '0');
      const vf = parseBdf(`${domain}:${(id >> 8).toString(16).padStart(2, '0')}:${slot}.${id & 7}`);
      if (vf !== null && this.#listed.has(vf)) this.#isVf(vf, pf, place);
    }
  }

  /**
   * Links as `ls -l` lists them, or `ls -l` of several folders with the name of each in front:
   *
   *     lrwxrwxrwx 1 root root 0 Nov 22 06:20 0000:02:10.0 -> ../../../devices/pci0000:00/0000:00:05.0/0000:02:10.0
   *     lrwxrwxrwx 1 root root 0 Nov 22 06:20 /sys/bus/pci/devices/0000:02:10.0/physfn -> ../0000:02:00.0
   */
  #link(row: string, folder: string, place: string): void {
    const at = row.indexOf(' -> ');
    const listed = row.slice(row.lastIndexOf(' ', at - 1) + 1, at);
    const path = (listed.includes('/') ? listed : `${folder}/${listed}`).split('/');
    const target = row.slice(at + 4).split('/');
    const [name, owner] = [path.at(-1) ?? '', parseBdf(path.at(-2) ?? '')];
    const other = parseBdf(target.at(-1) ?? '');
    if (name === 'physfn' && owner && other) this.#isVf(owner, other, place);
    else if (/^virtfn\d{1,5}$/.test(name) && owner && other) this.#isVf(other, owner, place);
    else if (parseBdf(name) !== null) this.#path(target, place);
  }

  #isVf(vf: Bdf, pf: Bdf, place: string): void {
    if (vf === pf || this.#physical.size >= FACTS_MAX) return;
    this.#physical.set(vf, { pf, fact: { place, text: `${vf} is a VF of ${pf}` } });
  }

  /** `../../../devices/pci0000:00/0000:00:05.0/0000:02:10.0`: whoever stands in front is above. */
  #path(path: readonly string[], place: string): void {
    const chain = path.flatMap((part) => parseBdf(part) ?? []);
    const last = chain.at(-1);
    if (last === undefined) return;
    for (const bridge of chain.slice(0, -1)) {
      const bus = busOf(last);
      const known = this.#paths.get(bridge);
      if (bus <= busOf(bridge) || this.#paths.size >= FACTS_MAX) continue;
      const [from, to] = known
        ? [known.first < bus ? known.first : bus, known.last > bus ? known.last : bus]
        : [bus, bus];
      const fact = known?.fact ?? { place, text: `${last} is below ${bridge}` };
      this.#paths.set(bridge, { first: from, last: to, fact });
    }
  }
}
