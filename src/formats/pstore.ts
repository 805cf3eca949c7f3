import type { HealthItem } from '../base/health.ts';
import { pasteEnd } from './clean.ts';
import { DmesgParser } from './dmesg.ts';
import type { Format, LineKind, ParserContext } from './format.ts';
import { shareExplained } from './share.ts';

// pstore_dump() in fs/pstore/platform.c: reason, number of the crash, number of the part.
const PART = /^(?:Panic|Oops|Emergency|Shutdown|Unknown|MCE|Restart|Halt|Poweroff)#(\d{1,9}) Part(\d{1,9})$/;
// ramoops_write_kmsg_hdr() in fs/pstore/ram.c: when it crashed, and whether the body is compressed.
const RAMOOPS = /^====\d{1,20}\.\d{1,9}-[CD]$/;

/** Parts of a crash log, one below the other. */
class PstoreParser extends DmesgParser {
  #crash = 0;
  #part = 0;

  constructor(context: ParserContext) {
    super(context, {
      other: (line, number): LineKind | null => {
        const bare = line.slice(pasteEnd(line)).trimEnd();
        if (RAMOOPS.test(bare)) return 'skipped';
        const match = PART.exec(bare);
        if (match === null) return null;
        if (this.#isOlder(match)) {
          const message = `part ${match[2]} of the crash log is older than part ${this.#part}, which stands before it; the order of the file was kept: put the parts together in falling order`;
          context.health({ code: 'time-backwards', line: number, message, count: 1 });
        }
        this.#crash = Number(match[1]);
        this.#part = Number(match[2]);
        return 'skipped';
      },
    });
  }

  /** pstore names its files by the number of the part, so parts put together by name stand newest first. */
  begins(line: string, number: number): HealthItem | null {
    const match = PART.exec(line.slice(pasteEnd(line)).trimEnd());
    if (match === null || this.#part === 0) return null;
    if (Number(match[1]) !== this.#crash) {
      const message = `another crash begins here (${match[0]}): it was read by itself`;
      return { code: 'crash-parts', line: number, message, count: 1 };
    }
    if (!this.#isOlder(match)) return null;
    const message = `part ${match[2]} of the crash log is older than part ${this.#part}, which stands before it: each was read by itself; put together in falling order they are one`;
    return { code: 'crash-parts', line: number, message, count: 1 };
  }

  #isOlder([, crash, part]: RegExpExecArray): boolean {
    return this.#part > 0 && Number(crash) === this.#crash && Number(part) > this.#part;
  }
}

const createParser = (context: ParserContext): PstoreParser => new PstoreParser(context);

/** What a part of a crash log begins with. */
export function isCrashPart(line: string): boolean {
  return line.includes('#') && PART.test(line.slice(pasteEnd(line)).trimEnd());
}

function isHeader(line: string): boolean {
  const bare = line.slice(pasteEnd(line)).trimEnd();
  return PART.test(bare) || RAMOOPS.test(bare);
}

export const pstore: Format = {
  id: 'pstore',
  title: 'crash log that pstore or ramoops kept over a reboot; its part 1 is the newest',
  example: 'Panic#1 Part1',
  detect: (lines) => (lines.some(isHeader) ? shareExplained(lines, createParser) : 0),
  parser: createParser,
};
