import type { StoredEvent } from '../timeline/rows.ts';

/**
 * Why the number of a TDX status may stand for something else: the numbers of TDX Connect that are public are those of its first ABI
 * (DEVIF; intel/tdx-module@1666adc494db, include/auto_gen_2_0/tdx_error_codes_defs.h), and the module may be of the later one (TDI).
 * `later`: `shownBy` is a call that only that one has. `untold`: no call tells.
 */
export interface OtherNumbers {
  readonly abi: 'later' | 'untold';
  readonly shownBy: StoredEvent | null;
}

interface Shown {
  readonly abi: 'first' | 'later';
  readonly by: StoredEvent;
}

/** Of which ABI of TDX Connect the module of a machine is, as the calls to it tell: it is one, from boot to boot. */
export class TdxAbis {
  readonly #shown = new Map<number, Shown>();

  /** @param history whatever is of one machine and one boot. */
  note(event: StoredEvent, history: number): void {
    const abi = abiOf(event);
    if (abi === null || event.outcome === 'failed') return;
    const known = this.#shown.get(history);
    // What the module takes by a name of the first ABI it knows: of the wrappers for SPDM and IDE, drivers of both use the later ones.
    if (known === undefined || (known.abi === 'later' && abi === 'first')) this.#shown.set(history, { abi, by: event });
  }

  /** Null where the numbers are those that the status was decoded by, or it is none of TDX Connect. */
  otherNumbers(heard: StoredEvent, history: number): OtherNumbers | null {
    if (!isOfConnect(heard) || abiOf(heard) === 'first') return null;
    const shown = this.#shown.get(history);
    if (shown === undefined) return { abi: 'untold', shownBy: null };
    return shown.abi === 'first' ? null : { abi: 'later', shownBy: shown.by };
  }
}

/** Commands of the TDX module that only the later ABI has: src/events/tdx-codes.ts. */
const LATER: ReadonlySet<string> = new Set([
  'TDH.IOMMU.SETUP',
  'TDH.IOMMU.CLEAR',
  'TDH.SPDM.CONNECT',
  'TDH.SPDM.DISCONNECT',
  'TDH.SPDM.MNG',
  'TDH.IDE.STREAM.KM',
]);

/** By the name of the wrapper that the kernel calls; a number of a command may be of either. */
function abiOf({ args }: StoredEvent): Shown['abi'] | null {
  const name = args['command_name'];
  if (name === undefined || args['command'] !== undefined) return null;
  if (/^TDH[._]DEVIF[._]/.test(name)) return 'first';
  return LATER.has(name) ? 'later' : null;
}

/** The status is of the class that TDX Connect brought, 0x0f: what was there before did not change its numbers. */
function isOfConnect({ args }: StoredEvent): boolean {
  return args['status_name'] !== undefined && /^(?:0x)?[0-9a-f]{4}0f[0-9a-f]{10}$/.test(args['status'] ?? '');
}
