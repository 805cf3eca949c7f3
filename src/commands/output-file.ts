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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'is a directory',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
};

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
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new InputError(`cannot write '${path}': ${REASONS[code] ?? (code || String(error))}: give another name`);
  }
}

/** Whether two paths are the same existing file, by whatever name. */
export function isSameFile(a: string, b: string): boolean {
  const first = fileKey(a);
  return first !== null && first === fileKey(b);
}

/** Equal for two names of one file; null where there is none, or it cannot be told: who opens it says why. */
export function fileKey(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
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
