import fc from 'fast-check';
import { type Line, STEPS, type StepName } from './histories.ts';

/**
 * Histories of a PF with two VFs below a port, beside a second PF with a VF below another port: what is done to the PF, the port
 * or the DSM reaches the VFs. Legal ones do that only while nobody of them is bound.
 */
export const PORT = '0000:00:05.0';
export const PF = '0000:02:00.0';
export const VFS = ['0000:02:10.0', '0000:02:10.2'] as const;
/** Elsewhere, and bound all the time: nothing of the above may touch it. */
export const STRANGER = '0000:03:10.0';
const STRANGE_PF = '0000:03:00.0';
const STRANGE_PORT = '0000:00:06.0';
const ADMIN = 63;

function lines(task: number, bdf: string, step: string, texts: readonly string[]): Line[] {
  return texts.map((text) => ({ task, bdf, text, step }));
}

function enter(symbol: string, bdf: string): string {
  return `e: (${symbol}+0x0/0x100) bdf="${bdf}"`;
}

function leave(symbol: string, bdf: string, ret?: number): string {
  return `r: (caller+0x15/0x100 <- ${symbol}) bdf="${bdf}"${ret === undefined ? '' : ` ret=${ret}`}`;
}

function added(bdf: string): string {
  return `add_device_to_group: IOMMU: groupID=12 device=${bdf}`;
}

function removed(bdf: string): string[] {
  const symbol = 'pci_stop_and_remove_bus_device';
  return [enter(symbol, bdf), leave(symbol, bdf)];
}

const bridge = (port: string, bus: string) => `console: pci ${port}: PCI bridge to [bus ${bus}]`;
const enable = (pf: string, vfs: readonly string[]) => [
  enter('pci_enable_sriov', pf),
  ...vfs.map(added),
  leave('pci_enable_sriov', pf, 0),
];

/** What an administrator does to the PF, the port or the DSM. `detailed`: the removal of each VF is recorded, too. */
const FAR = {
  pfReset: () => [enter('pcie_flr', PF), leave('pcie_flr', PF, 0)],
  portReset: () => [enter('pci_bridge_secondary_bus_reset', PORT), leave('pci_bridge_secondary_bus_reset', PORT, 0)],
  dpc: () => [`console: pcieport ${PORT}: DPC: containment event, status:0x1f01 source:0x0200`],
  sriovOff: (detailed: boolean) => [
    enter('pci_disable_sriov', PF),
    ...(detailed ? VFS.flatMap(removed) : []),
    leave('pci_disable_sriov', PF),
  ],
  linkDown: (detailed: boolean) => [
    `console: pcieport ${PORT}: pciehp: Slot(2): Link Down`,
    ...(detailed ? [...VFS, PF].flatMap(removed) : []),
  ],
  portRemoved: (detailed: boolean) => {
    const symbol = 'pci_stop_and_remove_bus_device';
    const inside = detailed
      ? [...VFS, PF].map((bdf) => `remove_device_from_group: IOMMU: groupID=12 device=${bdf}`)
      : [];
    return [enter(symbol, PORT), ...inside, leave(symbol, PORT)];
  },
} as const;

type FarStep = keyof typeof FAR;

export const FAR_RULES: Readonly<Record<FarStep, string>> = {
  pfReset: 'flr-while-locked',
  portReset: 'conventional-reset-while-locked',
  dpc: 'conventional-reset-while-locked',
  sriovOff: 'sriov-change-while-locked',
  linkDown: 'surprise-removal-while-bound',
  portRemoved: 'surprise-removal-while-bound',
};

/** What brings the functions back after a step, so that the next session finds them. */
function restore(step: FarStep): string[] {
  if (step === 'sriovOff') return enable(PF, VFS);
  if (step === 'linkDown' || step === 'portRemoved') return arrive(PORT, PF, VFS, '02');
  return [];
}

function arrive(port: string, pf: string, vfs: readonly string[], bus: string): string[] {
  return [bridge(port, bus), added(pf), enter('connect_store', pf), leave('connect_store', pf, 5), ...enable(pf, vfs)];
}

const begin: Line[] = [
  ...lines(ADMIN, STRANGE_PF, 'begin', arrive(STRANGE_PORT, STRANGE_PF, [STRANGER], '03')),
  ...lines(ADMIN, PF, 'begin', arrive(PORT, PF, VFS, '02')),
  ...lines(310, STRANGER, 'strange', [
    ...STEPS.open(STRANGER),
    ...STEPS.enableBits(STRANGER),
    ...STEPS.bind(STRANGER),
    ...STEPS.request(STRANGER),
  ]),
];

const farStep = fc.constantFrom(...(Object.keys(FAR) as FarStep[]));
const session = fc
  .record({ vf: fc.constantFrom(...VFS), bound: fc.boolean(), start: fc.boolean() })
  .map(({ vf, bound, start }) => {
    const bind: StepName[] = bound ? ['bind', ...(start ? (['request'] as const) : []), 'unbind'] : [];
    const names: StepName[] = ['open', 'enableBits', ...bind, 'clearBits', 'close'];
    return { vf, texts: names.flatMap((name) => STEPS[name](vf)) };
  });

/** Sessions of the VFs, and between them what an administrator may do while none of them is bound. */
export const legalFarHistory: fc.Arbitrary<Line[]> = fc
  .array(fc.record({ sessions: fc.array(session, { maxLength: 2 }), step: farStep, detailed: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((rounds) => [
    ...begin,
    ...rounds.flatMap(({ sessions, step, detailed }, at) => [
      ...sessions.flatMap(({ vf, texts }) => lines(300 + VFS.indexOf(vf), vf, `session#${at}`, texts)),
      ...lines(ADMIN, PF, `${step}#${at}`, [...FAR[step](detailed), ...restore(step)]),
    ]),
  ]);

export interface SeededFar {
  readonly lines: Line[];
  readonly rule: string;
  readonly victim: string;
  readonly definite: boolean;
}

/** The same with one VF bound when the last of these steps comes. */
export const seededFarHistory: fc.Arbitrary<SeededFar> = fc
  .record({
    before: legalFarHistory,
    victim: fc.constantFrom(...VFS),
    started: fc.boolean(),
    step: farStep,
    detailed: fc.boolean(),
  })
  .map(({ before, victim, started, step, detailed }) => {
    const names: StepName[] = ['open', 'enableBits', 'bind', ...(started ? (['request'] as const) : [])];
    const texts = names.flatMap((name) => STEPS[name](victim));
    return {
      lines: [
        ...before,
        ...lines(305, victim, 'victim', texts),
        ...lines(ADMIN, PF, `${step}#last`, FAR[step](detailed)),
      ],
      rule: FAR_RULES[step],
      victim,
      // A state change whose payload nobody recorded may have been a STOP; to be bound is enough for a removal.
      definite: !started || FAR_RULES[step] === 'surprise-removal-while-bound',
    };
  });
