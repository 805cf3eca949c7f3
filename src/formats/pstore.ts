import { pasteEnd } from './clean.ts';
import { DmesgParser } from './dmesg.ts';
import type { Format, LineKind, ParserContext } from './format.ts';
import { shareExplained } from './share.ts';

// pstore_dump() in fs/pstore/platform.c: reason, number of the crash, number of the part.
const PART = /^(?:Panic|Oops|Emergency|Shutdown|Unknown|MCE|Restart|Halt|Poweroff)#(\d{1,9}) Part(\d{1,9})$/;
// ramoops_write_kmsg_hdr() in fs/pstore/ram.c: when it crashed, and whether the body is compressed.
const RAMOOPS = /^====\d{1,20}\.\d{1,9}-[CD]$/;

function createParser(context: ParserContext): DmesgParser {
  let previous = 0;
  return new DmesgParser(context, {
    other(line, number): LineKind | null {
      const bare = line.slice(pasteEnd(line)).trimEnd();
      if (RAMOOPS.test(bare)) return 'skipped';
      const match = PART.exec(bare);
      if (match === null) return null;
      const part = Number(match[2]);
      if (previous > 0 && part > previous) {
        const message = `part ${part} of the crash log is older than part ${previous}, which stands before it; the order of the file was kept: put the parts together in falling order`;
        context.health({ code: 'time-backwards', line: number, message, count: 1 });
      }
      previous = part;
      return 'skipped';
    },
  });
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
