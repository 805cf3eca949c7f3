import type { Readable } from 'node:stream';
import { InputError, UnreadableError } from '../base/errors.ts';
import type { HealthCode, HealthSink } from '../base/health.ts';
import { withoutSlashes } from '../base/path.ts';
import { noteChange } from './bytes.ts';
import { Chooser } from './chosen.ts';
import { Damage } from './damage.ts';
import { walk } from './folder.ts';
import { takeMember } from './side/archive.ts';
import type { SideCollector } from './side/collector.ts';
import {
  type FolderInput,
  nameInCommand,
  type OpenedArchive,
  type OpenedSource,
  openMember,
  openSource,
  shownPath,
  type TimelineInput,
} from './source.ts';
import { type TarMember, tarMembers } from './tar.ts';

/** Sources that one archive or directory may become. */
const SOURCES_MAX = 1000;
/** Names of an archive that are remembered. */
const ENTRIES_MAX = 100_000;
/** Names in a message. */
const NAMES_MAX = 3;
/** Why a file is none that anybody meant: nothing to be said of it but its name. */
const NO_LOG = /: (?:holds no kernel log line|is binary|is empty|is an ELF file)/;

export interface InputOptions {
  /** Limit of decompressed bytes; of an archive, of all that is in it. */
  readonly maxBytes: number;
  /** Called before the first log is read. What it throws concerns no file. */
  readonly prepare: () => Promise<void>;
  /** Reads one log to its end and closes it. An InputError of a member leaves the others alone. */
  readonly read: (source: OpenedSource) => Promise<void>;
  /** Takes an input that is a timeline; not one in an archive or a directory. */
  readonly timeline: (input: TimelineInput) => Promise<void>;
  /** Takes what a sos report in an archive tells of the machine; without it that is left aside. */
  readonly side?: SideCollector;
  /** Takes what concerns an archive or a directory as a whole. */
  readonly health: HealthSink;
  /** Takes a file or a directory inside a directory that may not be read; the others still are. */
  readonly unreadable: (error: InputError) => void;
  readonly signal?: AbortSignal;
  /** Instead of the real one. */
  readonly stdin?: Readable;
}

/**
 * Opens an input and reads every log in it: one of a file, those of an archive in its order, those of a directory sorted by
 * their names. Nothing is written to disk.
 *
 * Health: `members-left`, and of the archive itself `source-cut`, `source-trailing`, `source-capped`, `source-changed`.
 *
 * @throws InputError nothing in it can be analysed.
 * @throws the reason of `signal` when it was aborted.
 */
export async function readInput(path: string, options: InputOptions): Promise<void> {
  const opened = await openSource(path, options.stdin);
  if (opened.kind === 'timeline') return options.timeline(opened);
  if (opened.kind === 'log') {
    await prepare(opened, options);
    return options.read(opened);
  }
  const tally = new Tally();
  if (opened.kind === 'archive') await readArchive(opened, options, tally);
  else await readFolder(opened, options, tally);
  tally.conclude(opened, options.health);
}

async function prepare(opened: OpenedSource | OpenedArchive, options: InputOptions): Promise<void> {
  await options.prepare().catch(async (error: unknown) => {
    await opened.close();
    throw error;
  });
}

/** What became of the files of an archive or a directory. */
class Tally {
  /** Logs that were read. */
  read = 0;
  /** Not even looked at: for their names, as links, beyond a limit. */
  passed = 0;
  /** Why the end was not reached, to be told by the path. */
  damage: string | null = null;
  /** Why a file or a directory in it could not be read. */
  #refused: InputError | null = null;
  readonly #left: string[] = [];
  #leftCount = 0;
  /** Of files that may be logs, but have to be converted or unpacked first. */
  readonly #remedies: string[] = [];

  get isFull(): boolean {
    return this.read >= SOURCES_MAX;
  }

  /**
   * A file that holds no kernel log, or cannot be read.
   *
   * @param inside the archive that it lies in, where no command reaches it.
   */
  leave(name: string, { message }: InputError, inside: Inside | null): void {
    this.#leftCount += 1;
    if (this.#left.length < NAMES_MAX) this.#left.push(name);
    if (this.#remedies.length === NAMES_MAX || NO_LOG.test(message)) return;
    this.#remedies.push(inside === null ? message : takenOut(message, inside, name));
  }

  /** It may not be read, and is told of by itself. */
  refuse(error: InputError): void {
    this.#refused ??= error;
  }

  /** @throws InputError nothing was read. */
  conclude({ path, kind }: OpenedArchive | FolderInput, health: HealthSink): void {
    const shown = shownPath(path);
    const where = kind === 'archive' ? 'the archive' : 'the directory';
    if (this.read === 0) throw new InputError(`${shown}: ${this.#nothing(where)}`);
    const looked = this.read + this.#leftCount;
    const parts = [
      this.#leftCount > 0
        ? `${this.#leftCount} of ${looked} files that were tried hold no kernel log line or cannot be read: ${this.#names()}`
        : '',
      ...this.#remedies,
      this.passed > 0 ? `${this.passed} others were left aside ${this.#whyPassed()}` : '',
    ].filter((part) => part !== '');
    if (parts.length === 0) return;
    health({
      code: 'members-left',
      line: null,
      message: `${shown}: ${parts.join('; ')}`,
      count: this.#leftCount + this.passed,
    });
  }

  #whyPassed(): string {
    if (!this.isFull) return 'by their names or as links';
    return `by their names, as links, or since no more than ${SOURCES_MAX} logs are read of one input`;
  }

  #names(): string {
    const more = this.#leftCount - this.#left.length;
    return `${this.#left.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }

  #nothing(where: string): string {
    if (this.damage !== null) return `${where} ${this.damage} before any kernel log: copy it again`;
    if (this.#refused !== null) return `${where} holds nothing else that can be read: ${this.#refused.message}`;
    if (this.#leftCount === 0) {
      return this.passed === 0
        ? `${where} is empty: name a log`
        : `${where} holds no file with the name of a kernel log: name the file itself`;
    }
    const [remedy] = this.#remedies;
    if (remedy !== undefined) return `${where} holds nothing that can be read as it is: ${remedy}`;
    const what =
      this.#leftCount === 1
        ? `the only file in ${where} holds no`
        : `none of the ${this.#leftCount} files in ${where} holds a`;
    return `${what} kernel log line: see tdi-trace formats for what can be read`;
  }
}

/** A member of an archive. `shown`: its name, unlike that of all others; `number`: of those with its own name. */
interface Inside {
  readonly archive: string;
  readonly shown: string;
  readonly number: number;
}

/** What to do with a member: its path in a command would be that of no file. */
function takenOut(message: string, { archive, shown, number }: Inside, name: string): string {
  const path = `${archive}:${shown}`;
  const [head, tail] = [message.slice(0, shownPath(path).length), message.slice(shownPath(path).length)];
  if (head !== shownPath(path) || !tail.includes(nameInCommand(path))) return message;
  const which = number === 1 ? '' : ` --occurrence=${number}`;
  const take = `tar -xf ${nameInCommand(archive)}${which} ${nameInCommand(name)}`;
  return `${head}${tail.replaceAll(nameInCommand(path), () => nameInCommand(name))} (take it out of the archive first: ${take})`;
}

async function readArchive(opened: OpenedArchive, options: InputOptions, tally: Tally): Promise<void> {
  const { path, bytes } = opened;
  const { maxBytes, signal } = options;
  const chooser = new Chooser();
  // Of the text of members that are compressed once more.
  const budget = { left: maxBytes };
  const names = new Map<string, number>();
  bytes.limit = maxBytes;
  await prepare(opened, options);
  try {
    for await (const member of tarMembers(bytes)) {
      signal?.throwIfAborted();
      if (tally.isFull || !chooser.chooses(member.name)) {
        if (options.side === undefined || !(await takeMember(member, options.side))) tally.passed += 1;
        continue;
      }
      const number = numberOf(member, names);
      const shown = number === 1 ? member.name : `${member.name} (no. ${number} of that name)`;
      try {
        await options.read(await openMember(opened, { ...member, name: shown }, budget));
        tally.read += 1;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        tally.leave(member.name, error, { archive: path, shown, number });
      }
      if (budget.left < 0) throw new Damage('capped');
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    noteDamage(opened, error, options, tally);
  } finally {
    try {
      await noteChange(opened, (item) => {
        if (tally.read > 0) options.health({ ...item, message: `${shownPath(path)}: ${item.message}` });
      });
      await bytes.close();
    } finally {
      await opened.close();
    }
  }
}

/** A file that was added to an archive once more stands in it twice, under one name. */
function numberOf({ name }: TarMember, names: Map<string, number>): number {
  const number = (names.get(name) ?? 0) + 1;
  if (number > 1 || names.size < ENTRIES_MAX) names.set(name, number);
  return number;
}

const DAMAGE_CODES: Readonly<Record<Damage['kind'], HealthCode>> = {
  early: 'source-cut',
  damaged: 'source-cut',
  refused: 'source-cut',
  capped: 'source-capped',
  trailing: 'source-trailing',
};

function noteDamage({ path, bytes }: OpenedArchive, damage: Damage, options: InputOptions, tally: Tally): void {
  const what = {
    early: 'ends early',
    damaged: 'is damaged',
    refused: damage.message,
    capped: `is larger than the limit of ${options.maxBytes} bytes`,
    trailing: 'is followed by other bytes',
  }[damage.kind];
  tally.damage = what;
  if (tally.read === 0) return;
  const rest = damage.kind === 'trailing' ? 'which were ignored' : 'the files that follow are missing';
  const message = `${shownPath(path)}: the archive ${what} after ${bytes.position} bytes, unpacked; ${rest}`;
  options.health({ code: DAMAGE_CODES[damage.kind], line: null, message, count: 1 });
}

async function readFolder(opened: FolderInput, options: InputOptions, tally: Tally): Promise<void> {
  const refuse = (error: InputError): void => {
    tally.refuse(error);
    options.unreadable(error);
  };
  const { files, passed, isSos } = await walk(opened.path, refuse);
  const folder = withoutSlashes(opened.path);
  const chooser = new Chooser(isSos);
  // Also where the directory turns out to be empty: what fails here is no fault of a file in it.
  await options.prepare();
  for await (const name of files) {
    options.signal?.throwIfAborted();
    if (tally.isFull || !chooser.chooses(name)) {
      tally.passed += 1;
      continue;
    }
    try {
      await readFileOf(folder === '/' ? `/${name}` : `${folder}/${name}`, options, tally);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (error instanceof UnreadableError) refuse(error);
      else tally.leave(name, error, null);
    }
  }
  tally.passed += passed();
}

async function readFileOf(path: string, options: InputOptions, tally: Tally): Promise<void> {
  const opened = await openSource(path);
  if (opened.kind === 'log') {
    await prepare(opened, options);
    await options.read(opened);
    tally.read += 1;
  } else if (opened.kind === 'archive') {
    const own = new Tally();
    await readArchive(opened, options, own);
    own.conclude(opened, options.health);
    tally.read += own.read;
  } else throw new InputError(`${shownPath(path)}: a timeline is analysed alone: name it`);
}
