import type { Verdict } from '../../../src/model/analysis.ts';
import type { Platform } from '../../../src/model/states.ts';
import type { Bug } from './bugs.ts';

/** Why a bug is less than `definite` though all was recorded, in the words of the table. */
export const REASONS = {
  refused: 'the kernel refused it, nothing happened: a note by design',
  righted: 'the kernel puts it right itself, inside the same operation',
  which: 'which of several TSMs goes, and which one a function is connected to, is in no record',
  harmless: 'it does no harm, or mostly none',
  alone: 'a device may do it by itself: there need not be anybody to accuse',
  informative: 'the list of registers that a lock freezes is informative: a device may be less strict',
  unseen: 'what the guest had mapped is in no record of this platform',
  policy: 'whether it is wrong is the policy of the guest',
} as const;

type Reason = keyof typeof REASONS;

interface OfBug {
  readonly rule: string;
  readonly name: string;
  /** Absent: wherever the bug is put in. */
  readonly platforms?: readonly Platform[];
}

export interface Capped extends OfBug {
  readonly verdict: Extract<Verdict, 'probable' | 'possible'>;
  readonly reason: Reason;
}

/** Bugs that are less than `definite` on the complete trace. Every one of them stands here, or is to be found. */
export const CAPPED: readonly Capped[] = [
  { rule: 'bind-without-connect', name: 'refused', verdict: 'possible', reason: 'refused' },
  { rule: 'guest-request-while-unbound', name: 'refused', verdict: 'possible', reason: 'refused' },
  { rule: 'double-bind', name: 'refused', verdict: 'possible', reason: 'refused' },
  { rule: 'accept-before-report', name: 'refused by the guest', verdict: 'possible', reason: 'refused' },
  { rule: 'disconnect-while-bound', name: 'and the core unbinds first', verdict: 'possible', reason: 'righted' },
  {
    rule: 'tsm-unregister-while-connected',
    name: 'and the core does not disconnect',
    verdict: 'probable',
    reason: 'which',
  },
  { rule: 'unbind-without-bind', name: 'unbound twice', verdict: 'possible', reason: 'harmless' },
  { rule: 'root-port-stream-first', name: 'the port before the endpoint', verdict: 'possible', reason: 'harmless' },
  { rule: 'state-readback-conflict', name: 'ERROR without a reason', verdict: 'probable', reason: 'alone' },
  {
    rule: 'config-change-while-locked',
    name: 'a BAR is written by the host',
    verdict: 'probable',
    reason: 'informative',
  },
  {
    rule: 'config-change-while-locked',
    name: 'a BAR is moved by the host, as lspci shows',
    verdict: 'probable',
    reason: 'informative',
  },
  {
    rule: 'bar-zap-while-bound',
    name: 'low power is asked for',
    platforms: ['sev-tio'],
    verdict: 'probable',
    reason: 'unseen',
  },
  {
    rule: 'bar-zap-while-bound',
    name: 'dma-bufs revoked',
    platforms: ['sev-tio'],
    verdict: 'probable',
    reason: 'unseen',
  },
  { rule: 'driver-probe-before-accept', name: 'between lock and accept', verdict: 'probable', reason: 'policy' },
];

export interface Named extends OfBug {
  /** The rule that is definite in its place. */
  readonly by: string;
  readonly because: string;
}

/** Bugs of which a complete trace holds what they come to: another rule says that, and is `definite`. */
export const NAMED: readonly Named[] = [
  {
    rule: 'bound-at-exit',
    name: 'the VMM is killed',
    by: 'unbind-before-disable',
    because: 'the kernel closes what the process had open; where no close follows, another process has the device',
  },
  {
    rule: 'sleep-while-bound',
    name: 'suspended',
    by: 'power-state-while-locked',
    because: 'the sleep takes the state of the function, which its own power change shows',
  },
  {
    rule: 'tdisp-request-refused',
    name: 'the report is refused',
    platforms: ['cca'],
    by: 'report-before-lock',
    because: 'the answer of the RMM names no state: that of the records decides',
  },
];

function isOf({ rule, name, platforms }: OfBug, bug: Bug, platform: Platform): boolean {
  return rule === bug.rule && name === bug.name && (platforms?.includes(platform) ?? true);
}

export function cappedOn(bug: Bug, platform: Platform): Capped | undefined {
  return CAPPED.find((one) => isOf(one, bug, platform));
}

export function namedOn(bug: Bug, platform: Platform): Named | undefined {
  return NAMED.find((one) => isOf(one, bug, platform));
}
