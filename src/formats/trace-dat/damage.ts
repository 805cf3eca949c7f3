/** What is wrong with a trace.dat, and where. Never leaves this folder. */
export class Damage extends Error {
  /** Byte of the file, 0-based. */
  readonly position: number;

  /** @param what completes "at byte N ": `ends`, `the size of a section is wrong`. */
  constructor(what: string, position: number) {
    super(what);
    this.position = position;
  }
}

/** A trace.dat that is whole but of a kind that is not read. The message completes "FILE: ". */
export class Unsupported extends Error {}
