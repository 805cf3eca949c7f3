import type { Platform } from '../model/states.ts';
import type { EventKind, PointerSpace } from './event.ts';

/** A kernel function whose call means something. One row per function; compiler suffixes are removed before the look-up. */
export interface SymbolRow {
  readonly symbol: string;
  readonly kind: EventKind;
  /** The argument that points to the device, and what it points to; none where no argument does. */
  readonly subject?: { readonly arguments: readonly string[]; readonly space: PointerSpace };
  /** Returns nothing: what a trace prints as its return value is whatever the register held. */
  readonly void?: true;
  /** Returns a pointer or an error pointer. */
  readonly pointer?: true;
  /**
   * Functions of this catalogue that call it, directly or through others. Puts a record inside a call where the form has
   * no nesting of its own (function tracer, probes without a return event).
   */
  readonly within?: readonly string[];
  /** Runs at most once in a call of its caller: where it comes again, that call is over, seen to return or not. */
  readonly once?: true;
  /** Acts on the same device as the call around it, so their pointers name one device. */
  readonly sameDevice?: true;
  /** Arguments that the event keeps under these names: `value: ['val', 'value']` takes the first that is there. */
  readonly keeps?: Readonly<Record<string, readonly string[]>>;
  /** Arguments of the event that the function itself fixes. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Kernel releases that have it, and where it was read. */
  readonly versions: string;
  readonly source: string;
}

/** A static trace event, recognised by its name and the shape of what follows it. */
export interface TraceEventRow {
  readonly name: string;
  readonly kind: EventKind;
  /** Named groups become arguments; a group `bdf` becomes the device. */
  readonly pattern: RegExp;
  /** Arguments that the event always has. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Functions of the catalogue that it occurs in, directly or through others. Without them it stands alone. */
  readonly within?: readonly string[];
  readonly example: string;
  readonly source: string;
}

/** A printk message, without level, time, caller and `driver BDF: ` prefix. */
export interface MessageRow {
  /** null: known, and means nothing for a TDI; it is not reported as unrecognised. */
  readonly kind: EventKind | null;
  /** Cheap test before the pattern: text that the message must contain. */
  readonly contains: string;
  /** Named groups become arguments; a group `bdf` overrides the prefix as the device. Anchored, linear. */
  readonly pattern: RegExp;
  readonly phase?: 'enter' | 'exit';
  readonly fixed?: Readonly<Record<string, string>>;
  readonly example: string;
  readonly source: string;
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

/** Shorthand for a row of the message tables; `kind` null: known, and means nothing for a TDI. */
export function messageRow(
  kind: MessageRow['kind'],
  contains: string,
  pattern: RegExp,
  example: string,
  source: string,
  more: Partial<Pick<MessageRow, 'phase' | 'fixed'>> = {},
): MessageRow {
  return { kind, contains, pattern, example, source, ...more };
}
