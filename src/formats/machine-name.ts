import type { SyslogHead } from './syslog-head.ts';
import { decodeText, ownCopy } from './text.ts';

/** Of which machine a line is, as it says itself. */
export interface LineMachine {
  /** The name of its host, lower case; of a journal the id of its boot, which tells machines apart as well. */
  readonly name: string;
  /** What the machine is called, for people. */
  readonly shown: string;
  /** The line is a message of its kernel. */
  readonly kernel: boolean;
  /** A boot begins with this line, if the name is one that was not seen before. */
  readonly boots: boolean;
  /** What such lines hold, latin1; null where no line tells it by itself. */
  readonly mark: string | null;
  /** Where they hold it; null: anywhere. */
  readonly at: number | null;
  /** Line that the entry begins with which tells it; null: the line itself. */
  readonly from: number | null;
  /** Id of the machine, of which a boot is one of many; null where that is not known. */
  readonly machine: string | null;
}

/** Whether the line holds what `known` was told by: it is of the same machine, and need not be taken apart. */
export function isOfSame(line: string, { mark, at }: LineMachine): boolean {
  if (mark === null) return false;
  return at === null ? line.includes(mark) : line.startsWith(mark, at);
}

// setup_arch() and start_kernel(): the first messages of a boot carry no time yet (init/main.c, arch/arm64/kernel/setup.c, 7.1).
const FIRST = /^(?:\[ {1,4}0\.000000\]|Linux version |Booting Linux on physical CPU )/;

/** @param head has scanned the line. Null where that names no host. */
export function machineOfHead(
  line: string,
  { prefix, plain }: Pick<SyslogHead, 'prefix' | 'plain'>,
): LineMachine | null {
  if (prefix === null || prefix.host === null) return null;
  const host = ownCopy(prefix.host);
  const mark = ` ${host} `;
  const at = line.indexOf(mark);
  if (at < 0) return null;
  const kernel = prefix.ident === 'kernel';
  const boots = kernel && FIRST.test(plain.slice(prefix.message, prefix.message + 32));
  const name = host.toLowerCase();
  return { name, shown: decodeText(host), kernel, boots, mark, at, from: null, machine: null };
}

// printf-like in sd_journal_get_cursor() of systemd: `s=6c7c60..;i=1f4;b=1fe01d..;m=cc1f46;t=6610a3..;x=8d0b0a..`
const CURSOR_BOOT = /[=;[]b=([0-9a-f]{32});/;

/** Of a line that holds the cursor of an entry. Null where there is none. */
export function machineOfCursor(line: string): LineMachine | null {
  const boot = CURSOR_BOOT.exec(line)?.[1];
  return boot === undefined ? null : machineOfBoot(boot, `;b=${boot};`);
}

// output_json() of systemd; a quotation mark inside a value stands behind a backslash.
const JSON_BOOT = /"_BOOT_ID" ?: ?"([0-9a-f]{32})"/;
const JSON_MACHINE = /"_MACHINE_ID" ?: ?"([0-9a-f]{32})"/;
const JSON_KERNEL = /"_TRANSPORT" ?: ?"kernel"/;

/** Of an entry of the journal in one line. Null where it names no boot. */
export function machineOfJson(line: string): LineMachine | null {
  const match = JSON_BOOT.exec(line);
  if (match === null) return null;
  const machine = JSON_MACHINE.exec(line)?.[1];
  const id = machine === undefined ? null : ownCopy(machine);
  return { ...machineOfBoot(match[1] ?? '', match[0]), kernel: JSON_KERNEL.test(line), machine: id };
}

const ID = /^[0-9a-f]{32}$/;

/**
 * Of an entry of the journal in several lines, all of which were seen.
 *
 * @param fields of the entry; `from`: its first line.
 */
export function machineOfEntry(
  fields: { readonly get: (name: string) => string | null },
  from: number,
): LineMachine | null {
  const boot = fields.get('_BOOT_ID');
  if (boot === null || !ID.test(boot)) return null;
  const id = fields.get('_MACHINE_ID');
  const kernel = fields.get('_TRANSPORT') === 'kernel';
  return {
    ...machineOfBoot(boot, ''),
    mark: null,
    kernel,
    from,
    machine: id !== null && ID.test(id) ? ownCopy(id) : null,
  };
}

/** A boot is one of one machine: whether another one is of the same machine does not matter, for nothing outlives it. */
function machineOfBoot(id: string, within: string): LineMachine {
  const [boot, mark] = [ownCopy(id), ownCopy(within)];
  const shown = `boot ${boot.slice(0, 8)}`;
  return { name: boot, shown, kernel: true, boots: true, mark, at: null, from: null, machine: null };
}
