import type { Platform } from '../model/states.ts';
import type { CodeSpace } from './codes.ts';
import type { EventKind, HandleType, PointerSpace } from './event.ts';

/**
 * Where a fact about the kernel was read, and what it holds for. `versions` is a range of releases, `6.13-` or `5.8-6.12`, from
 * the first that has it to the last, as far as is known, open where no end was seen; or `series: ` with the posting, for what is
 * in no release. The releases and commits that were read stand in `source`.
 */
export interface Provenance {
  readonly versions: string;
  readonly source: string;
}

/** How the arguments of a record name something that is no device yet; see `Handle`. */
export interface HandleRow {
  readonly type: HandleType;
  /** Arguments that hold it; the first that is there counts. */
  readonly arguments: readonly string[];
  /** The number is printed in hexadecimal without `0x`. */
  readonly hex?: true;
}

/** Numbers of a record that stand for something: `decodes: { cmd: 'ioctl' }` adds the argument `cmd_name`. */
export type Decodes = Readonly<Record<string, CodeSpace>>;

/** A kernel function whose call means something. One row per function; compiler suffixes are removed before the look-up. */
export interface SymbolRow extends Provenance {
  readonly symbol: string;
  readonly kind: EventKind;
  /** The argument that points to the device, and what it points to; none where no argument does. */
  readonly subject?: { readonly arguments: readonly string[]; readonly space: PointerSpace };
  readonly handles?: readonly HandleRow[];
  /** Returns nothing: what a trace prints as its return value is whatever the register held. */
  readonly void?: true;
  /** Returns a pointer, or an error pointer or NULL where it fails. */
  readonly pointer?: true;
  /** Returns 0 or a negative errno, nothing else: another number is one that was cut, or none of its own. */
  readonly zeroOrError?: true;
  /** The argument as which the event keeps the pointer that is returned. */
  readonly returnsAs?: string;
  /**
   * Returns a status of the firmware's, a number of the PCI core's (`pcibios`), or (`sev-tio`) a DOE feature where the firmware
   * wants an SPDM exchange first.
   */
  readonly returns?: 'tdx' | 'rmi' | 'rhi' | 'sev-tio' | 'pcibios';
  /**
   * Functions of this catalogue that call it, directly or through others. Puts a record inside a call where the form has
   * no nesting of its own (function tracer, probes without a return event).
   */
  readonly within?: readonly string[];
  /** Where it is called from tells something that no record around it does: `args.called_from`, where the record has it. */
  readonly keepsCaller?: true;
  /**
   * Functions of this catalogue that call it in some kernels only, as in those of a posted series: it may run inside a call of
   * theirs that was not seen to return, or after it. Such a call goes on, but nothing is put inside it.
   */
  readonly perhapsWithin?: readonly string[];
  /** Called from so many places that nothing can be concluded from a call about the calls around it. */
  readonly anywhere?: true;
  /** Runs at most once in a call of its caller: where it comes again, that call is over, seen to return or not. */
  readonly once?: true;
  /** Acts on the same device as the call around it, so their pointers name one device. */
  readonly sameDevice?: true;
  /** Arguments that the event keeps under these names: `value: ['val', 'value']` takes the first that is there. */
  readonly keeps?: Readonly<Record<string, readonly string[]>>;
  /** Kept arguments without which a record says nothing: it is no event then. */
  readonly needs?: readonly string[];
  /** A return says something all the same: whether what its entry asked for was done. */
  readonly returnTells?: true;
  readonly decodes?: Decodes;
  /** The kind by the value of a kept argument, in decimal; `kind` where the argument is not recorded or has another. */
  readonly kindBy?: { readonly argument: string; readonly kinds: Readonly<Record<string, EventKind>> };
  /** Arguments of the event that the function itself fixes. */
  readonly fixed?: Readonly<Record<string, string>>;
}

/** A former or coming name of a function; everything else is as the row of `of` says. */
export interface AliasRow extends Provenance {
  readonly symbol: string;
  readonly of: string;
}

/** A static trace event, recognised by its name and the shape of what follows it. */
export interface TraceEventRow extends Provenance {
  readonly name: string;
  /** What the event is called whatever tool prints it; else `name`. */
  readonly named?: string;
  readonly kind: EventKind;
  /** Named groups become arguments; a group `bdf` becomes the device. */
  readonly pattern: RegExp;
  readonly handles?: readonly HandleRow[];
  readonly decodes?: Decodes;
  /** Arguments that the event always has. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Functions of the catalogue that it occurs in, directly or through others. Without them it stands alone. */
  readonly within?: readonly string[];
  readonly example: string;
}

/** A printk message, without level, time, caller and `driver BDF: ` prefix. */
export interface MessageRow extends Provenance {
  /** null: known, and means nothing for a TDI; it is not reported as unrecognised. */
  readonly kind: EventKind | null;
  /** Cheap test before the pattern: text that the message must contain. */
  readonly contains: string;
  /** Named groups become arguments; a group `bdf` overrides the prefix as the device. Anchored, linear. */
  readonly pattern: RegExp;
  readonly phase?: 'enter' | 'exit';
  readonly outcome?: 'failed';
  /** The function in front says it, about another one or none: it becomes the argument `reporter`. */
  readonly reporter?: true;
  readonly handles?: readonly HandleRow[];
  readonly decodes?: Decodes;
  readonly fixed?: Readonly<Record<string, string>>;
  /** A line as a machine printed it, or as the format string of `printedBy` makes it. */
  readonly example: string;
  /** The kernel function that prints it. */
  readonly printedBy: string;
}

/** Symbols or messages that only one platform's TSM driver has. */
export interface PlatformMark {
  readonly platform: Exclude<Platform, 'generic'>;
  readonly symbolPrefix?: string;
  readonly message?: RegExp;
  readonly source: string;
}

/** Shorthands for `subject`. */
export const VDEV = { arguments: ['vdev', 'core_vdev', 'device'], space: 'vfio' } as const;
export const PDEV = { arguments: ['pdev', 'dev'], space: 'pci' } as const;
export const DEVICE = { arguments: ['dev'], space: 'dev' } as const;
export const FILE = { arguments: ['df'], space: 'df' } as const;
export const IDEV = { arguments: ['idev'], space: 'idev' } as const;
export const TDI = { arguments: ['tdi'], space: 'tdi' } as const;

/**
 * Operations of the PCI/TSM core: the platform's TSM driver works inside them, in the same task, on the same device. One at a
 * time for each device security manager (drivers/pci/tsm.c).
 */
export const TSM_OPERATIONS = [
  'connect_store',
  'pci_tsm_connect',
  'disconnect_store',
  '__pci_tsm_disconnect',
  'pci_tsm_bind',
  'pci_tsm_unbind',
  '__pci_tsm_unbind',
  'pci_tsm_guest_req',
  'pci_tsm_destroy',
] as const;

/**
 * What unbinds by itself before it does harm, where vfio has been patched to: writes to the configuration, the reset ioctls, low power
 * and the close (20250529053513.1592088-21-yilun.xu@linux.intel.com, "vfio/pci: Do TSM Unbind before zapping bars": vfio_pci_tsm_unbind
 * in vfio_pci_config.c and vfio_pci_core.c). No release does (7.3.4). That a disable might is no more than a guess.
 */
export const PERHAPS_UNBINDING = [
  'vfio_basic_config_write',
  'vfio_pm_config_write',
  'vfio_lock_and_set_power_state',
  'vfio_exp_config_write',
  'vfio_af_config_write',
  'vfio_device_fops_unl_ioctl',
  'vfio_pci_core_ioctl',
  'vfio_pci_ioctl_reset',
  'vfio_pci_ioctl_pci_hot_reset',
  'vfio_pci_dev_set_hot_reset',
  'vfio_pci_runtime_pm_entry',
  'vfio_pci_core_close_device',
  'vfio_pci_core_disable',
] as const;

/** Who prints a message, in which file, and in which releases. */
export interface Origin extends Provenance {
  readonly printedBy: string;
}

/** Shorthand for the origin of a message. */
export function by(printedBy: string, source: string, versions: string): Origin {
  return { printedBy, source, versions };
}

/** Shorthand for a row of the message tables; `kind` null: known, and means nothing for a TDI. */
export function messageRow(
  kind: MessageRow['kind'],
  contains: string,
  pattern: RegExp,
  example: string,
  origin: Origin,
  more: Partial<Pick<MessageRow, 'phase' | 'outcome' | 'fixed' | 'handles' | 'decodes' | 'reporter'>> = {},
): MessageRow {
  return { kind, contains, pattern, example, ...origin, ...more };
}

/** Shorthand for a message that is known and means nothing for a TDI. */
export function knownRow(contains: string, pattern: RegExp, example: string, origin: Origin): MessageRow {
  return messageRow(null, contains, pattern, example, origin);
}

/** A row for every former or coming name too, and that name wherever the table names a caller. */
export function withAliases(rows: readonly SymbolRow[], aliases: readonly AliasRow[]): SymbolRow[] {
  const names = new Map<string, string[]>();
  for (const { of, symbol } of aliases) names.set(of, [...(names.get(of) ?? []), symbol]);
  const callers = (within: readonly string[]): string[] =>
    within.flatMap((caller) => [caller, ...(names.get(caller) ?? [])]);
  const all = rows.map((row) => ({
    ...row,
    ...(row.within && { within: callers(row.within) }),
    ...(row.perhapsWithin && { perhapsWithin: callers(row.perhapsWithin) }),
  }));
  const bySymbol = new Map(all.map((row) => [row.symbol, row]));
  for (const { symbol, of, versions, source } of aliases) {
    const row = bySymbol.get(of);
    if (!row) throw new Error(`${symbol}: no row for ${of}`);
    all.push({ ...row, symbol, versions, source });
  }
  return all;
}
