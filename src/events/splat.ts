import { Repeated } from '../base/repeated.ts';
import type { KernelRecord } from '../formats/record.ts';
import { SPLAT_MESSAGES } from './splat-messages.ts';

/** A record that may be normalised now; `splat` where it begins a report of trouble. */
export interface Released {
  readonly record: KernelRecord;
  readonly splat: Splat | null;
}

/** What belongs to a report of trouble beyond its first line. */
export interface Splat {
  readonly endLine: number;
  /** Functions of our subsystems in its stack, innermost first, each once. */
  readonly functions: readonly string[];
}

/** Lines of a report that are neither a frame nor its end, and lines of others between them, in a row. */
const QUIET_MAX = 120;
/** Records that are kept back while a report is open. */
const HELD_MAX = 512;
const FUNCTIONS_MAX = 16;

/**
 * Literals of the lines that a report needs besides those that name vfio, iommufd or TDX: its end, and the other functions of
 * ours. The frames of everybody else are so many that they are not asked for: a report without an end lasts to its last frame
 * of ours.
 */
export const SPLAT_LITERALS: readonly string[] = [
  '---[ end trace',
  '==========',
  'iopt_',
  'pfn_reader_',
  'pci_tsm_',
  'pci_ide_',
  'pci_doe',
  'sev_tio_',
  'rmpupdate',
  'cca_tsm_',
  'cca_vdev_',
];

const FRAME =
  /^(?:\[<[0-9a-f]{8,16}>\] )?(?:RIP: [0-9a-f]{4}:|pc : |lr : |\? )?([A-Za-z_][\w.]{0,127})\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}/;
const END = /^---\[ end trace [0-9a-f]{1,16} \]---/;
const RULE = /^={10,}$/;

// Whose trouble is ours, by function and by file.
const OUR_FUNCTION =
  /^(?:vfio_|iommufd_|iopt_|pfn_reader_|pci_tsm_|pci_ide_|pci_doe|tsm_|tdx_|tdh_|sev_tio_|tio_|rmpupdate|cca_|rmi_)/;
const OUR_FILE =
  /(?:^|\/)(?:drivers\/vfio\/|drivers\/iommu\/iommufd\/|drivers\/pci\/(?:tsm|ide|doe)|drivers\/virt\/coco\/|drivers\/crypto\/ccp\/sev-dev-t|arch\/x86\/kvm\/vmx\/tdx|arch\/x86\/virt\/)/;

interface OpenSplat {
  readonly banner: KernelRecord;
  readonly functions: string[];
  readonly held: KernelRecord[];
  readonly kasan: boolean;
  ours: boolean;
  lastLine: number;
}

/**
 * Joins the lines of a WARN, BUG, KASAN report, Oops or hung task into one. Everything else passes by; what stands between the
 * lines of a report is kept back until it ends, so that the order stays. A report that mentions none of our subsystems is
 * dropped with its lines.
 */
export class SplatCollector {
  #open: OpenSplat | null = null;

  /** Whether it keeps something back. */
  get holds(): boolean {
    return this.#open !== null;
  }

  /** A copy that goes its own way. */
  fork(): SplatCollector {
    const copy = new SplatCollector();
    const open = this.#open;
    copy.#open = open && { ...open, functions: [...open.functions], held: [...open.held] };
    return copy;
  }

  /** Whether the record only passes by: nothing is kept back, and it begins no report. Most records are such. */
  passes(record: KernelRecord): boolean {
    if (this.#open !== null) return false;
    const text = messageOf(record);
    return text === null || !BEGINS.of(text);
  }

  take(record: KernelRecord): Released[] {
    const text = messageOf(record);
    const open = this.#open;
    if (!open) {
      if (text === null || !BEGINS.of(text)) return [{ record, splat: null }];
      return this.#begin(record, text);
    }
    if (text !== null && BEGINS.of(text) && !goesOn(open, text)) return [...this.flush(), ...this.#begin(record, text)];
    if (text !== null && this.#add(open, record, text)) return [];
    if (ends(open, text)) {
      open.lastLine = record.endLine;
      return this.flush();
    }
    open.held.push(record);
    const quiet = record.line - open.lastLine > QUIET_MAX;
    return quiet || open.held.length >= HELD_MAX ? this.flush() : [];
  }

  /** Nothing more comes, or not for this report. */
  flush(): Released[] {
    const open = this.#open;
    this.#open = null;
    if (!open) return [];
    const rest = open.held.map((record) => ({ record, splat: null }));
    if (!open.ours) return rest;
    return [{ record: open.banner, splat: { endLine: open.lastLine, functions: open.functions } }, ...rest];
  }

  #begin(record: KernelRecord, text: string): Released[] {
    const lines = text.split('\n');
    const open: OpenSplat = {
      banner: record,
      functions: [],
      held: [],
      kasan: /^BUG: K/.test(text),
      ours: OUR_FILE.test(lines[0] ?? ''),
      lastLine: record.endLine,
    };
    this.#open = open;
    note(open, / (?:at|in) (?:\S{1,170} )?([A-Za-z_][\w.]{0,127})\+0x/.exec(lines[0] ?? '')?.[1]);
    // Where the lines have no stamp of their own they are one record.
    for (const line of lines.slice(1)) note(open, FRAME.exec(line.trim())?.[1]);
    return lines.some((line) => END.test(line)) ? this.flush() : [];
  }

  #add(open: OpenSplat, record: KernelRecord, text: string): boolean {
    const lines = text.split('\n');
    const frames = lines.map((line) => FRAME.exec(line.trim())?.[1]);
    if (frames.every((frame) => frame === undefined) && !begins(text)) return false;
    for (const frame of frames) note(open, frame);
    open.lastLine = record.endLine;
    return true;
  }
}

function note(open: OpenSplat, name: string | undefined): void {
  if (name === undefined || !OUR_FUNCTION.test(name)) return;
  open.ours = true;
  if (open.functions.length < FUNCTIONS_MAX && !open.functions.includes(name)) open.functions.push(name);
}

/** A second first line inside the same report: an Oops follows the BUG that it is about. */
function goesOn(open: OpenSplat, text: string): boolean {
  return /^(?:Internal error: )?Oops/.test(text) && !/^(?:WARNING|INFO)/.test(messageOf(open.banner) ?? '');
}

function ends(open: OpenSplat, text: string | null): boolean {
  return text !== null && (END.test(text) || (open.kasan && RULE.test(text)));
}

function begins(text: string): boolean {
  return SPLAT_MESSAGES.some(
    (row) =>
      (row.kind === 'host.splat' || row.kind === 'host.hang') && text.includes(row.contains) && row.pattern.test(text),
  );
}

const BEGINS = new Repeated(begins);

/** printk:console carries messages in a trace, too. */
function messageOf(record: KernelRecord): string | null {
  if (record.type === 'printk') return record.message;
  return record.type === 'event' && record.name === 'console' ? record.body : null;
}
