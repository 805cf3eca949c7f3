/**
 * What a kernel does, as a tree: calls with what they call, messages, trace events. It is the common ground of every form of a
 * log: each shows as much of it as it can carry.
 */
export type Act = Call | Said | Traced;

export interface Call {
  readonly is: 'call';
  readonly symbol: string;
  /** The function that it is about; null where no argument names one. */
  readonly bdf: string | null;
  readonly args: Readonly<Record<string, string>>;
  /** What only the end of the call can tell. */
  readonly out: Readonly<Record<string, string>>;
  /** null: it returns nothing. */
  readonly ret: string | null;
  /** Only its return is recorded: what a probe at the entry fetches would be left over from before. */
  readonly onlyReturn: boolean;
  readonly inner: readonly Act[];
}

/** A printk message, with its `driver BDF: `. */
export interface Said {
  readonly is: 'said';
  readonly text: string;
}

/** A static trace event. */
export interface Traced {
  readonly is: 'event';
  readonly name: string;
  readonly body: string;
}

/** One line of a log: the beginning or the end of a call, a message, an event. */
export type Entry = {
  readonly task: number;
  /** Calls around it. */
  readonly depth: number;
  /** The innermost of them; null: it was entered from user space. */
  readonly caller: string | null;
  /** The step of the history that it belongs to. */
  readonly step: string;
} & (
  | { readonly is: 'enter' | 'exit'; readonly call: Call }
  | { readonly is: 'said'; readonly said: Said }
  | { readonly is: 'event'; readonly event: Traced }
);

export interface CallOptions {
  readonly ret?: number | string | null;
  readonly args?: Readonly<Record<string, string>>;
  readonly out?: Readonly<Record<string, string>>;
  readonly onlyReturn?: boolean;
}

export function call(
  symbol: string,
  bdf: string | null,
  { ret = null, args = {}, out = {}, onlyReturn = false }: CallOptions = {},
  inner: readonly Act[] = [],
): Call {
  return { is: 'call', symbol, bdf, args, out, ret: ret === null ? null : String(ret), onlyReturn, inner };
}

export function said(text: string): Said {
  return { is: 'said', text };
}

export function traced(name: string, body: string): Traced {
  return { is: 'event', name, body };
}

/** What a log would show of acts of one task, in order. */
export function entriesOf(
  acts: readonly Act[],
  task: number,
  step: string,
  depth = 0,
  caller: string | null = null,
): Entry[] {
  return acts.flatMap((act): Entry[] => {
    const at = { task, depth, step, caller };
    if (act.is === 'said') return [{ ...at, is: 'said', said: act }];
    if (act.is === 'event') return [{ ...at, is: 'event', event: act }];
    const end: Entry = { ...at, is: 'exit', call: act };
    const inner = entriesOf(act.inner, task, step, depth + 1, act.symbol);
    return act.onlyReturn ? [...inner, end] : [{ ...at, is: 'enter', call: act }, ...inner, end];
  });
}
