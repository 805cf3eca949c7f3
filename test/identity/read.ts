import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Analyzed, analyze } from '../../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../../src/commands/reading.ts';
import { type Hints, NO_HINTS } from '../../src/identity/hints.ts';
import type { StoredDevice, StoredEvent } from '../../src/timeline/rows.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/identity');

/** An event as a test speaks of it; lines are those of the log without the fixture's header. */
export interface Seen {
  readonly line: number;
  readonly kind: StoredEvent['kind'];
  readonly phase: StoredEvent['phase'];
  readonly outcome: StoredEvent['outcome'];
  readonly code: number | null;
  /** BDF, `?` for a device without one, null for no device. */
  readonly device: string | null;
  readonly deviceId: number | null;
  readonly certainty: StoredEvent['certainty'];
  /** BDFs of the devices that it may be about. */
  readonly maybe: readonly string[];
  /** Line of the innermost recorded call around it. */
  readonly inside: number | null;
  /** Line of the other end of the call. */
  readonly pair: number | null;
  /** Line of the event that counts in its place. */
  readonly counts: number | null;
}

export interface Read {
  readonly events: readonly Seen[];
  readonly devices: readonly StoredDevice[];
  readonly findings: readonly string[];
  readonly headlines: readonly string[];
  /** What findings take for granted, in their order. */
  readonly assumptions: readonly (readonly string[])[];
  readonly health: readonly string[];
  readonly unrecognised: readonly string[];
  /** Rows of rules and devices that the analysis gives. */
  readonly coverage: number;
  /** The event on a line; there has to be exactly one. */
  at(line: number): Seen;
}

/** The log of a fixture, without the header that says what it shows (lines that begin with `##`). */
export function fixture(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8').replace(/^(?:##.*\n)+/, '');
}

/** What the whole program makes of a log. */
export async function read(log: string, hints: Hints = NO_HINTS): Promise<Read> {
  const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-identity-'));
  const path = join(folder, 'log.txt');
  writeFileSync(path, log);
  try {
    const analyzed = await analyze(
      { inputs: [path], db: null, inputFormat: null, maxBytes: 1 << 28, hints },
      NEUTRAL_JUDGEMENT,
    );
    try {
      return seen(analyzed);
    } finally {
      analyzed.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function seen({ analysis, timeline }: Analyzed): Read {
  const stored: StoredEvent[] = [];
  for (let page = timeline.events(0, 5000); page.length > 0; page = timeline.events(stored.at(-1)?.id ?? 0, 5000))
    stored.push(...page);
  const lines = new Map(stored.map((event) => [event.id, event.line]));
  const devices = timeline.devices();
  const names = new Map(devices.map((device) => [device.id, device.bdf ?? '?']));
  const lineOf = (id: number | null): number | null => (id === null ? null : (lines.get(id) ?? null));
  // What the host is says nothing of a device.
  const told = stored.filter(({ kind }) => kind !== 'host.platform');
  const events = told.map((event) => ({
    line: event.line,
    kind: event.kind,
    phase: event.phase,
    outcome: event.outcome,
    code: event.code,
    device: event.deviceId === null ? null : (names.get(event.deviceId) ?? null),
    deviceId: event.deviceId,
    certainty: event.certainty,
    maybe: event.maybe.map((id) => names.get(id) ?? '?'),
    inside: lineOf(event.parentId),
    pair: lineOf(event.pairId),
    counts: lineOf(event.supersededBy),
  }));
  return {
    events,
    devices,
    findings: analysis.findings.map(named),
    assumptions: analysis.findings.map(({ assumptions }) => assumptions),
    headlines: analysis.findings.filter(({ headline }) => headline).map(named),
    health: timeline.health().map(({ code }) => code),
    unrecognised: timeline.unrecognised().map(({ text }) => text),
    coverage: analysis.rules.length,
    at(line) {
      const found = events.filter((event) => event.line === line);
      if (found.length !== 1) throw new Error(`line ${line} has ${found.length} events`);
      return found[0] as Seen;
    },
  };
}

/** Devices of the events on these lines. */
export function devicesAt(log: Read, lines: readonly number[]): (string | null)[] {
  return lines.map((line) => log.at(line).device);
}

const pad = (seconds: number): string => seconds.toFixed(6).padStart(12);

/** Lines of an ftrace text as the kernel prints them; times count up by a millisecond. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #tracer: string;
  #time = 100;

  constructor(tracer: 'nop' | 'function' | 'function_graph' = 'nop') {
    this.#tracer = tracer;
    this.#lines.push(`# tracer: ${tracer}`, '#');
  }

  /** A raw line; returns its number. */
  raw(line: string): number {
    return this.#lines.push(line);
  }

  /** `what` after the columns of a task. */
  say(task: string, what: string): number {
    this.#time += 0.001;
    if (this.#tracer === 'function_graph')
      return this.raw(` ${pad(this.#time)} |   0)   ${task}  |               |  ${what}`);
    return this.raw(`${task.padStart(16)} [000] ..... ${pad(this.#time)}: ${what}`);
  }

  /** A function tracer line. */
  call(task: string, symbol: string, parent: string): number {
    return this.say(task, `${symbol} <-${parent}`);
  }

  /** A probe at the entry of `symbol`. */
  enter(task: string, symbol: string, fields = ''): number {
    return this.say(task, `p_${symbol}: (${symbol}+0x4/0x100 [m])${fields === '' ? '' : ` ${fields}`}`);
  }

  /** A probe at its return. */
  leave(task: string, symbol: string, fields = '', caller = 'somebody'): number {
    return this.say(task, `r_${symbol}: (${caller}+0x4e/0x100 [m] <- ${symbol})${fields === '' ? '' : ` ${fields}`}`);
  }

  /** A system call with what happens in it, and what it returns, `null`: not recorded; the line of its entry. */
  system(task: string, name: string, args: string, result: number | null, inside: () => void = () => {}): number {
    const line = this.say(task, `sys_${name}(${args})`);
    inside();
    if (result !== null) this.say(task, `sys_${name} -> 0x${BigInt.asUintN(64, BigInt(result)).toString(16)}`);
    return line;
  }

  opens(task: string, path: string, fd: number, flags = 'O_RDWR'): number {
    return this.system(task, 'openat', `dfd: 4294967196, filename: 4702236 "${path}", flags: ${flags}`, fd);
  }

  ioctl(task: string, fd: number, cmd: number, inside?: () => void, result: number | null = 0): number {
    const args = `fd: ${fd}, cmd: 0x${cmd.toString(16)}, arg: 0x7fff33d48440`;
    return this.system(task, 'ioctl', args, result, inside);
  }

  attach(task: string, bdf: string): number {
    return this.say(task, `attach_device_to_domain: IOMMU: device=${bdf}`);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  read(hints: Hints = NO_HINTS): Promise<Read> {
    return read(this.text(), hints);
  }
}

const named = ({ verdict, rule, device }: Analyzed['analysis']['findings'][number]): string =>
  `${verdict} ${rule} ${device ?? '?'}`;
