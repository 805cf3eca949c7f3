/**
 * Why a reader of compressed data or of an archive cannot go on. What it handed over before is sound.
 *
 * `early`: the data ends too soon. `damaged`: it is not what its form allows. `trailing`: something else follows data that was
 * whole. `capped`: the limit of decompressed bytes is reached. `refused`: it is sound, but asks for more than we give; `remedy`
 * says what to do then (`FILE` stands for the path).
 */
export class Damage extends Error {
  readonly kind: 'early' | 'damaged' | 'trailing' | 'capped' | 'refused';
  readonly remedy: string;

  constructor(kind: Damage['kind'], message = '', remedy = '') {
    super(message);
    this.name = 'Damage';
    this.kind = kind;
    this.remedy = remedy;
  }
}
