import { type Bdf, busOf, functionOf, parseBdf, parseBdfWithoutDomain } from '../../base/bdf.ts';
import { BarReader } from './bars.ts';
import { type Capability, type FunctionCapabilities, namedCapability } from './capabilities.ts';
import { Claims } from './claims.ts';
import { type ConfigSpace, HexDump, readConfigSpace } from './config-space.ts';
import { type BridgeBuses, FACTS_MAX, keep, type SideFact } from './fact.ts';
import { TreeReader } from './lspci-tree.ts';
import type { SysReader } from './sysfs.ts';

// lspci(8) of pciutils 3.x. `-vv` of a device is a head line and indented lines; without -D domain 0 may be left out, and -PP
// puts the bridges above in front of the address (show_slot_path in lspci.c).
//   02:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
//   00:05.0/02:00.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection (rev 01)
const HEAD = /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])((?:\/[0-9a-f]{2}:[01][0-9a-f]\.[0-7]){0,32}) \S/;
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
//   \tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)
//   \tCapabilities: <access denied>
const CAPABILITY = /^\s{1,32}Capabilities: (?:\[([0-9a-f]{2,3})(?: v\d{1,2})?\] (.{0,80})|<)/;
//   \t\t\tExtTag+ AttnBtn- AttnInd- PwrInd- RBE+ FLReset+ SlotPowerLimit 75W TEE-IO+    (pciutils 3.11 on)
const TEE_IO = /^\s{1,32}ExtTag[+-] .{0,200} TEE-IO([+-])$/;
//   \tIOMMU group: 12    (-vv), \tFlags: bus master, fast devsel, latency 0, IRQ 16, IOMMU group 12    (-v)
const IOMMU_GROUP = /^\s{1,32}(?:IOMMU group: |Flags: .{0,200}, IOMMU group )(\d{1,5})$/;
//   \tKernel driver in use: vfio-pci
const DRIVER = /^\s{1,32}Kernel driver in use: ([\w-]{1,64})$/;
const CONFIG_SPACE = { header: 0x40, conventional: 0x100, extended: 0x1000 } as const;

interface Sriov {
  readonly pf: Bdf;
  place: string;
  enabled: boolean;
  count: number;
  offset: number;
  stride: number;
}

/** Reads `lspci -v`, `-vv`, `-vvv`, with `-D`, `-nn`, `-k` or `-PP`. */
export class LspciReader {
  readonly bridges = new Map<Bdf, BridgeBuses>();
  readonly noSoftReset = new Claims<Bdf, boolean>();
  readonly bars = new BarReader();
  readonly capabilities = new Map<Bdf, FunctionCapabilities>();
  readonly teeIo = new Map<Bdf, { value: boolean; fact: SideFact }>();
  readonly drivers = new Map<Bdf, { driver: string; fact: SideFact }>();
  readonly #sys: Pick<SysReader, 'inGroup' | 'below' | 'virtual'>;
  readonly #listed = new Set<Bdf>();
  readonly #tree = new TreeReader();
  readonly #dump = new HexDump();
  #dumpPlace = '';
  readonly #sriov = new Map<Bdf, Sriov>();
  #device: Bdf | null = null;
  /** Of the present device. */
  #list: Capability[] = [];
  #listFact: SideFact | null = null;
  #upTo: number = CONFIG_SPACE.conventional;

  /** @param sys learns the IOMMU groups of functions, the bridges above them, and which are VFs. */
  constructor(sys: Pick<SysReader, 'inGroup' | 'below' | 'virtual'>) {
    this.#sys = sys;
  }

  /** A file begins. */
  begin(): void {
    this.#leave();
    this.#tree.begin();
  }

  /** False where the line is none of lspci. */
  line(row: string, place: string): boolean {
    const [, first, path] = HEAD.exec(row) ?? [];
    if (first !== undefined) {
      this.#leave();
      this.#device = this.#head(first, path ?? '', place);
      if (this.#device !== null && this.#listed.size < FACTS_MAX) this.#listed.add(this.#device);
      return this.#device !== null;
    }
    if (this.#device !== null && this.#dump.row(row)) {
      if (this.#dumpPlace === '') this.#dumpPlace = place;
      return true;
    }
    for (const { bridge, secondary, subordinate } of this.#device === null ? this.#tree.line(row) : []) {
      this.#bridge(bridge, secondary, subordinate, place);
    }
    if (!/^\s+\S/.test(row)) {
      this.#leave();
      return false;
    }
    if (this.#device === null) return false;
    this.#register(this.#device, row, place);
    return true;
  }

  /** All files were read. */
  finish(): void {
    this.#leave();
    for (const one of this.#sriov.values()) this.#virtual(one);
  }

  /** The function of a head line; `path` are those below the first address: `/02:00.0`. */
  #head(first: string, path: string, place: string): Bdf | null {
    const domain = first.slice(0, -7);
    const chain = [
      first,
      ...path
        .split('/')
        .filter((one) => one !== '')
        .map((one) => domain + one),
    ].flatMap((one) => parseBdfWithoutDomain(one) ?? []);
    if (chain.length > 1) this.#sys.below(chain, place);
    return chain.at(-1) ?? null;
  }

  #leave(): void {
    if (this.#device !== null && this.#listFact !== null) {
      const list = this.#list.sort((a, b) => a.offset - b.offset);
      keep(this.capabilities, this.#device, { list, upTo: this.#upTo, fact: this.#listFact });
    }
    const dump = this.#dump.take();
    if (this.#device !== null && dump !== null) this.#bytes(this.#device, dump, this.#dumpPlace);
    this.#dumpPlace = '';
    this.#device = null;
    this.#list = [];
    this.#listFact = null;
    this.#upTo = CONFIG_SPACE.conventional;
  }

  #register(device: Bdf, row: string, place: string): void {
    const capability = CAPABILITY.exec(row);
    if (capability !== null) this.#capability(device, capability[1], capability[2] ?? '', place);
    if (this.bars.line(device, row, place)) return;
    const buses = BUSES.exec(row);
    if (buses?.[1] !== undefined && buses[2] !== undefined) this.#bridge(device, buses[1], buses[2], place);
    const power = POWER.exec(row)?.[1];
    if (power !== undefined) this.#softReset(device, power === '+', place);
    const tee = TEE_IO.exec(row)?.[1];
    if (tee !== undefined) this.#tee(device, tee === '+', place);
    const group = IOMMU_GROUP.exec(row)?.[1];
    if (group !== undefined) this.#sys.inGroup(device, group, place);
    const driver = DRIVER.exec(row)?.[1];
    if (driver !== undefined) {
      keep(this.drivers, device, { driver, fact: { place, text: `${device} was driven by ${driver}` } });
    }
    this.#virtualization(device, row, place);
  }

  /** The hex dump of `-x` has what the words say, and more: it counts where it reaches further. */
  #bytes(device: Bdf, dump: Buffer, place: string): void {
    const space = readConfigSpace(dump);
    if (space === null) return;
    if (space.upTo > (this.#listFact === null ? 0 : this.#upTo)) {
      const fact = { place, text: `where the capabilities of ${device} stand` };
      keep(this.capabilities, device, { list: space.capabilities, upTo: space.upTo, fact });
    }
    if (space.buses !== null && !this.bridges.has(device)) {
      const hex = (bus: number) => bus.toString(16).padStart(2, '0');
      this.#bridge(device, hex(space.buses.secondary), hex(space.buses.subordinate), place);
    }
    this.tellRegisters(device, dump, space, place);
    if (space.teeIo !== null && !this.teeIo.has(device)) this.#tee(device, space.teeIo, place);
    if (space.sriov !== null && !this.#sriov.has(device))
      keep(this.#sriov, device, { pf: device, place, ...space.sriov });
  }

  /** What the bytes of config space say beside the capabilities: of a copy of the file `config`, too. */
  tellRegisters(device: Bdf, bytes: Buffer, space: ConfigSpace, place: string): void {
    if (space.noSoftReset !== null) this.#softReset(device, space.noSoftReset, place);
    if (!space.isBridge) this.bars.bytes(device, bytes, place);
  }

  #softReset(device: Bdf, value: boolean, place: string): void {
    const text = `${device} has No_Soft_Reset ${value ? '+' : '-'}`;
    this.noSoftReset.tell(device, value, { place, text });
  }

  #tee(device: Bdf, value: boolean, place: string): void {
    const text = `${device} ${value ? 'says' : 'does not say'} of itself that it supports TEE-IO`;
    keep(this.teeIo, device, { value, fact: { place, text } });
  }

  /** `offset` undefined: not readable without privileges. */
  #capability(device: Bdf, offset: string | undefined, head: string, place: string): void {
    const at = Number.parseInt(offset ?? '', 16);
    this.#listFact ??= { place, text: `where the capabilities of ${device} stand` };
    // `<access denied>`, `<chain looped>`, `<chain broken>`: what comes behind is not listed.
    if (Number.isNaN(at)) this.#upTo = Math.min(this.#upTo, CONFIG_SPACE.header);
    else if (head.startsWith('<chain')) this.#upTo = Math.min(this.#upTo, at);
    else {
      const broken = this.#upTo < CONFIG_SPACE.conventional;
      if (at >= CONFIG_SPACE.conventional && !broken) this.#upTo = CONFIG_SPACE.extended;
      if (this.#list.length < CONFIG_SPACE.extended) this.#list.push(namedCapability(at, head));
    }
  }

  /** Secondary bus 00 is a bridge that nobody configured. */
  #bridge(device: Bdf, secondary: string, subordinate: string, place: string): void {
    const domain = device.slice(0, device.indexOf(':'));
    const [first, last] = [`${domain}:${secondary}`, `${domain}:${subordinate}`];
    if (first <= busOf(device) || last < first) return;
    const text = `${device} is the bridge to ${secondary === subordinate ? `bus ${secondary}` : `buses ${secondary}-${subordinate}`}`;
    keep(this.bridges, device, { first, last, fact: { place, text } });
  }

  #virtualization(device: Bdf, row: string, place: string): void {
    const enabled = IOV_ENABLED.exec(row)?.[1];
    const count = IOV_COUNT.exec(row)?.[1];
    const where = IOV_PLACE.exec(row);
    if (enabled === undefined && count === undefined && where === null) return;
    const known = this.#sriov.get(device) ?? { pf: device, place, enabled: false, count: 0, offset: 0, stride: 0 };
    keep(this.#sriov, device, known);
    if (enabled !== undefined) known.enabled = enabled === '+';
    if (count !== undefined) known.count = Number(count);
    if (where === null) return;
    known.place = place;
    known.offset = Number(where[1]);
    known.stride = Number(where[2]);
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
      if (vf !== null && this.#listed.has(vf)) this.#sys.virtual.tell(vf, pf, place);
    }
  }
}
