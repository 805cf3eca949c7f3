import type { HealthSink } from '../base/health.ts';
import { elided } from './elision.ts';
import type { CallStacks } from './ftrace-calls.ts';
import { lostOnCpu, startedOnCpu } from './lost-on-cpu.ts';

// Loss and start marks: print_lost_events() and test_cpu_buff_start() in kernel/trace/trace.c; DROPPED: trace-cmd
// trace-read.c. `CPU:1 [LOST 145 EVENTS]`, `CPU:1 [LOST EVENTS]`, `CPU:0 [145 EVENTS DROPPED]`, `CPU:1 [EVENTS DROPPED]`,
// `##### CPU 1 buffer started ####`, `# entries-in-buffer/entries-written: 501/3084   #P:2`.
// Where there are several buffers, trace-cmd puts the name of one before: `vfio: CPU:1 [EVENTS DROPPED]`.
const LOST = /^(?: *[^\s:]{1,64}: )? *CPU:(\d{1,6}) \[(?:LOST )?(?:(\d{1,15}) )?EVENTS(?: DROPPED)?\]$/;
const STARTED = /^#{2,} CPU (\d{1,6}) buffer started #{2,}$/;
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})\b/;
const TRACER = /^# tracer: \S/;
// tracing_read_pipe(): an entry that was longer than what a reader can get. print_func_help_header() and
// show_snapshot_main_help() print the warning where ftrace has switched itself off after a fault.
const TOO_BIG = '[LINE TOO BIG]';
const CORRUPTED = '# WARNING: FUNCTION TRACING IS CORRUPTED';
// ` 0)     sh-63      =>   kworker-32  `, print_graph_proc() twice; the names are cut to 7 bytes.
const SWITCH =
  /^ {0,24}(?:\d{1,12}(?:\.\d{1,9})? \| {0,8})?(\d{1,6})\) {0,16}(.{0,16})-(\d{1,10}) {1,16}=> {0,16}(.{0,16})-(\d{1,10}) {0,16}$/;
const RULE = /^ *-{20,}$/;
// ` 0)   ==========> |`, ` 0)   <========== |`: an interrupt began or ended.
const INTERRUPT =
  /^ {0,24}(?:\d{1,12}(?:\.\d{1,9})? \| {0,8})?(?:\d{1,6}\))?[^<=|]{0,32}\|? {0,16}(?:={4,16}>|<={4,16}) \|/;
const OVERRUNS = /^ *\(Overruns: (\d{1,15})\)$/;
// The preamble of trace-cmd report.
const PREAMBLE = /^(?:cpus=\d+|version = \d+|CPU \d+ is empty|trace-cmd: .*)$/;

/** Longest line that can be a mark. */
const MAX_MARK = 256;

/**
 * Lines of a trace that carry no entry but say something about it: headers, losses, task switches. Stateful: what is lost
 * goes to health, a switch to the call stacks.
 */
export class TraceMarks {
  /** The preamble of trace-cmd report was seen. */
  traceCmd = false;
  readonly #health: HealthSink;
  readonly #stacks: CallStacks;
  #overruns = 0;

  constructor(health: HealthSink, stacks: CallStacks) {
    this.#health = health;
    this.#stacks = stacks;
  }

  /** True where `line` is a mark: it was dealt with. */
  take(line: string, number: number): boolean {
    if (line.length > MAX_MARK) return line.startsWith('#');
    if (line.startsWith('#')) {
      this.#header(line, number);
      return true;
    }
    if (line.trim() === '') return true;
    return (
      this.#lost(line, number) ||
      this.#switched(line) ||
      this.#overrun(line, number) ||
      this.#idle(line) ||
      elided(line, number, this.#health)
    );
  }

  #header(line: string, number: number): void {
    if (TRACER.test(line)) {
      this.#stacks.clear();
      this.#overruns = 0;
      return;
    }
    const entries = ENTRIES.exec(line);
    if (entries !== null) {
      const gone = Number(entries[2]) - Number(entries[1]);
      const message = `the ring buffer had wrapped: the oldest ${gone} of ${entries[2]} entries are gone`;
      if (gone > 0) this.#health({ code: 'buffer-wrapped', line: number, message, count: gone });
      return;
    }
    if (line === CORRUPTED) {
      const message = 'function tracing had failed before: calls may be missing anywhere';
      this.#health({ code: 'events-lost', line: number, message, count: 1 });
      return;
    }
    const started = STARTED.exec(line);
    if (started !== null) {
      this.#health({ code: 'buffer-started', line: number, message: startedOnCpu(Number(started[1])), count: 1 });
    }
  }

  #lost(line: string, number: number): boolean {
    if (line === TOO_BIG) {
      this.#health({ code: 'events-lost', line: number, message: 'an entry was too long to be printed', count: 1 });
      return true;
    }
    const match = LOST.exec(line);
    if (match === null) return false;
    const count = match[2] === undefined ? -1 : Number(match[2]);
    const message = lostOnCpu(Number(match[1]), count);
    this.#health({ code: 'events-lost', line: number, message, count: count < 0 ? 1 : count });
    return true;
  }

  #switched(line: string): boolean {
    const match = SWITCH.exec(line);
    if (match === null) return false;
    this.#stacks.switchTask(Number(match[1]), Number(match[3]), Number(match[5]), (match[4] ?? '').trim());
    return true;
  }

  #idle(line: string): boolean {
    if (RULE.test(line) || INTERRUPT.test(line)) return true;
    if (!PREAMBLE.test(line)) return false;
    this.traceCmd = true;
    return true;
  }

  /** Option funcgraph-overrun: calls that a task's return stack had no room for, counted since its start. */
  #overrun(line: string, number: number): boolean {
    const match = OVERRUNS.exec(line);
    if (match === null) return false;
    const total = Number(match[1]);
    if (total > this.#overruns) {
      const message = `${total - this.#overruns} calls were nested too deep to be traced`;
      this.#health({ code: 'events-lost', line: number, message, count: total - this.#overruns });
      this.#overruns = total;
    }
    return true;
  }
}
