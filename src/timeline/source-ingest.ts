import type { HealthItem } from '../base/health.ts';
import type { KernelEvent } from '../events/event.ts';
import { INTEREST } from '../events/index.ts';
import { normalise } from '../events/normalise.ts';
import { type HostMark, hostMark } from '../events/platform.ts';
import { type Splat, SplatCollector } from '../events/splat.ts';
import type { PartTotals } from '../formats/read.ts';
import type { KernelRecord } from '../formats/record.ts';
import { isBystander } from '../formats/suppressed.ts';
import { CallTracker, type OpenCall, type Place, tellsMore } from '../identity/calls.ts';
import type { Hints } from '../identity/hints.ts';
import { Identity } from '../identity/identity.ts';
import type { SideFact } from '../input/side-data.ts';
import { AnchorCollector } from './anchors.ts';
import { Claims } from './claims.ts';
import { OtherKernel } from './other-kernel.ts';
import { supersede } from './supersede.ts';
import type { TimelineWriter } from './timeline.ts';
import { UnrecognisedLines } from './unrecognised.ts';
import { noteVirtual } from './virtual-functions.ts';

/** A return that is awaited may be among what is missing. */
const LOSSES: ReadonlySet<HealthItem['code']> = new Set([
  'events-lost',
  'messages-dropped',
  'messages-suppressed',
  'lines-elided',
  'source-rotated',
]);

/** Return values that cannot be read and are told one by one, and how much is shown of each. */
const UNREAD_MAX = 1000;
const UNREAD_SHOWN = 40;

/** The state of one source while it is read. */
export class SourceIngest {
  events = 0;
  /** Events and health items so far. */
  taken = 0;
  readonly #writer: TimelineWriter;
  readonly sourceId: number;
  readonly #calls: CallTracker;
  readonly #identity: Identity;
  readonly #hints: Hints;
  readonly #host = new Set<HostMark>();
  readonly #kernel: OtherKernel;
  readonly #anchors = new AnchorCollector(INTEREST.message);
  #splats = new SplatCollector();
  #claims = new Claims();
  /** Something may be missing before any record from now on. */
  #losing = false;
  /** Return values that could not be read. */
  #unread = 0;
  #unrecognised = new UnrecognisedLines();

  constructor(
    writer: TimelineWriter,
    sourceId: number,
    hints: Hints,
    from: { readonly calls: CallTracker; readonly identity: Identity } | null = null,
  ) {
    this.#writer = writer;
    this.sourceId = sourceId;
    this.#calls = from?.calls ?? new CallTracker();
    this.#identity = from?.identity ?? new Identity(() => writer.addEntity(sourceId), hints);
    this.#hints = hints;
    this.#kernel = new OtherKernel(hints.side);
  }

  /** A copy that goes its own way. */
  fork(): SourceIngest {
    const from = { calls: this.#calls.fork(), identity: this.#identity.fork() };
    const copy = new SourceIngest(this.#writer, this.sourceId, this.#hints, from);
    copy.events = this.events;
    copy.#splats = this.#splats.fork();
    copy.#claims = this.#claims.fork();
    copy.#losing = this.#losing;
    copy.#unread = this.#unread;
    for (const mark of this.#host) copy.#host.add(mark);
    copy.#unrecognised = this.#unrecognised.fork();
    return copy;
  }

  /** Whether records wait for the end of what they stand in. */
  get holds(): boolean {
    return this.#splats.holds;
  }

  health(item: HealthItem): void {
    this.#release();
    this.taken += 1;
    if (item.code === 'reboot') {
      this.#identity.reboot();
      this.#calls.clear();
    }
    this.#losing ||= item.code === 'losses-everywhere';
    if (LOSSES.has(item.code) && !isBystander(item)) this.#lose();
    this.#writer.addHealth({ ...item, sourceId: this.sourceId });
  }

  #lose(): void {
    this.#calls.lose();
    this.#identity.lose();
  }

  take(record: KernelRecord): void {
    if (this.#losing) this.#lose();
    this.#anchors.note(record);
    if (record.claimed) this.#claims.note(record);
    else if (this.#splats.passes(record)) this.#takeIn(record, null);
    else for (const one of this.#splats.take(record)) this.#takeIn(one.record, one.splat);
  }

  /** Lets go of what was kept back. */
  #release(): void {
    for (const one of this.#splats.flush()) this.#takeIn(one.record, one.splat);
  }

  #takeIn(record: KernelRecord, splat: Splat | null): void {
    this.#noteHost(record);
    if (this.#identity.observe(record)) this.#calls.cross(record);
    const meaning = normalise(record);
    if (meaning === null) return;
    if (meaning.type === 'unrecognised') {
      this.#unrecognised.note(meaning.subsystem, meaning.text, record.line);
      return;
    }
    const event = named(splat === null ? meaning.event : withSplat(meaning.event, splat), record);
    const { row, unread } = meaning;
    if (unread !== undefined) this.#noteUnread(unread, event);
    const place = this.#calls.locate(record, event);
    // An exit without an address of its own belongs to whom its entry belongs to.
    const entry = event.clues.length === 0 ? place.closes : null;
    const entityId = entry ? entry.entityId : this.#identity.resolve(record, event, row, place.parent);
    if (entry?.entityId != null) this.#identity.returned(event, entry.entityId);
    this.events += 1;
    if (place.repeats) {
      this.#storeRepeat(record, event, place, place.repeats, entityId);
      return;
    }
    if (entityId !== null) this.#identity.began(event, entityId);
    // A return that was told before is no second one.
    const id = this.#store(place.closedBefore ? { ...event, kind: 'call' } : event, entityId, place.parent);
    if (place.closes) this.#close(place.closes, event, id, entityId, place.closedBefore);
    if (event.phase !== 'exit') supersede(this.#writer, this.#identity, event, place.parent, id, entityId);
    if (entityId !== null) noteVirtual(event, place.parent, entityId);
    this.#calls.open(record, event, place, id, entityId);
  }

  /** The return of a call stands there and cannot be read: how it ended is open, which is more than that nobody recorded it. */
  #noteUnread(value: string, { symbol, endLine: line }: KernelEvent): void {
    this.#unread += 1;
    if (this.#unread > UNREAD_MAX + 1) return;
    this.taken += 1;
    const { sourceId } = this;
    if (this.#unread > UNREAD_MAX) {
      this.#losing = true;
      const message =
        'return values that cannot be read are too many to be told one by one: from here on any call may have failed';
      this.#writer.addHealth({ sourceId, code: 'losses-everywhere', line, message, count: 1 });
      return;
    }
    const shown = value.length > UNREAD_SHOWN ? `${value.slice(0, UNREAD_SHOWN)}...` : value;
    const told = shown === '' ? 'is empty' : `reads "${shown}"`;
    const message = `the return value of ${symbol} ${told}, which is no number: whether the call failed is not known`;
    this.#writer.addHealth({ sourceId, code: 'result-unreadable', line, message, count: 1 });
  }

  /** A record of a second tracer tells of a call once more. What it knows beyond the first one decides which of them counts. */
  #storeRepeat(record: KernelRecord, event: KernelEvent, place: Place, call: OpenCall, entityId: number | null): void {
    const more = tellsMore(event, call);
    const kind = more || event.symbol === null ? event.kind : 'call';
    const id = this.#store({ ...event, kind }, entityId, call);
    if (more) this.#writer.supersedeEvent(call.eventId, id);
    else this.#writer.supersedeEvent(id, call.eventId);
    if (entityId !== null && call.entityId !== null && call.named && namesDevice(event)) {
      this.#identity.same(entityId, call.entityId);
    }
    this.#calls.open(record, event, place, id, entityId);
    if (place.closes) this.#close(place.closes, event, id, entityId, false);
  }

  #close(call: OpenCall, event: KernelEvent, id: number, entityId: number | null, before: boolean): void {
    const { outcome, code } = event;
    for (const other of call.again) this.#writer.pairEvents(other, id, outcome, code);
    this.#writer.pairEvents(call.eventId, id, outcome, code);
    // The result takes effect at the exit that came first.
    if (before && call.exitId !== null && !call.settled && isResult(outcome))
      this.#writer.settleEvent(call.exitId, outcome, code);
    call.exitId ??= id;
    call.settled ||= isResult(outcome);
    // Only a call that is seen to end says what was inside.
    if (call.entityId !== null) for (const vf of call.virtual ?? []) this.#identity.virtual(vf, call.entityId);
    if (call.kind === 'pci.sriov_disable' && call.entityId !== null) this.#identity.virtualsGone(call.entityId);
    if (entityId === null) return;
    if (call.entityId !== null && namesDevice(event)) this.#identity.same(entityId, call.entityId);
    if (call.kind === 'pci.remove' && call.symbol !== null) this.#identity.gone(entityId);
  }

  /** @returns the id of the source. */
  finish(totals: Omit<PartTotals, 'sink'>): number {
    this.#release();
    this.#writer.noteAnchors(this.sourceId, { ...this.#anchors.finish(), machine: totals.machine });
    return this.settle(totals);
  }

  /** What can be told at any time: who everybody is, and how much there is. @returns the id of the source. */
  settle(totals: Omit<PartTotals, 'sink'>): number {
    const maybe = new Map<number, number[]>();
    for (const device of this.#identity.finish()) {
      const certainty = device.bdf === null ? 'none' : 'exact';
      const id = this.#writer.addDevice({
        sourceId: this.sourceId,
        bdf: device.bdf,
        pf: device.pf,
        dsm: device.dsm,
        guestBdf: device.guestBdf,
        aliases: device.aliases,
        certainty,
      });
      for (const { entity, certainty: how } of device.members) this.#writer.assignEntity(entity, id, how);
      for (const entity of device.maybe) maybe.set(entity, [...(maybe.get(entity) ?? []), id]);
    }
    for (const [entity, devices] of maybe) this.#writer.suggestDevices(entity, devices);
    for (const message of this.#identity.contradicted())
      this.#writer.addHealth({ sourceId: this.sourceId, code: 'hint-contradicted', line: null, message, count: 1 });
    for (const { value, line, later } of this.#identity.reused) {
      const message = `${value} is of another device in line ${later}: when it changed hands was not recorded`;
      this.#writer.addHealth({ sourceId: this.sourceId, code: 'pointer-reused', line, message, count: 1 });
    }
    for (const { fact, other } of this.#identity.denied)
      this.#deny(fact, null, `a record shows the file to be of ${other}`);
    const claims = this.#claims.health();
    if (claims !== null) this.#writer.addHealth({ ...claims, sourceId: this.sourceId });
    for (const item of this.#unrecognised.all()) {
      this.#writer.addUnrecognised({ ...item, sourceId: this.sourceId });
    }
    this.#writer.finishSource(this.sourceId, { ...totals, events: this.events });
    return this.sourceId;
  }

  /** The record says otherwise than the data beside the log. */
  #deny(fact: SideFact, line: number | null, why: string): void {
    const message = `the log says otherwise than ${fact.place}: ${fact.text}: ${why}`;
    this.#writer.addHealth({ sourceId: this.sourceId, code: 'side-contradicted', line, message, count: 1 });
  }

  /** The first record of each kind is enough. */
  #noteHost(record: KernelRecord): void {
    const kernel = this.#kernel.denied(record);
    if (kernel !== null)
      this.#deny(kernel, record.line, 'this is another one, and what was stored may not hold for it');
    const mark = hostMark(record);
    if (mark === null || this.#host.has(mark)) return;
    this.#host.add(mark);
    const { line, endLine, time, cpu, task, pid, text, truncated } = record;
    const facts = { kind: 'host.platform', phase: 'point', outcome: 'ok', code: null, symbol: null } as const;
    this.#store(
      { ...facts, args: { mark }, clues: [], handles: [], line, endLine, time, cpu, task, pid, text, truncated },
      null,
      null,
    );
  }

  #store(event: KernelEvent, entityId: number | null, parent: OpenCall | null): number {
    const { line, endLine, time, cpu, task, pid, kind, phase, outcome, code, symbol, args, text, truncated } = event;
    this.taken += 1;
    const inside = entityId === null ? null : this.#identity.insideOf(entityId);
    return this.#writer.addEvent({
      sourceId: this.sourceId,
      line,
      endLine,
      time,
      cpu,
      task,
      pid,
      kind,
      phase,
      outcome,
      code,
      symbol,
      args: inside === null ? args : { ...args, inside },
      text,
      truncated,
      entityId,
      parentId: parent?.eventId ?? null,
      rootId: parent?.rootId ?? null,
    });
  }
}

function namesDevice(event: KernelEvent): boolean {
  return event.clues.some((clue) => clue.type === 'bdf');
}

function isResult(outcome: KernelEvent['outcome']): boolean {
  return outcome === 'ok' || outcome === 'failed';
}

/** The whole report as one event: up to its last line, with the functions of its stack that concern us. */
function withSplat(event: KernelEvent, { endLine, functions }: Splat): KernelEvent {
  return { ...event, endLine, args: { ...event.args, functions: functions.join(' ') } };
}

/** What a stored /proc/kallsyms named is not the log's own word. */
function named(event: KernelEvent, record: KernelRecord): KernelEvent {
  if (record.type !== 'event' || record.namedBy === undefined) return event;
  return { ...event, args: { ...event.args, named_by: record.namedBy } };
}
