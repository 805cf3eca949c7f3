/** The function that has an address now. */
export interface Bearer {
  readonly entity: number;
  /** More than its coming was seen of it. */
  used: boolean;
  /** It was seen to be enumerated, or to enter its IOMMU group: both happen once in its life. */
  enumerated: boolean;
  grouped: boolean;
}

/**
 * Whether a function that appears is another one than the known bearer of its address. At boot it is enumerated, used by a
 * quirk, and put into its IOMMU group only then.
 *
 * @param joins its IOMMU group is what makes it appear.
 */
export function isAnother(known: Bearer, joins: boolean): boolean {
  if (!known.used) return false;
  return !joins || known.grouped || !known.enumerated;
}
