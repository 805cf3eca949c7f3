import type { Progress } from '../analysis.ts';
import type { CommandContext } from './context.ts';

const QUIET_MS = 3000;

export interface QuietHint {
  /** Something came. */
  heard(progress: Progress): void;
  end(): void;
}

/**
 * Says on a terminal, once, that stdin brings nothing and the report comes when it ends: `dmesg -w | tdi-trace analyze -` looks
 * like a program that hangs.
 *
 * @param clear takes away what stands on the line.
 * @param stdin the process's own where none is given; has ended where what takes so long is something else.
 */
export function quietHint(
  inputs: readonly string[],
  { stderr }: Pick<CommandContext, 'stderr'>,
  clear: () => void,
  stdin?: { readonly readableEnded: boolean },
): QuietHint {
  if (!inputs.includes('-') || !stderr.isTerminal) return { heard() {}, end() {} };
  const say = (): void => {
    if ((stdin ?? process.stdin).readableEnded) return;
    clear();
    void stderr.write(
      'tdi-trace: nothing comes from stdin; the report is made when it ends (--follow makes it on the way)\n',
    );
  };
  let isSaid = false;
  let timer = setTimeout(() => {
    isSaid = true;
    say();
  }, QUIET_MS);
  return {
    heard({ path }) {
      if (path === '-' && !isSaid) timer = timer.refresh();
    },
    end() {
      clearTimeout(timer);
    },
  };
}
