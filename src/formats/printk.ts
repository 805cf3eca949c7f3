import { Repeated } from '../base/repeated.ts';
import { tidyMessage } from './clean.ts';
import { DumpRows, type Surroundings } from './dump-rows.ts';
import { elided } from './elision.ts';
import type { ClockInfo, ParserContext } from './format.ts';
import type { PrintkEntry } from './printk-entry.ts';
import { RecordTime } from './record-time.ts';
import { below, doubtfulRest, folded } from './remark.ts';
import { type Damage, Repairs } from './repairs.ts';
import { suppressedHere } from './suppressed.ts';
import { PrintedEvents } from './tp-printk.ts';

// console_prepend_dropped() in kernel/printk/printk.c; before 6.x it shares a line with the next message.
const DROPPED = /^(?:\[ *\d+\.\d+\] )?\*\* (\d{1,15}) printk messages dropped \*\* ?/;
// nbcon_emit_next_record() in kernel/printk/nbcon.c (6.13): another CPU took the console over in the middle of the line
// before, which comes again.
const REPLAYING = '** replaying previous printk message **';
// setup_log_buf(), before there was the buffer that log_buf_len= asks for.
const EARLY = /^printk: dropped (\d{1,15}) messages/;
// format_message() of systemd: a message that is no text, `[123B blob data]`, `[1.2K blob data]`.
const BLOB = /^\[\d{1,6}(?:\.\d)?[BKMG] blob data\]$/;
/** The first message of a boot, or the second on arm64. */
const BANNER = 'Linux version ';
/** Lines between the one where time fell and the banner. */
const BANNER_DISTANCE = 4;

/** ftrace_dump() in kernel/trace/trace.c, at an oops or by SysRq-z; nothing was traced where DUMP_EMPTY follows. */
const DUMP = 'Dumping ftrace buffer:';
const DUMP_EMPTY = '(ftrace buffer empty)';

/** What all forms of printk text have in common: order of time, boots, losses, and the hand-over. */
export class PrintkStream {
  readonly #context: ParserContext;
  readonly #time: RecordTime;
  readonly #repairs: Repairs;
  readonly #printed: PrintedEvents;
  /** Whether a message is wanted, and what is to be done to it: logs say the same again and again. */
  readonly #wanted: Repeated<boolean>;
  readonly #tidied = new Repeated((message) => {
    const { plain, damage } = tidyMessage(message);
    return { plain, damage, isEvent: this.#printed.mayRead(plain) };
  });
  #clock: string | null = null;
  #fell = 0;
  /** Line of the first message of this boot. */
  #bootLine = 0;
  /** Line that announced a dump of the trace buffer, as long as nothing of it came. */
  #dumpLine = 0;
  /** The dump that is being written, where its rows have a place to go. */
  #dump: DumpRows | null = null;

  constructor(context: ParserContext) {
    this.#context = context;
    this.#time = new RecordTime(context.health);
    this.#repairs = new Repairs(context.health);
    this.#printed = new PrintedEvents(context.interest);
    this.#wanted = new Repeated((message) => context.interest.message(message));
  }

  /** `none` where no message carried a time of a clock. */
  get clock(): ClockInfo {
    return { name: this.#clock ?? 'none', unit: 'ns' };
  }

  /** A source has one clock, that of its first stamp: times of another one in between would have no order with it. */
  counts(clock: string | null): boolean {
    return clock !== null && (this.#clock === null || clock === this.#clock);
  }

  /**
   * A message begins.
   *
   * @param stamp microseconds, null where the form carries none.
   * @param message latin1, of the first line; empty where user space wrote it, since it tells nothing of the log.
   * @param clock of the stamp, as in {@link ClockInfo.name}.
   */
  begin(stamp: number | null, message: string, line: number, clock: string | null = 'printk'): void {
    if (stamp === null || !this.counts(clock)) this.#time.noteNone();
    else {
      this.#clock ??= clock;
      if (this.#time.note(stamp, false, line)) this.#fell = line;
    }
    if (this.#bootLine === 0) this.#bootLine = line;
    // The clocks of a calendar do not fall when a machine boots.
    if (this.#fell > 0 || this.#clock !== 'printk') this.#lookForBanner(message, line);
    if (message.endsWith('callbacks suppressed')) this.#suppressed(message, line);
    if (message.endsWith('messages')) this.#early(message, line);
    if (message.endsWith('blob data]') && BLOB.test(message)) {
      this.lost(1, 'the journal did not show the text of a message', line);
    }
    if (this.#dumpLine > 0) this.#lookAtDump(message);
    if (message.startsWith(DUMP)) this.#dumpLine = line;
  }

  /**
   * Asked before {@link begin}: a row of a trace buffer that is dumped into the log is no message of it.
   *
   * @param message latin1; `raw` the line that it stands in.
   * @param replayed the message before was cut and comes again.
   * @returns whether it was one: it is dealt with.
   */
  nested(message: string, raw: string, line: number, truncated: boolean, replayed = false): boolean {
    if (this.#dumpLine > 0 && this.#context.dump !== undefined) {
      this.#dumpLine = 0;
      const sink = this.#context.dump();
      if (sink !== null) this.#dump = new DumpRows(sink);
    }
    const dump = this.#dump;
    if (dump === null) return false;
    const isRow = dump.take(message, raw, line, truncated, replayed);
    if (dump.done) this.#dump = null;
    return isRow;
  }

  /** Whether a line without a head is the rest of such a row: it is dealt with. */
  nestedGoesOn(raw: string, line: number, truncated: boolean, around: Surroundings): boolean {
    if (this.#dump?.goesOn(raw, line, truncated, around) !== true) return false;
    this.repaired('wrapped', line);
    return true;
  }

  /** Microseconds: an ordinary message that is not older needs no {@link begin}; null where each has to be looked at. */
  get floor(): number | null {
    const isOdd = this.#fell > 0 || this.#dumpLine > 0 || this.#dump !== null || this.#clock !== 'printk';
    return isOdd ? null : this.#time.floor;
  }

  /** `count` ordinary messages followed, the last one at `stamp`. */
  advance(stamp: number, count: number): void {
    this.#time.advance(stamp, count);
  }

  #lookAtDump(message: string): void {
    const line = this.#dumpLine;
    this.#dumpLine = 0;
    if (message.includes(DUMP_EMPTY)) return;
    const text = 'entries of the trace buffer were dumped here; to analyse them: --input-format ftrace-dump';
    this.#context.health({ code: 'dump-skipped', line, message: text, count: 1 });
  }

  /**
   * Takes a loss mark off the line.
   *
   * @returns the rest of the line, or null where `line` begins with no mark.
   */
  dropped(line: string, number: number): string | null {
    if (!line.includes('** ')) return null;
    const match = DROPPED.exec(line);
    if (match === null) return null;
    const message = `${match[1]} printk messages were dropped here`;
    this.#context.health({ code: 'messages-dropped', line: number, message, count: Number(match[1]) });
    return line.slice(match[0].length);
  }

  /** Whether the line says that the one before was cut and comes again. */
  replaying(line: string): boolean {
    return line.startsWith(REPLAYING);
  }

  /** Whether a message goes on in a line below it that had no room beside it: see {@link below}. */
  goesOn(message: string, line: string, number: number): boolean {
    const what = below(message, line, this.#context.interest.meaning);
    if (what === 'open') this.#context.health(doubtfulRest(number));
    return what === 'rest';
  }

  /** The same where a terminal may have broken it: see {@link folded}. */
  foldsOn(message: string, tail: string, certain: boolean, number: number): boolean {
    const what = folded(message, tail, certain, this.#context.interest.meaning);
    if (what === 'open' && this.wanted(message)) this.#context.health(doubtfulRest(number));
    return what === 'rest';
  }

  wanted(message: string): boolean {
    return this.#wanted.of(message);
  }

  /** See {@link Interest.hints}. */
  get hints(): Uint8Array | null {
    return this.#context.interest.hints ?? null;
  }

  emit(printed: PrintkEntry): void {
    const { plain, damage, isEvent } = this.#tidied.of(printed.message);
    if (damage !== null) this.repaired(damage, printed.line);
    const record = plain === printed.message ? printed : { ...printed, message: plain };
    const event = isEvent ? this.#printed.read(record) : null;
    if (event !== 'unwanted') this.#context.emit(event ?? record);
  }

  end(): void {
    this.#dump?.flush();
    this.#time.end();
    this.#repairs.end();
  }

  /** A line was taken for what it had been before it was copied. */
  repaired(damage: Damage, line: number): void {
    this.#repairs.note(damage, line);
  }

  /** Whether the line says that others were left out. */
  elided(line: string, number: number): boolean {
    return elided(line, number, this.#context.health);
  }

  /** The source says that a new boot begins here. */
  boot(line: number): void {
    if (this.#bootLine === 0) return;
    this.#time.restart();
    this.#context.health({ code: 'reboot', line, message: 'a new boot begins here', count: 1 });
    this.#fell = 0;
    this.#bootLine = 0;
  }

  /** Messages that the source says are missing. */
  lost(count: number, message: string, line: number): void {
    this.#context.health({ code: 'messages-dropped', line, message, count });
  }

  #lookForBanner(message: string, line: number): void {
    if (message.startsWith(BANNER)) {
      if (this.#fell > 0) this.#time.forgiveFall();
      else if (line - this.#bootLine <= BANNER_DISTANCE) return;
      this.#context.health({ code: 'reboot', line, message: 'a new boot begins here', count: 1 });
      this.#fell = 0;
      this.#bootLine = line;
    } else if (line - this.#fell > BANNER_DISTANCE) this.#fell = 0;
  }

  #early(message: string, line: number): void {
    const match = EARLY.exec(message);
    if (match === null) return;
    this.lost(Number(match[1]), `the first buffer of the kernel was too small for ${match[1]} messages`, line);
  }

  #suppressed(message: string, line: number): void {
    const item = suppressedHere(message, line);
    if (item !== null) this.#context.health(item);
  }
}
