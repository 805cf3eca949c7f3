import type { TarMember } from '../tar.ts';
import { FILE_MAX, KALLSYMS_MAX, type SideCollector } from './collector.ts';
import { isSideDataOfSos } from './sos.ts';

/**
 * Takes a member of a sos report that tells of the machine, by its name.
 *
 * @returns false where it is none of them; its body was not touched then.
 */
export async function takeMember(member: TarMember, collector: SideCollector): Promise<boolean> {
  const { name, size, body } = member;
  if (!isSideDataOfSos(name)) return false;
  const limit = name.endsWith('/kallsyms') ? KALLSYMS_MAX : FILE_MAX;
  if (size > limit) {
    collector.leave(`${name}: larger than ${limit / 2 ** 20} MiB`);
    return true;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  collector.file(name, Buffer.concat(chunks));
  return true;
}
