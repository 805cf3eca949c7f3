/** Tracefs' saved_cmdlines has 128 lines unless somebody asked for more. */
const MAX_TASKS = 1 << 20;

/** Names of tasks by pid, as recorded: `512 drv`, a line each. Latin1. */
export class Tasks {
  readonly #names = new Map<number, string>();

  constructor(savedCmdlines: string) {
    let at = 0;
    while (at < savedCmdlines.length && this.#names.size < MAX_TASKS) {
      const newline = savedCmdlines.indexOf('\n', at);
      const end = newline < 0 ? savedCmdlines.length : newline;
      const match = /^ {0,16}(\d{1,10}) (.{1,64})$/s.exec(savedCmdlines.slice(at, Math.min(end, at + 96)));
      if (match?.[2] !== undefined) this.#names.set(Number(match[1]), match[2]);
      at = end + 1;
    }
  }

  /** As trace-cmd report names it. */
  name(pid: number): string {
    return this.#names.get(pid) ?? (pid === 0 ? '<idle>' : '<...>');
  }
}
