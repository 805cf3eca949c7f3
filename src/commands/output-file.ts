import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/errors.ts';

/**
 * Writes a report so that `path` holds either what it held before or all of the new text. What is no regular file (a pipe,
 * /dev/stderr) is written to directly, since it cannot be replaced.
 *
 * @throws InputError where it cannot be written.
 */
export function writeFileAtomically(path: string, text: string): void {
  try {
    if (isSpecial(path)) writeFileSync(path, text);
    else replaceFile(targetOf(path), text);
  } catch (error) {
    throw new InputError(`cannot write '${path}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whether two paths are the same existing file, by whatever name. */
export function isSameFile(a: string, b: string): boolean {
  const first = statSync(a, { throwIfNoEntry: false, bigint: true });
  const second = statSync(b, { throwIfNoEntry: false, bigint: true });
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}

function replaceFile(path: string, text: string): void {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const fd = openSync(part, 'wx', 0o666);
  try {
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function isSpecial(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile();
}

/** The file behind a symbolic link: the link stays. */
function targetOf(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink && statSync(path, { throwIfNoEntry: false }) !== undefined ? realpathSync(path) : path;
}
