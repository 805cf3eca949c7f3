import fc from 'fast-check';
import type { Platform } from '../../../src/model/states.ts';
import { UNBOUND } from '../../../src/model/tdi.ts';
import { type Act, type Entry, entriesOf } from './acts.ts';
import { FTRACE } from './forms.ts';
import { ADMIN, after, arrival, isLegal, MOVES, type Move, type World } from './moves.ts';

/** A history of one function: what was done, and what the function is in after it. */
export interface Life {
  readonly world: World;
  readonly entries: readonly Entry[];
  /** The names of the moves. */
  readonly moves: readonly string[];
}

export interface Start {
  readonly platform: Platform;
  readonly index: number;
  readonly isVf: boolean;
  readonly deep: boolean;
  readonly bindLocks: boolean;
  readonly alone: boolean;
  /** It is function 1 of its device, which has no connect of its own. */
  readonly isSecond?: boolean;
  readonly keepsState?: boolean;
}

export function worldOf({ platform, index, isVf, deep, bindLocks, alone, isSecond, keepsState }: Start): World {
  const bus = `0${index + 2}`;
  const pf = `0000:${bus}:00.0`;
  return {
    platform,
    bdf: isVf ? `0000:${bus}:10.0` : isSecond ? `0000:${bus}:00.1` : pf,
    pf,
    port: `0000:00:0${index + 4}.0`,
    isVf,
    vm: `0xffff88800400${index}000`,
    deep: deep && platform !== 'generic',
    // An unlocked TDI whose driver is not traced is never seen to be locked.
    bindLocks: platform !== 'cca' || bindLocks || !deep,
    state: UNBOUND,
    told: true,
    open: false,
    master: false,
    memory: false,
    vdevice: false,
    task: 300 + index,
    alone,
    ...(keepsState === undefined ? {} : { keepsState }),
  };
}

export function born(start: Start): Life {
  const world = worldOf(start);
  return { world, entries: entriesOf(arrival(world), ADMIN, 'arrival'), moves: ['arrival'] };
}

export function done(life: Life, move: Move): Life {
  const { world, entries, moves } = life;
  return {
    world: after(move, world),
    entries: [...entries, ...told(move.acts(world), move.admin ? ADMIN : world.task, `${move.name}#${moves.length}`)],
    moves: [...moves, move.name],
  };
}

export function told(acts: readonly Act[], task: number, step: string): Entry[] {
  return entriesOf(acts, task, step);
}

const weighted = (moves: readonly Move[]) =>
  moves.flatMap((move) => Array.from({ length: move.weight ?? 1 }, () => move));
const WEIGHTED = weighted(MOVES);

/** A walk over the moves that the model allows, as the numbers choose; `more`: moves beside the usual ones. */
export function walk(start: Life, choices: readonly number[], more: readonly Move[] = []): Life {
  const all = more.length === 0 ? WEIGHTED : [...WEIGHTED, ...weighted(more)];
  return choices.reduce((life, choice) => {
    const legal = all.filter((move) => isLegal(move, life.world));
    const move = legal[choice % legal.length];
    return move ? done(life, move) : life;
  }, start);
}

export const named = (name: string): Move => {
  const move = MOVES.find((one) => one.name === name);
  if (!move) throw new Error(`no move is called ${name}`);
  return move;
};

/** Does what is still missing, in the right order, until the world is as wanted. */
export function bring(
  life: Life,
  wanted: 'unconnected' | 'connected' | 'open' | 'locked' | 'run' | 'stopped' | 'gone',
): Life {
  const { state, open, deep, vdevice } = life.world;
  const go = (name: string) => bring(done(life, named(name)), wanted);
  if (wanted === 'gone') {
    if (state.bind === 'bound') return go('unbind');
    if (vdevice) return go('destroy the vDEVICE');
    if (open) return go('close');
    return state.bind === 'connected' ? go('disconnect') : life;
  }
  if (wanted === 'unconnected') {
    // A disconnect waits for everybody to be gone.
    if (state.bind === 'unbound') return open ? life : go('open');
    return life.moves.at(-1) === 'disconnect' ? life : bring(bring(life, 'gone'), 'unconnected');
  }
  if (state.bind === 'unbound') return go('connect');
  if (wanted === 'connected') return state.bind === 'bound' ? go('unbind') : life;
  if (wanted === 'open') return state.bind === 'bound' ? go('unbind') : open ? life : go('open');
  if (!open) return go('open');
  if (!life.world.master || (!life.world.memory && !life.world.isVf)) return go('set Bus Master and Memory Space');
  if (state.bind === 'connected') return go('bind');
  if (wanted === 'stopped') return state.contract === 'unlocked' ? life : go('stop');
  // Where no request of the guest can lock, only another bind does.
  if (state.contract === 'unlocked') return go(isLegal(named('lock'), life.world) ? 'lock' : 'unbind');
  if (wanted === 'run') return state.contract === 'run' ? life : go(deep ? 'start' : 'opaque start');
  return state.contract === 'locked' ? life : go('unbind');
}

export const choices = (maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(0xffff), { minLength: 1, maxLength });

export const startOn = (platform: Platform, index = 0, alone = true): fc.Arbitrary<Start> =>
  fc.record({
    platform: fc.constant(platform),
    index: fc.constant(index),
    isVf: fc.boolean(),
    deep: fc.boolean(),
    bindLocks: fc.boolean(),
    alone: fc.constant(alone),
  });

/** A legal life, which may end anywhere: the end of a capture is no mistake. */
export const lifeOn = (platform: Platform, index = 0, alone = true, length = 14): fc.Arbitrary<Life> =>
  fc.tuple(startOn(platform, index, alone), choices(length), fc.boolean()).map(([start, numbers, ends]) => {
    const life = walk(born(start), numbers);
    return ends ? bring(life, 'gone') : life;
  });

/** Legal lives of one to three functions, their lines interleaved. */
export const legalOn = (platform: Platform): fc.Arbitrary<Entry[]> =>
  fc
    .integer({ min: 1, max: 3 })
    .chain((count) =>
      fc.tuple(
        fc.tuple(...Array.from({ length: count }, (_, index) => lifeOn(platform, index, count === 1))),
        fc.infiniteStream(fc.nat(2)),
      ),
    )
    .map(([lives, order]) =>
      shown(
        interleave(
          lives.map(({ entries }) => entries),
          order,
        ),
      ),
    );

/** A counterexample is to be read: as the lines that a trace would hold of it. */
export function shown(entries: Entry[]): Entry[] {
  return Object.defineProperty(entries, fc.toStringMethod, { value: () => `\n${FTRACE.render(entries)}` });
}

/** Takes whole moves in turn as `order` says: the administrator has one task, and finishes one thing before the next. */
export function interleave(lives: readonly (readonly Entry[])[], order: Iterable<number>): Entry[] {
  const queues = lives.map(chunksOf);
  const result: Entry[] = [];
  for (const pick of order) {
    const waiting = queues.filter((queue) => queue.length > 0);
    if (waiting.length === 0) break;
    result.push(...(waiting[pick % waiting.length]?.shift() ?? []));
  }
  return result;
}

/** What the VMM does may be cut anywhere; what the administrator does is one piece. */
function chunksOf(entries: readonly Entry[]): Entry[][] {
  const chunks: Entry[][] = [];
  for (const entry of entries) {
    const last = chunks.at(-1);
    const isOne = entry.task === ADMIN && last?.[0]?.task === ADMIN && last[0].step === entry.step;
    if (isOne) last?.push(entry);
    else chunks.push([entry]);
  }
  return chunks;
}
