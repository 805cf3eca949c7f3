import type { Bdf } from '../../base/bdf.ts';
import { keep, type PhysicalFunction, type SideFact } from './fact.ts';

/** Which functions are VFs of which PF, by all files. A function has one PF: where two are told, neither is used. */
export class VirtualFunctions {
  /** `pf` is null where two are told; the fact says so then. */
  readonly #told = new Map<Bdf, { readonly pf: Bdf | null; readonly fact: SideFact }>();

  /** `place` says that `vf` is a VF of `pf`. */
  tell(vf: Bdf, pf: Bdf, place: string): void {
    if (vf === pf) return;
    const known = this.#told.get(vf);
    if (known === undefined) keep(this.#told, vf, { pf, fact: { place, text: `${vf} is a VF of ${pf}` } });
    if (known === undefined || known.pf === null || known.pf === pf) return;
    const text = `${vf} is a VF of ${pf} here and of ${known.pf} in ${known.fact.place}: neither was used`;
    keep(this.#told, vf, { pf: null, fact: { place, text } });
  }

  get agreed(): Map<Bdf, PhysicalFunction> {
    return new Map([...this.#told].flatMap(([vf, { pf, fact }]) => (pf === null ? [] : [[vf, { pf, fact }]])));
  }

  get ofTwo(): Set<Bdf> {
    return new Set([...this.#told].flatMap(([vf, { pf }]) => (pf === null ? vf : [])));
  }

  /** Functions of which two PFs were told. */
  get disputed(): SideFact[] {
    return [...this.#told.values()].flatMap(({ pf, fact }) => (pf === null ? fact : []));
  }
}
