import type { HealthItem } from '../base/health.ts';
import { isOfSame, type LineMachine } from './machine-name.ts';
import type { Part } from './part.ts';

/** Machines that are told apart in one file. */
const MAX_MACHINES = 32;
/** What a machine calls itself before it has a name: systemd, the kernel (`(none)`), RFC 5424. */
const NAMELESS = /^(?:localhost(?:[.\d].*)?|\(none\)|-)$/;

/** Where the lines of several machines go. */
export interface MachinePlace {
  /** The part goes on with this line. */
  readonly enter: (part: Part, line: number) => void;
  /** A part of the same form begins with this line, of the machine `shown`; null where there is no room for one more. */
  readonly begin: (like: Part, text: string, line: number, shown: string) => Part | null;
}

/**
 * The messages of several machines in one file, as a log server writes them: each machine has a clock of its own, and devices of
 * its own that are called the same, so its lines are a part of their own. A machine has one name but for these: none yet
 * (`localhost`), its name with and without the domain, another one from a boot on, or from where a line says so and the kernel's clock
 * goes on.
 */
export class Machines {
  readonly #place: MachinePlace;
  /** By name; a machine may have several. */
  #owners = new Map<string, Part>();
  /** The last name of each part that was a name, and how it is shown. */
  #names = new Map<Part, LineMachine>();
  /** Names that were seen, also of boots that are over. */
  readonly #seen = new Set<string>();
  /** Of the last line, and the part that it went to; null: its lines are left out. */
  #last: LineMachine | null = null;
  #lastPart: Part | null = null;
  #several = false;
  #full = false;

  constructor(place: MachinePlace) {
    this.#place = place;
  }

  /** Parts of machines that are told apart; none where all is of one. */
  get parts(): readonly Part[] {
    return this.#several ? [...this.#names.keys()] : [];
  }

  /** What its machine is called; null where all is of one machine. */
  nameOf(part: Part): string | null {
    return this.#several ? (this.#names.get(part)?.shown ?? null) : null;
  }

  /** Another excerpt begins: whose its lines are is to be seen. */
  restart(): void {
    this.#owners.clear();
    this.#last = null;
    this.#lastPart = null;
  }

  /**
   * Before a line goes to the part that the file is at: enters the one that it belongs to.
   *
   * @returns whether the line is to be left out.
   */
  route(part: Part, text: string, line: number): boolean {
    const last = this.#last;
    const isLeft = last !== null && last.mark !== null && this.#lastPart === null;
    if (part.parser.machine === undefined) return false;
    if (last !== null && isOfSame(text, last)) return this.#go(this.#lastPart, part, line);
    const machine = this.#known(text) ?? part.parser.machine(text);
    if (machine === null) return isLeft;
    const to = this.#partOf(part, machine, text, machine.from ?? line);
    if (to !== undefined) {
      this.#last = machine;
      this.#lastPart = to;
      return this.#go(to, part, machine.from ?? line);
    }
    return false;
  }

  /** What a line need not be taken apart for: lines of machines that are known stand among one another. */
  #known(text: string): LineMachine | null {
    if (!this.#several) return null;
    for (const [part, machine] of this.#names) {
      if (machine.at !== null && this.#owners.get(machine.name) === part && isOfSame(text, machine)) return machine;
    }
    return null;
  }

  #go(to: Part | null, part: Part, line: number): boolean {
    if (to === null) return true;
    if (to !== part) this.#place.enter(to, line);
    return false;
  }

  /** @returns undefined where it does not matter: no message of a kernel, of a machine that nothing is known of. */
  #partOf(part: Part, machine: LineMachine, text: string, line: number): Part | null | undefined {
    const { name, kernel } = machine;
    const known = this.#owners.get(name) ?? this.#alias(machine);
    if (known !== undefined) return known;
    if (!kernel) return undefined;
    const renamed = this.#renamed(part, machine, text, line);
    if (renamed !== null) return renamed;
    const isNew = !this.#seen.has(name);
    if (this.#seen.size < MAX_MACHINES * MAX_MACHINES) this.#seen.add(name);
    const former = this.#ownerless(part) ? undefined : this.#names.get(part);
    const isNameless = NAMELESS.test(name);
    // What boots anew knows nothing of what was before: the part says so itself.
    const goesOn =
      former === undefined ||
      (!this.#several && (isNameless || (isNew && machine.boots && !isOfOther(machine, former))));
    if (goesOn) return this.#claim(part, machine, isNameless);
    return this.#begin(part, machine, former, text, line);
  }

  /** The part whose machine the line is of, under a new name; null where that is not proved of exactly one. */
  #renamed(part: Part, machine: LineMachine, text: string, line: number): Part | null {
    const candidates = this.#several ? [...this.#names.keys()] : [part];
    const [only, ...more] = candidates.filter((one) => one.parser.becomes?.(text) === true);
    const former = only === undefined ? undefined : this.#names.get(only);
    if (only === undefined || former === undefined || more.length > 0) return null;
    only.health(renamedHere(line, former, machine));
    return this.#claim(only, machine, false);
  }

  #ownerless(part: Part): boolean {
    for (const owner of this.#owners.values()) if (owner === part) return false;
    return true;
  }

  #claim(part: Part, machine: LineMachine, isNameless: boolean): Part {
    // Of a machine that has no name for a while the one that it had is remembered.
    if (!isNameless) {
      for (const [name, owner] of this.#owners) if (owner === part && !NAMELESS.test(name)) this.#owners.delete(name);
      this.#names.set(part, machine);
    }
    this.#owners.set(machine.name, part);
    return part;
  }

  #begin(part: Part, machine: LineMachine, former: LineMachine, text: string, line: number): Part | null {
    const next = this.#names.size < MAX_MACHINES ? this.#place.begin(part, text, line, machine.shown) : null;
    if (next === null) {
      if (!this.#full) part.health(cappedHere(line, machine));
      this.#full = true;
      return null;
    }
    if (!this.#several) part.health(severalHere(line, former, machine));
    this.#several = true;
    this.#names.set(next, machine);
    this.#owners.set(machine.name, next);
    return next;
  }

  /** The machine whose name this is, with the domain or without it; undefined where that is none, or may be several. */
  #alias(machine: LineMachine): Part | undefined {
    const { name } = machine;
    const like = [...this.#names].filter(
      ([part, known]) =>
        this.#owners.get(known.name) === part && (isLonger(name, known.name) || isLonger(known.name, name)),
    );
    const [only] = like;
    if (only === undefined || like.length > 1) return undefined;
    const [part, known] = only;
    if (isLonger(name, known.name)) this.#names.set(part, machine);
    this.#owners.set(name, part);
    return part;
  }
}

/** Whether it is known that a boot is of another machine. */
function isOfOther({ machine }: LineMachine, former: LineMachine): boolean {
  return machine !== null && former.machine !== null && machine !== former.machine;
}

/** Whether `long` is `short` with a domain. */
function isLonger(long: string, short: string): boolean {
  return long.startsWith(short) && long.charAt(short.length) === '.' && !NAMELESS.test(short);
}

function severalHere(line: number, former: LineMachine, machine: LineMachine): HealthItem {
  const message = `behind those of ${former.shown} stand messages of ${machine.shown}, and no boot begins: each machine's were analysed by themselves; if it is one that was renamed, give it one name (sed s/OLD/NEW/ FILE | tdi-trace analyze -)`;
  return {
    code: 'several-machines',
    line,
    message: machine.at === null ? ofBoots(former, machine) : message,
    count: 1,
  };
}

function renamedHere(line: number, former: LineMachine, machine: LineMachine): HealthItem {
  const message = `${former.shown} is called ${machine.shown} from here on: a line before says so, and its clock goes on`;
  return { code: 'machine-renamed', line, message, count: 1 };
}

function ofBoots(former: LineMachine, machine: LineMachine): string {
  return `messages of ${machine.shown} stand among those of ${former.shown}: each boot's were analysed by themselves`;
}

function cappedHere(line: number, { shown }: LineMachine): HealthItem {
  const message = `the messages of ${shown}, and of all further machines, were left out: analyse one machine at a time (grep -w HOST FILE | tdi-trace analyze -)`;
  return { code: 'machines-capped', line, message, count: 1 };
}
