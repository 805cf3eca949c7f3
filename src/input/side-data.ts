import type { Bdf } from '../base/bdf.ts';

/** Something that side data tell, and where: `lspci.txt:12`, a sentence for people. */
export interface SideFact {
  readonly place: string;
  readonly text: string;
}

/** What a capture kit stored beside the log, as of the moment when it did. */
export interface SideData {
  /** Files that told something, by name. */
  readonly files: readonly string[];
  /** VFs and their PFs. */
  readonly physical: ReadonlyMap<Bdf, { readonly pf: Bdf; readonly fact: SideFact }>;
  /** Bridges and their buses, `dddd:bb`, inclusive. */
  readonly bridges: ReadonlyMap<Bdf, { readonly first: string; readonly last: string; readonly fact: SideFact }>;
  /** No_Soft_Reset of the power management capability. */
  readonly noSoftReset: ReadonlyMap<Bdf, { readonly value: boolean; readonly fact: SideFact }>;
}
