import { InputError } from '../base/errors.ts';
import { type LineSplitter, MAX_LINE } from '../input/lines.ts';
import { type OpenedSource, shownPath } from '../input/source.ts';
import type { Format } from './format.ts';
import { journalExport } from './journal-export.ts';
import type { Reader } from './reader.ts';

/** What the lines of a source lacked, as far as it shows in how they end. */
export function reportLines(splitter: LineSplitter, reader: Reader, openEnd: boolean): void {
  if (splitter.truncatedLines > 0) {
    const message = `${splitter.truncatedLines} longer than ${MAX_LINE} bytes were cut`;
    reader.healthAt({
      code: 'lines-truncated',
      line: splitter.firstTruncated,
      message,
      count: splitter.truncatedLines,
    });
  }
  // Only the export of the journal counts bytes, and has NULs in the numbers.
  if (splitter.nulLines > 0 && !reader.parts.some(({ format }) => format === journalExport)) {
    const hold = splitter.nulLines === 1 ? '1 line holds' : `${splitter.nulLines} lines hold`;
    const message = `${hold} NUL bytes: what was there is missing, and what stands on both sides was read as one line`;
    reader.healthAt({ code: 'nul-bytes', line: splitter.firstNul, message, count: splitter.nulLines });
  }
  if (openEnd) {
    const message = 'the last line has no newline: it may be cut';
    reader.healthAt({ code: 'no-final-newline', line: splitter.lines, message, count: 1 });
  }
}

/** Why a source holds nothing, and what to do. */
export function noKernelLine(
  source: OpenedSource,
  format: Format | null,
  bytes: number,
  { refusal, capped }: Reader,
  maxBytes: number,
): InputError {
  const path = shownPath(source.path);
  if (bytes === 0) return new InputError(`${path}: is empty: was the log saved before the buffer was read or cleared?`);
  if (capped) {
    const limit = `the first ${maxBytes} bytes, which is the limit`;
    return new InputError(`${path}: holds no kernel log line in ${limit}: raise --max-bytes`);
  }
  if (format !== null)
    return new InputError(
      `${path}: holds no line of the form ${format.id}: leave --input-format away to have it detected`,
    );
  if (refusal !== null) return new InputError(`${path}: holds no kernel log line: ${refusal}`);
  return new InputError(`${path}: holds no kernel log line: see tdi-trace formats for what can be read`);
}
