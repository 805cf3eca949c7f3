import type { HealthSink } from '../base/health.ts';
import { pasteEnd } from './clean.ts';

// `...`, `[...]`, `<...>`, `[... cut for brevity ...]`
const DOTS = /^[[<({]?(?:\.{2,8}|\xe2\x80\xa6)(?:[ \w,'-]{0,80}(?:\.{2,8}|\xe2\x80\xa6))?[\]>)}]?$/;
// `[snip]`, `<snip>`, `[cut 20 lines]`, `(lines omitted)`
const WORD = /^[[<({] {0,2}(?:lines? )?(?:snip|snipped|cut|trimmed|skipped|omitted|removed)\b[^\]>)}]{0,60}[\]>)}]$/i;
// `---8<---`, `8<-----`
const SCISSORS = /^(?:-{1,40} ?)?8<(?: ?-{1,40})?$|^-{1,40} ?8< ?-{1,40}$/;
/** What grep puts between its matches. */
const GREP = '--';
/** What a mail puts before the sender's name (RFC 3676 section 4.3): the log is over, and nothing was left out. */
const SIGNATURE = '-- ';
const MAX_MARK = 128;

/**
 * Whether somebody who copied a log left lines out here: says so, since what is missing may be the line that matters.
 *
 * @param line latin1.
 */
export function elided(line: string, number: number, health: HealthSink): boolean {
  if (!isElision(line)) return false;
  health({ code: 'lines-elided', line: number, message: 'somebody left lines out here', count: 1 });
  return true;
}

export function isElision(line: string): boolean {
  if (line.length > MAX_MARK) return false;
  const pasted = line.slice(pasteEnd(line));
  if (pasted === SIGNATURE) return false;
  const bare = pasted.trimEnd();
  return bare === GREP || DOTS.test(bare) || WORD.test(bare) || SCISSORS.test(bare);
}

/** A word of prose, in any script; not what rows are made of. */
const WORD_OF_PROSE = /^["'(]?[A-Za-z\x80-\xff][A-Za-z\x80-\xff'-]{0,40}[.,:;!?)"']{0,3}$/;
const MAX_PROSE = 200;
/** Share of the words of a line that must be such. */
const PROSE_SHARE = 0.6;

/**
 * Whether somebody wrote this line: no tool prints such between the rows of a trace, so what stands before and behind it are
 * two excerpts.
 *
 * @param line latin1.
 */
export function isProse(line: string): boolean {
  const words = line
    .slice(0, MAX_PROSE)
    .slice(pasteEnd(line))
    .split(' ')
    .filter((word) => word !== '');
  const plain = words.filter((word) => WORD_OF_PROSE.test(word)).length;
  // A letter alone is rather the end of a task name with a line break in it.
  return words.join('').length > 2 && plain >= words.length * PROSE_SHARE;
}

/** A tail that a mail program broke off is rarely longer, and has few words. */
const SENTENCE_MIN = 40;
const WORDS_MIN = 3;

/** Whether a line looks like a sentence that somebody wrote below a message, and not like the end of the message. */
export function isSentence(line: string): boolean {
  const bare = line.slice(pasteEnd(line)).trimEnd();
  if (!/^["'(]?[A-Z]/.test(bare) || bare.split(' ').length < WORDS_MIN) return false;
  return isProse(line) && (/[.!?:]$/.test(bare) || bare.length > SENTENCE_MIN);
}

const HEADING = /^#{1,6} +(?=\S)/;
/** Of the headers of ftrace, print_trace_header() and test_cpu_buff_start() in kernel/trace/trace.c. */
const HEADER_WORDS = /^tracer: |\b(?:TASK-PID|DURATION|TIMESTAMP|latency)\b|^CPU:? ?\d{1,6} buffer /;

/** Whether a line that a trace would take for a comment is a heading that somebody wrote: `## Without the patch`. */
export function isHeading(line: string): boolean {
  const bare = line.slice(pasteEnd(line), MAX_PROSE);
  const mark = HEADING.exec(bare)?.[0];
  if (mark === undefined) return false;
  const words = bare.slice(mark.length);
  return !HEADER_WORDS.test(words) && isProse(words);
}
