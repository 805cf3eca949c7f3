import fc from 'fast-check';
import type { Line } from './histories.ts';

/**
 * Histories of a TDI as a host on SEV-TIO runs them, down to the commands to the firmware (AMDESE/linux-kvm 16f379f5,
 * drivers/crypto/ccp/sev-dev-tsm.c), with the objects of iommufd and KVM around them. Constructed; rendered as probe events.
 */
const BDF = '0000:01:00.0';
const VM = '0xffff888004000000';
const TASK = 300;

function enter(symbol: string, rest = '', device = true): string {
  return `p: (${symbol}+0x0/0x100)${device ? ` bdf="${BDF}"` : ''}${rest}`;
}

function leave(symbol: string, ret: number | null, rest = '', device = true): string {
  return `r: (caller+0x15/0x100 <- ${symbol})${device ? ` bdf="${BDF}"` : ''}${rest}${ret === null ? '' : ` ret=${ret}`}`;
}

function call(symbol: string, ret: number | null, rest = ''): string[] {
  return [enter(symbol, rest), leave(symbol, ret)];
}

function around(symbol: string, ret: number | null, inner: readonly string[], rest = ''): string[] {
  return [enter(symbol, rest), ...inner, leave(symbol, ret)];
}

const STATES = { unlocked: 0, locked: 1, run: 2, error: 3 } as const;

const readBack = (state: keyof typeof STATES) => [
  ...call('sev_tio_tdi_status', 0),
  enter('sev_tio_tdi_status_fin'),
  leave('sev_tio_tdi_status_fin', 0, ` state=${STATES[state]}`),
];

/** 2: the firmware wants a message to the device first, which the driver passes on before it goes on. */
type Answer = 0 | 2;

const lock = (answer: Answer) => call('sev_tio_tdi_bind', answer, ' force_run=0 asid=0x5');
const connect = around('connect_store', 5, call('sev_tio_dev_connect', 2));
const open = [...call('vfio_pci_core_enable', 0), write('0x107')];
const close = around('vfio_pci_core_close_device', null, call('vfio_pci_core_disable', null));
const bind = (answer: Answer) =>
  around(
    'pci_tsm_bind',
    0,
    [...call('sev_tio_tdi_create', 0), ...lock(answer), ...readBack('locked')],
    ` kvm=${VM} tdi_id=0x200`,
  );
const failedBind = around(
  'pci_tsm_bind',
  -5,
  [
    ...call('sev_tio_tdi_create', 0),
    ...lock(0),
    ...call('sev_tio_tdi_status', -5),
    ...call('sev_tio_tdi_reclaim', null),
  ],
  ` kvm=${VM} tdi_id=0x200`,
);
const ask = (inner: readonly string[]) => around('pci_tsm_guest_req', 0, inner, ' scope=1');
const start = (answer: Answer) =>
  ask(around('tdi_run', 0, [...readBack('locked'), ...call('sev_tio_tdi_bind', answer, ' force_run=1 asid=0x5')]));
const stop = (answer: Answer) => ask(call('sev_tio_tdi_unbind', answer, ' force=0'));
const unbind = (inner: readonly string[]) =>
  around(
    'pci_tsm_unbind',
    null,
    around('__pci_tsm_unbind', null, [
      ...inner,
      ...readBack('unlocked'),
      ...call('sev_tio_tdi_reclaim', null),
      ...call('sev_tio_asid_fence_status', 0),
    ]),
  );
const firmwareUnbind = (answer: Answer) => call('sev_tio_tdi_unbind', answer, ' force=0');
const unbindByForce = [...call('sev_tio_tdi_unbind', -5, ' force=0'), ...call('sev_tio_tdi_unbind', 0, ' force=1')];
const destroyVdevice = around('iommufd_vdevice_destroy', null, []);
const destroyVm = [enter('kvm_destroy_vm', ` kvm=${VM}`, false), leave('kvm_destroy_vm', null, '', false)];
const disconnect = around('disconnect_store', 5, [
  ...call('__pci_tsm_unbind', null),
  ...call('sev_tio_dev_disconnect', 0, ' force=0'),
  ...call('pci_ide_stream_disable', null, ' ide=0xffff888004009000'),
]);
const unregister = [enter('pci_tsm_unregister', '', false), leave('pci_tsm_unregister', null, '', false)];

function write(value: string): string {
  return `w: (vfio_basic_config_write+0x0/0x100) bdf="${BDF}" pos=0x4 count=2 off=0x4 val=${value}`;
}

function toLines(steps: readonly (readonly string[])[]): Line[] {
  return steps.flatMap((texts, at) => texts.map((text) => ({ task: TASK, bdf: BDF, text, step: `${at}` })));
}

const answer = fc.constantFrom<Answer>(0, 2);

/** One use: opened, perhaps a bind that fails, bound, perhaps started and stopped by the guest, unbound, closed. */
const session = fc
  .record({
    fails: fc.boolean(),
    answers: fc.tuple(answer, answer, answer),
    reads: fc.tuple(fc.boolean(), fc.boolean()),
    course: fc.constantFrom('locked', 'run', 'stopped'),
    forced: fc.boolean(),
    vdevice: fc.boolean(),
  })
  .map(({ fails, answers: [first, second, third], reads, course, forced, vdevice }) => {
    const steps: (readonly string[])[] = [open, ...(fails ? [failedBind] : []), bind(first)];
    if (reads[0]) steps.push(readBack('locked'));
    if (course !== 'locked') steps.push(start(second), ...(reads[1] ? [readBack('run')] : []));
    if (course === 'stopped') steps.push(stop(third), [write('0x101')], unbind([]));
    else steps.push(unbind(forced ? unbindByForce : firmwareUnbind(third)));
    if (vdevice) steps.push(destroyVdevice);
    steps.push(close);
    return steps;
  });

/** Legal from the first connect to the end of the TSM. */
export const firmwareHistory: fc.Arbitrary<Line[]> = fc
  .array(session, { minLength: 1, maxLength: 3 })
  .map((sessions) => toLines([connect, ...sessions.flat(), destroyVm, disconnect, unregister]));

interface Fault {
  readonly rule: string;
  /** When all was recorded and declared complete. */
  readonly verdict: 'definite' | 'probable' | 'possible';
  /** What happens instead of a correct end, after a bind. */
  readonly steps: readonly (readonly string[])[];
}

const FAULTS: readonly Fault[] = [
  { rule: 'double-bind', verdict: 'possible', steps: [around('pci_tsm_bind', -16, [], ' kvm=0xffff888005000000')] },
  { rule: 'unbind-without-bind', verdict: 'possible', steps: [unbind(firmwareUnbind(0)), unbind([])] },
  { rule: 'vdevice-destroy-while-bound', verdict: 'definite', steps: [destroyVdevice] },
  { rule: 'vm-destroy-while-bound', verdict: 'definite', steps: [destroyVm] },
  { rule: 'tsm-unregister-while-connected', verdict: 'probable', steps: [unbind(firmwareUnbind(0)), unregister] },
  { rule: 'state-readback-conflict', verdict: 'probable', steps: [readBack('error')] },
  { rule: 'reclaim-order', verdict: 'definite', steps: [unbind([])] },
  {
    rule: 'ide-stream-stop-while-locked',
    verdict: 'probable',
    steps: [call('pci_ide_stream_disable', null, ' ide=0xffff888004009000')],
  },
  {
    rule: 'spdm-session-end-while-locked',
    verdict: 'probable',
    steps: [call('sev_tio_dev_disconnect', 0, ' force=0')],
  },
  {
    rule: 'start-without-lock',
    verdict: 'definite',
    steps: [stop(0), around('pci_tsm_guest_req', -14, call('tdi_run', -14), ' scope=1')],
  },
  {
    rule: 'failed-bind-not-cleaned',
    verdict: 'definite',
    steps: [
      unbind(firmwareUnbind(0)),
      around('pci_tsm_bind', -5, lock(0), ` kvm=${VM}`),
      call('vfio_pci_core_disable', null),
    ],
  },
];

export interface FirmwareFault extends Omit<Fault, 'steps'> {
  readonly lines: Line[];
}

/** A legal history that goes wrong at its end. */
export const faultyFirmwareHistory: fc.Arbitrary<FirmwareFault> = fc
  .tuple(fc.array(session, { maxLength: 2 }), answer, fc.constantFrom(...FAULTS))
  .map(([sessions, first, { rule, verdict, steps }]) => ({
    rule,
    verdict,
    lines: toLines([connect, ...sessions.flat(), open, bind(first), ...steps]),
  }));
