/** A PCI function's address, always `dddd:bb:dd.f` in lower case (the domain may have up to eight digits). */
export type Bdf = string & { readonly __bdf: unique symbol };

/** Source of a BDF in running text: domain of 4 to 8 digits (VMD and software devices use five), bus, device, function. */
export const BDF_SOURCE = '[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[01][0-9a-fA-F]\\.[0-7]';

const WHOLE = new RegExp(`^${BDF_SOURCE}$`);
const SHORT = /^[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]$/;

/** The address in its one normal form, or null where `text` is no complete PCI address. */
export function parseBdf(text: string): Bdf | null {
  return WHOLE.test(text) ? (text.toLowerCase() as Bdf) : null;
}

/**
 * Like {@link parseBdf}, but takes `bb:dd.f` too and puts it into domain 0. Only for printers that are known to leave the
 * domain out (Intel DMAR fault lines up to 6.x, `dmar_fault_do_one` in drivers/iommu/intel/dmar.c).
 */
export function parseBdfWithoutDomain(text: string): Bdf | null {
  return SHORT.test(text) ? (`0000:${text.toLowerCase()}` as Bdf) : parseBdf(text);
}

/** `dddd:bb:dd`: what the functions of one device have in common. */
export function slotOf(bdf: Bdf): string {
  return bdf.slice(0, bdf.lastIndexOf('.'));
}

/** The number of the function, 0 to 7. */
export function functionOf(bdf: Bdf): number {
  return Number(bdf.slice(bdf.lastIndexOf('.') + 1));
}

/** `dddd:bb`, for matching against the secondary bus of a bridge. */
export function busOf(bdf: Bdf): string {
  return bdf.slice(0, bdf.lastIndexOf(':'));
}
