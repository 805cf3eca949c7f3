import type { Untrusted } from '../base/untrusted.ts';
import { decodeText, ownCopy } from './text.ts';

/** Longest text of a record in characters; what is longer is cut. */
const MAX_TEXT = 64 * 1024;

/** The lines of a record that may go on: collected until the next one begins. */
export class HeldLines {
  readonly line: number;
  endLine: number;
  wanted = false;
  truncated = false;
  readonly #lines: string[] = [];
  readonly #wants: (line: string) => boolean;
  #length = 0;

  constructor(line: number, wants: (line: string) => boolean) {
    this.line = line;
    this.endLine = line;
    this.#wants = wants;
  }

  /** @returns false where the record is too long to take more of it. */
  add(line: string, number: number, truncated: boolean): boolean {
    this.endLine = number;
    this.#length += line.length;
    this.truncated ||= truncated || this.#length > MAX_TEXT;
    if (this.#length > MAX_TEXT && this.#lines.length > 0) return false;
    this.#lines.push(line);
    this.wanted ||= this.#wants(line);
    return true;
  }

  /** As it stands in the source. */
  text(): Untrusted {
    return decodeText(ownCopy(this.#lines.join('\n')));
  }
}
