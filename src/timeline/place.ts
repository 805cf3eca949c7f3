import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../base/errors.ts';
import { errorCode, isTimelineFile, openablePath } from './format.ts';

/** Where a timeline is built, and where it goes when it is whole. */
export interface Place {
  /** The file to build in: it exists, is empty, and nobody else has it. */
  readonly workPath: string;
  /** Where the file stands after {@link keep}. */
  readonly finalPath: string;
  /** What to do where there is no room: words to end a message with. */
  readonly elsewhere: string;
  /** Moves the built file to its target: at no time is there half a file under the target's name. */
  keep(): void;
  /** Removes the work file; of a private place also the kept one. Safe to call at any time, repeatedly. */
  remove(): void;
}

/** To look through a directory takes as long as all of a small analysis: nearly always it holds the timeline only. */
function removePrivate(directory: string, workPath: string): void {
  try {
    unlinkSync(workPath);
    rmdirSync(directory);
  } catch {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A directory that only this user can enter, removed with everything in it. @throws InputError where there is no room. */
export function privatePlace(parent: string = tmpdir()): Place {
  let directory: string;
  try {
    directory = mkdtempSync(join(parent, 'tdi-trace-'));
  } catch (error) {
    throw new InputError(`${parent}: cannot make a temporary directory (${errorCode(error)}); set TMPDIR`);
  }
  const workPath = join(directory, 'timeline.db');
  const forget = removeAtExit(() => removePrivate(directory, workPath));
  closeSync(openSync(workPath, 'wx', 0o600));
  return { workPath, finalPath: workPath, elsewhere: 'set TMPDIR to another directory', keep() {}, remove: forget };
}

/**
 * A work file beside `target`, on the same file system.
 *
 * @throws InputError where `target` exists and is none of our timelines, or its directory cannot be written.
 */
export function placeBeside(target: string): Place {
  const { path: finalPath, exists } = resolveTarget(target);
  const directory = dirname(finalPath);
  const workPath = join(directory, `.${basename(finalPath)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    closeSync(openSync(openablePath(workPath), 'wx', exists ? statSync(finalPath).mode & 0o777 : 0o666));
  } catch (error) {
    throw new InputError(`${target}: cannot be written: ${directory} (${errorCode(error)})`);
  }
  let kept = false;
  const forget = removeAtExit(() => {
    if (!kept) rmSync(workPath, { force: true });
  });
  return {
    workPath,
    finalPath,
    elsewhere: 'use another --db',
    keep() {
      try {
        flush(workPath);
        moveInto(workPath, finalPath, target, exists);
      } catch (error) {
        throw error instanceof InputError
          ? error
          : new InputError(`${target}: cannot be written (${errorCode(error)})`);
      }
      kept = true;
      forget();
    },
    remove: forget,
  };
}

/** Follows a symbolic link, so that the file it names is replaced and not the link. */
function resolveTarget(target: string): { path: string; exists: boolean } {
  const path = resolve(target);
  try {
    lstatSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { path: openablePath(path), exists: false };
    throw new InputError(`${target}: cannot be written (${errorCode(error)})`);
  }
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    throw new InputError(`${target}: the link leads nowhere (${errorCode(error)}); give another name`);
  }
  refuseForeign(real, target);
  return { path: openablePath(real), exists: true };
}

function refuseForeign(path: string, target: string): void {
  if (isTimelineFile(path)) return;
  throw new InputError(`${target}: exists and is no timeline of tdi-trace; it was left alone, give another name`);
}

function moveInto(workPath: string, finalPath: string, target: string, existed: boolean): void {
  if (!existed) {
    try {
      // A link fails where a file has come up meanwhile; a rename would replace it.
      linkSync(workPath, finalPath);
      unlinkSync(workPath);
      return;
    } catch (error) {
      // File systems without hard links; and a target that another run of ours has just made.
      const code = errorCode(error);
      if (code !== 'EEXIST' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS')
        throw error;
    }
  }
  try {
    lstatSync(finalPath);
    refuseForeign(finalPath, target);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  renameSync(workPath, finalPath);
}

/** The file was written without syncing; what a rename makes visible has to be on the disk. */
function flush(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Runs `remove` once: when the returned function is called, or else when the process exits. */
function removeAtExit(remove: () => void): () => void {
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    process.removeListener('exit', once);
    remove();
  };
  process.once('exit', once);
  return once;
}
