import { eventRecord, textKind, wantedEvent } from './ftrace-text.ts';
import type { PrintkEntry } from './printk-entry.ts';
import type { Interest, TraceEventRecord } from './record.ts';
import { identifierEnd } from './text.ts';
import { Wanted } from './wanted.ts';

// output_printk() in kernel/trace/trace.c (3.19 to 7.1): booted with tp_printk, or with kernel.tracepoint_printk=1, the kernel
// prints of every enabled event what its own print function makes of it, without task, CPU and time of the ring buffer. Only
// events come so: trace_event_buffer_commit() calls it, not the tracers. Lines of them:
//
//     |myprobe: (pci_tsm_unbind+0x4/0x40) pdev=0xffff888003a48000|                print_kprobe_event()
//     |myret: (tsm_unbind+0x1e/0x60 [iommufd] <- pci_tsm_unbind) ret=0x0|         print_kretprobe_event()
//     |attach_device_to_domain: IOMMU: device=0000:02:00.0|                       trace_raw_output_prep()
//     |sys_ioctl(fd: 4, cmd: 0x3b76, arg: 0x7ff)|, |sys_ioctl -> 0x0|             kernel/trace/trace_syscalls.c
const PROBE =
  /^[A-Za-z_]\w{0,63}: \([A-Za-z_][\w.$]{0,511}\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}(?: \[\w{1,64}\])?(?: <- [A-Za-z_][\w.$]{0,511}(?: \[\w{1,64}\])?)?\)(?: [A-Za-z_]\w{0,63}=|$)/;

/** Finds the trace events among the messages of a log. */
export class PrintedEvents {
  readonly #interest: Interest;
  readonly #symbols: Wanted;
  readonly #events: Wanted;

  constructor(interest: Interest) {
    this.#interest = interest;
    this.#symbols = Wanted.symbols(interest);
    this.#events = Wanted.events(interest);
  }

  /** Whether {@link read} has to look at the message. */
  mayRead(message: string): boolean {
    const end = identifierEnd(message, 0);
    return end > 0 && textKind(message, end) === 'event';
  }

  /** The event that the message is, as a line of ftrace would tell it, or that nobody wants it; null for an ordinary message. */
  read(entry: PrintkEntry): TraceEventRecord | 'unwanted' | null {
    // An event that ends in a newline of its own leaves an empty line.
    const text = entry.message.trimEnd();
    if (text.includes('\n')) return null;
    const end = identifierEnd(text, 0);
    if (end === 0 || textKind(text, end) !== 'event') return null;
    if (!PROBE.test(text) && this.#interest.printed?.(text, end) !== true) return null;
    const bytes = Buffer.from(text, 'utf8').toString('latin1');
    const event = wantedEvent(bytes, 0, end, bytes.length, this.#events, this.#symbols);
    if (event === null) return 'unwanted';
    const { type: _, message: __, level: ___, device: ____, ...base } = entry;
    return { ...base, ...eventRecord(event), task: null, printed: true, enclosingLine: null, stack: null };
  }
}
