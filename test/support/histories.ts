import fc from 'fast-check';

/**
 * Histories of an assigned function as the kernel runs them (kernel 7.x call order: vfio_pci_core_enable, PCI/TSM bind and
 * request, vfio_pci_core_disable), rendered as probe events. Every session unbinds before it does anything harmful.
 */
export interface Line {
  readonly task: number;
  readonly bdf: string;
  /** Event text without task and time. */
  readonly text: string;
  /** The step it belongs to, for inserting others between steps. */
  readonly step: string;
}

const COMMAND_ON = '0x107';
const COMMAND_OFF = '0x101';

function probe(name: string, symbol: string, bdf: string, rest = ''): string {
  return `${name}: (${symbol}+0x0/0x100) bdf="${bdf}"${rest}`;
}

function returned(name: string, symbol: string, bdf: string, ret: number): string {
  return `${name}: (caller+0x15/0x100 <- ${symbol}) bdf="${bdf}" ret=${ret}`;
}

function steps(task: number, bdf: string, step: string, texts: readonly string[]): Line[] {
  return texts.map((text) => ({ task, bdf, text, step }));
}

export const STEPS = {
  connect: (bdf: string) => [probe('c', 'connect_store', bdf), returned('cr', 'connect_store', bdf, 5)],
  open: (bdf: string) => [
    probe('e', 'vfio_pci_core_enable', bdf),
    probe('cm', 'pci_clear_master', bdf),
    probe('tr', 'pci_try_reset_function', bdf),
    probe('rl', '__pci_reset_function_locked', bdf),
    probe('flr', 'pcie_flr', bdf),
    returned('rlr', '__pci_reset_function_locked', bdf, 0),
    returned('trr', 'pci_try_reset_function', bdf, 0),
    returned('er', 'vfio_pci_core_enable', bdf, 0),
  ],
  enableBits: (bdf: string) => write(bdf, COMMAND_ON),
  clearBits: (bdf: string) => write(bdf, COMMAND_OFF, [probe('z', 'vfio_pci_zap_and_down_write_memory_lock', bdf)]),
  clearBusMaster: (bdf: string) => write(bdf, '0x103'),
  clearMemory: (bdf: string) => write(bdf, '0x105'),
  hostEnablesBits: (bdf: string) => hostWrite(bdf, 'byte', '0x7'),
  hostClearsBusMaster: (bdf: string) => hostWrite(bdf, 'word', '0x403'),
  reset: (bdf: string) => [
    probe('tr', 'pci_try_reset_function', bdf),
    probe('flr', 'pcie_flr', bdf),
    returned('trr', 'pci_try_reset_function', bdf, 0),
  ],
  bind: (bdf: string) => [
    probe('b', 'pci_tsm_bind', bdf, ' kvm=0x1000 tdi_id=0x200'),
    returned('br', 'pci_tsm_bind', bdf, 0),
  ],
  request: (bdf: string) => [
    probe('g', 'pci_tsm_guest_req', bdf, ' scope=1'),
    returned('gr', 'pci_tsm_guest_req', bdf, 0),
  ],
  info: (bdf: string) => [
    probe('g', 'pci_tsm_guest_req', bdf, ' scope=0'),
    returned('gr', 'pci_tsm_guest_req', bdf, 0),
  ],
  unbind,
  /** As vfio does where it is patched to (20250529053513.1592088-21-yilun.xu@linux.intel.com). */
  unbindThenReset: (bdf: string) => [
    probe('io', 'vfio_pci_ioctl_reset', bdf),
    ...unbind(bdf),
    probe('z', 'vfio_pci_zap_and_down_write_memory_lock', bdf),
    probe('tr', 'pci_try_reset_function', bdf),
    probe('flr', 'pcie_flr', bdf),
  ],
  close: (bdf: string) => [
    probe('cl', 'vfio_pci_core_close_device', bdf),
    probe('d', 'vfio_pci_core_disable', bdf),
    probe('cm', 'pci_clear_master', bdf),
    probe('rl', '__pci_reset_function_locked', bdf),
    probe('flr', 'pcie_flr', bdf),
    returned('rlr', '__pci_reset_function_locked', bdf, 0),
    `dr: (caller+0x1/0x100 <- vfio_pci_core_disable) bdf="${bdf}"`,
  ],
} as const;

export type StepName = keyof typeof STEPS;

function write(bdf: string, value: string, inner: readonly string[] = []): string[] {
  return [
    `w: (vfio_basic_config_write+0x0/0x100) bdf="${bdf}" pos=0x4 count=2 off=0x4 val=${value}`,
    ...inner,
    returned('wr', 'vfio_basic_config_write', bdf, 2),
  ];
}

function unbind(bdf: string): string[] {
  return [
    probe('u', 'pci_tsm_unbind', bdf),
    probe('uc', '__pci_tsm_unbind', bdf),
    `ur: (caller+0x1/0x100 <- pci_tsm_unbind) bdf="${bdf}"`,
  ];
}

/** setpci, in the place of vfio: the same register by another way. */
function hostWrite(bdf: string, width: 'byte' | 'word', value: string): string[] {
  const symbol = `pci_user_write_config_${width}`;
  return [probe('h', symbol, bdf, ` pos=0x4 val=${value}`), returned('hr', symbol, bdf, 0)];
}

/** Steps that throw a locked or running TDI out of its state, each with the rule that names it. */
export const HARMFUL = {
  clearBusMaster: 'bme-clear-while-locked',
  hostClearsBusMaster: 'bme-clear-while-locked',
  clearMemory: 'mse-clear-while-locked',
  reset: 'flr-while-locked',
  close: 'unbind-before-disable',
} as const satisfies Partial<Record<StepName, string>>;

const harmless = fc.constantFrom<StepName>('info', 'enableBits', 'hostEnablesBits');
const whileUnbound = fc.constantFrom<StepName>(
  'enableBits',
  'clearBits',
  'clearBusMaster',
  'clearMemory',
  'hostClearsBusMaster',
  'reset',
);

/** One use of the device: opened, perhaps bound and run and unbound, closed. */
const session: fc.Arbitrary<StepName[]> = fc
  .record({
    before: fc.array(whileUnbound, { maxLength: 3 }),
    bound: fc.option(
      fc.record({
        start: fc.boolean(),
        during: fc.array(harmless, { maxLength: 3 }),
        end: fc.constantFrom<StepName>('unbind', 'unbindThenReset'),
      }),
    ),
    after: fc.array(whileUnbound, { maxLength: 3 }),
  })
  .map(({ before, bound, after }) => [
    'open',
    ...before,
    ...(bound
      ? (['enableBits', 'bind', ...(bound.start ? (['request'] as const) : []), ...bound.during, bound.end] as const)
      : []),
    ...after,
    'close',
  ]);

/** A device's life; always connected first, so that it also holds with everything declared complete. */
const life = (index: number): fc.Arbitrary<Line[]> =>
  fc.array(session, { minLength: 1, maxLength: 3 }).map((sessions) => {
    const bdf = `0000:0${index + 1}:00.0`;
    const names: StepName[] = ['connect', ...sessions.flat()];
    return names.flatMap((name, at) => steps(300 + index, bdf, `${name}#${at}`, STEPS[name](bdf)));
  });

/** One to three devices, each with its own task, their lines interleaved. */
export const legalHistory: fc.Arbitrary<Line[]> = fc
  .integer({ min: 1, max: 3 })
  .chain((count) =>
    fc.tuple(fc.tuple(...Array.from({ length: count }, (_, index) => life(index))), fc.infiniteStream(fc.nat(2))),
  )
  .map(([lives, order]) => interleave(lives, order));

export interface Seeded {
  readonly lines: Line[];
  readonly rule: string;
  readonly bdf: string;
  /** Whether a complete trace leaves no doubt: a state change with a payload that nobody recorded may have been a STOP, and
   * nothing in a trace says that a function is no VF, whose Memory Space Enable is emulated. */
  readonly definite: boolean;
}

/** A legal history in which one device does something harmful between its last bind and its unbind. */
export const seededHistory: fc.Arbitrary<Seeded> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(HARMFUL) as (keyof typeof HARMFUL)[])),
    fc.boolean(),
    fc.array(harmless, { maxLength: 2 }),
  )
  .map(([harm, started, during]) => {
    const bdf = '0000:01:00.0';
    const names: StepName[] = [
      'connect',
      'open',
      'enableBits',
      'bind',
      ...(started ? (['request'] as const) : []),
      ...during,
      harm,
      'unbind',
    ];
    const lines = names.flatMap((name, at) => steps(300, bdf, `${name}#${at}`, STEPS[name](bdf)));
    const definite = harm === 'close' || !started;
    return { lines, rule: HARMFUL[harm], bdf, definite };
  });

/** A guest that stops its TDI before it clears bits: the right order on AMD, but the STOP is a request without content. */
export const stoppedHistory: fc.Arbitrary<Line[]> = fc
  .tuple(
    fc.array(harmless, { maxLength: 3 }),
    fc.constantFrom<StepName>('clearBusMaster', 'hostClearsBusMaster', 'clearMemory', 'clearBits', 'reset'),
  )
  .map(([during, clear]) => {
    const names: StepName[] = [
      'connect',
      'open',
      'enableBits',
      'bind',
      'request',
      ...during,
      'request',
      clear,
      'unbind',
      'close',
    ];
    return names.flatMap((name, at) => steps(300, '0000:01:00.0', `${name}#${at}`, STEPS[name]('0000:01:00.0')));
  });

/** Takes from the lives in turn as `order` says, each in its own order. */
function interleave(lives: readonly Line[][], order: Iterable<number>): Line[] {
  const queues = lives.map((lines) => [...lines]);
  const result: Line[] = [];
  for (const pick of order) {
    const waiting = queues.filter((queue) => queue.length > 0);
    if (waiting.length === 0) break;
    const next = waiting[pick % waiting.length]?.shift();
    if (next) result.push(next);
  }
  return result;
}

/** As the trace file shows it. `loss`: marks of lost events before these lines. */
export function render(
  lines: readonly Line[],
  options: { startUs?: number; loss?: ReadonlySet<number>; eol?: string } = {},
): string {
  const { startUs = 10_000_000, loss, eol = '\n' } = options;
  const rows = lines.flatMap(({ task, text }, index) => {
    const us = startUs + index * 137;
    const time = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
    const row = `            qemu-${task}     [000] ...1. ${time.padStart(12)}: ${text}`;
    return loss?.has(index) ? ['CPU:0 [LOST 3 EVENTS]', row] : [row];
  });
  return ['# tracer: nop', '#', ...rows, ''].join(eol);
}
