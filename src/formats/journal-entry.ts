import type { Nanoseconds } from '../base/time.ts';
import type { ParserContext } from './format.ts';
import type { HeldLines } from './held-lines.ts';
import { journalLoss } from './journal-loss.ts';
import type { PrintkStream } from './printk.ts';
import type { PrintkHead } from './printk-entry.ts';
import { decodeText, ownCopy } from './text.ts';

/** Fields of one entry of the journal that say something about a kernel message; see systemd.journal-fields(7). */
export interface JournalFields {
  readonly get: (name: string) => string | null;
}

/** A kernel message as the journal holds it. */
export interface JournalMessage extends PrintkHead {
  readonly message: string;
  readonly claimed?: true;
  readonly device: string | null;
}

const DIGITS = /^\d{1,18}$/;

/** Takes the entries of a journal in order: boots, losses and times; answers what the kernel said. */
export class JournalEntries {
  firstTime: Nanoseconds | null = null;
  lastTime: Nanoseconds | null = null;
  readonly #stream: PrintkStream;
  readonly #context: ParserContext;
  #boot: string | null = null;
  #begun = false;

  constructor(stream: PrintkStream, context: ParserContext) {
    this.#stream = stream;
    this.#context = context;
  }

  /** @returns null where the entry is not the kernel's. */
  take(fields: JournalFields, line: number): JournalMessage | null {
    const message = fields.get('MESSAGE') ?? '';
    const ident = fields.get('SYSLOG_IDENTIFIER');
    if (fields.get('_TRANSPORT') !== 'kernel' && (ident !== 'kernel' || fields.get('_TRANSPORT') !== null)) {
      if (ident === 'systemd-journald') journalLoss(message, line, this.#context.health);
      return null;
    }
    const boot = fields.get('_BOOT_ID');
    if (boot !== null && this.#boot !== null && boot !== this.#boot) this.#stream.boot(line);
    this.#boot = boot ?? this.#boot;
    const { us, clock } = stampOf(fields);
    const claimed = isClaim(fields);
    this.#stream.begin(us === null ? null : Number(us), claimed ? '' : message, line, clock);
    const time = us !== null && this.#stream.counts(clock) ? us * 1000n : null;
    if (!this.#begun) this.firstTime = time;
    this.#begun = true;
    this.lastTime = time;
    const priority = fields.get('PRIORITY');
    return {
      time,
      cpu: null,
      pid: null,
      level: priority !== null && /^[0-7]$/.test(priority) ? Number(priority) : null,
      message,
      ...(claimed && { claimed }),
      device: fields.get('_KERNEL_DEVICE'),
    };
  }
}

/**
 * Whether a message of transport `kernel` is what somebody wrote to /dev/kmsg: dev_kmsg_record() in
 * src/journal/journald-kmsg.c of systemd names `kernel` for the facility 0 alone, else what the text begins with.
 */
function isClaim(fields: JournalFields): boolean {
  const facility = fields.get('SYSLOG_FACILITY');
  return (facility !== null && facility !== '0') || (fields.get('SYSLOG_IDENTIFIER') ?? 'kernel') !== 'kernel';
}

/**
 * Hands over what the kernel said in an entry whose fields stand in lines of their own.
 *
 * @param held its lines; `fields`, latin1, what they say.
 */
export function emitEntry(
  { entries, stream }: { readonly entries: JournalEntries; readonly stream: PrintkStream },
  held: HeldLines,
  fields: ReadonlyMap<string, string>,
): void {
  const message = entries.take({ get: (name) => fields.get(name) ?? null }, held.line);
  if (message === null || !held.wanted) return;
  const { device, ...head } = message;
  stream.emit({
    type: 'printk',
    task: null,
    ...head,
    message: decodeText(ownCopy(head.message)),
    line: held.line,
    endLine: held.endLine,
    text: held.text(),
    truncated: held.truncated,
    ...(device === null ? {} : { device: decodeText(ownCopy(device)) }),
  });
}

/** The kernel's own stamp, else when journald received the message. Microseconds. */
function stampOf(fields: JournalFields): { us: bigint | null; clock: string | null } {
  const source = fields.get('_SOURCE_MONOTONIC_TIMESTAMP');
  if (source !== null && DIGITS.test(source)) return { us: BigInt(source), clock: 'printk' };
  const received = fields.get('__REALTIME_TIMESTAMP');
  if (received !== null && DIGITS.test(received)) return { us: BigInt(received), clock: 'wall' };
  return { us: null, clock: null };
}
