/** Exit codes of the program; 0 and 1 are results, not errors. */
export const EXIT = {
  clean: 0,
  findings: 1,
  usage: 2,
  input: 3,
  health: 4,
  internal: 70,
  interrupted: 130,
} as const;

/** An error that we foresaw: one sentence that names the place and says what to do. Shown without a stack trace. */
export class TdiTraceError extends Error {
  readonly exitCode: number;
  /** Further errors of the same call; each is shown on a line of its own. */
  others: readonly TdiTraceError[] = [];
  constructor(message: string, exitCode: number) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that does not exist or contradicts itself (exit code 2). */
export class UsageError extends TdiTraceError {
  constructor(message: string) {
    super(message, EXIT.usage);
  }
}

/** An input, or an existing timeline, cannot be used at all (exit code 3). */
export class InputError extends TdiTraceError {
  constructor(message: string) {
    super(message, EXIT.input);
  }
}

/** The system does not let us read an input: whatever it is, it was not looked at. */
export class UnreadableError extends InputError {}

/** For the last branch of an exhaustive switch. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
