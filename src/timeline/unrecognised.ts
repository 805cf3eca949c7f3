import type { NewUnrecognised } from './rows.ts';

// Different wordings of unknown lines that are kept; one of each is enough, and a hostile log has no end of them.
const UNRECOGNISED_MAX = 200;

/** Lines of the subsystems that no pattern knows, one of each wording. */
export class UnrecognisedLines {
  readonly #lines = new Map<string, { subsystem: string; text: string; line: number; count: number }>();

  note(subsystem: string, text: string, line: number): void {
    // Numbers and addresses vary from line to line: the wording is what counts.
    const key = `${subsystem} ${text.replace(/0x[0-9a-f]+|\d+/gi, '#').slice(0, 200)}`;
    const known = this.#lines.get(key);
    if (known) known.count += 1;
    else if (this.#lines.size < UNRECOGNISED_MAX) {
      this.#lines.set(key, { subsystem, text: text.slice(0, 1000), line, count: 1 });
    }
  }

  fork(): UnrecognisedLines {
    const copy = new UnrecognisedLines();
    for (const [key, item] of this.#lines) copy.#lines.set(key, { ...item });
    return copy;
  }

  all(): Iterable<Omit<NewUnrecognised, 'sourceId'>> {
    return this.#lines.values();
  }
}
