import type { Interest } from './record.ts';
import { ownCopy } from './text.ts';

/** Names remembered before the memory is emptied: a kernel has some 100,000 symbols, a hostile file any number. */
const CAPACITY = 1 << 16;

/** KSYM_NAME_LEN in include/linux/kallsyms.h. Nobody wants what is longer, nor is it remembered. */
const MAX_NAME = 512;

// gcc: .constprop.N .isra.N .part.N .cold[.N], clang: .llvm.N; several may follow one another.
const COMPILER_SUFFIX = /(?:\.(?:constprop|isra|part|cold|llvm|lto_priv)(?:\.\d{1,20}){0,2}){1,8}$/;

/** A symbol without what the compiler appended to it: `pci_tsm_walk_fns_reverse.constprop.0` -> `pci_tsm_walk_fns_reverse`. */
export function bareSymbol(name: string): string {
  return name.includes('.') && name.length <= MAX_NAME ? name.replace(COMPILER_SUFFIX, '') : name;
}

/**
 * Remembers what the next stage wants, by the name as printed: a trace repeats a few hundred names millions of times.
 * Answers the name to report, or null where nobody wants it.
 */
export class Wanted {
  readonly #ask: (name: string) => string | null;
  readonly #known = new Map<string, string | null>();

  private constructor(ask: (name: string) => string | null) {
    this.#ask = ask;
  }

  static symbols(interest: Interest): Wanted {
    return new Wanted((name) => {
      const bare = bareSymbol(name);
      return interest.symbol(bare) ? bare : null;
    });
  }

  static events(interest: Interest): Wanted {
    return new Wanted((name) => (interest.event(name) ? name : null));
  }

  name(printed: string): string | null {
    const known = this.#known.get(printed);
    return known === undefined ? this.#learn(printed) : known;
  }

  #learn(printed: string): string | null {
    if (printed.length > MAX_NAME) return null;
    if (this.#known.size >= CAPACITY) this.#known.clear();
    const own = ownCopy(printed);
    const answer = this.#ask(own);
    this.#known.set(own, answer);
    return answer;
  }
}
