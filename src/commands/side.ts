import { isSosReport, readSideData, type SideData } from '../input/side-data.ts';
import type { Arguments } from './arguments.ts';

const READ = new WeakMap<Arguments, SideData | null>();

/**
 * What was stored beside the log: the folder that `--side` names, or the one unpacked sos report that is the input. Of several
 * inputs nobody knows which machine they are of.
 *
 * @throws InputError there is no such folder.
 */
export function sideOf(args: Arguments): SideData | null {
  const known = READ.get(args);
  if (known !== undefined) return known;
  const [input, ...others] = args.positionals('input');
  const folder = args.text('side') ?? (input !== undefined && others.length === 0 && isSosReport(input) ? input : null);
  const side = folder === null ? null : readSideData(folder);
  READ.set(args, side);
  return side;
}
