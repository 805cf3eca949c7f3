import { type Bdf, parseBdfWithoutDomain } from '../base/bdf.ts';
import type { Clue } from './event.ts';
import { decoded, defined, type Facts, handlesOf } from './facts.ts';
import { messageCandidates, splitPrefix } from './messages.ts';

/** What a message says, whoever printed it when. */
export type Said = Facts | { readonly type: 'unrecognised'; readonly subsystem: string; readonly text: string } | null;

/** @param label the function that is named beside the text. */
export function said(text: string, label: Bdf | null): Said {
  const { prefix, body } = splitPrefix(text);
  for (const row of messageCandidates(body)) {
    const match = row.pattern.exec(body);
    if (!match) continue;
    if (row.kind === null) return null;
    const { bdf, ...groups } = match.groups ?? {};
    const device = bdf === undefined ? (prefix?.bdf ?? label) : parseBdfWithoutDomain(bdf);
    // The prefix of a message about another function is its PF.
    const pf = row.kind === 'pci.vf' && prefix ? { pf: prefix.bdf } : {};
    const reporter = row.reporter && device ? { reporter: device } : {};
    const args: Record<string, string> = { ...row.fixed, ...defined(groups), ...pf, ...reporter };
    return {
      kind: row.kind,
      phase: row.phase ?? 'point',
      outcome: row.outcome ?? 'ok',
      code: null,
      symbol: null,
      args: Object.freeze(decoded(args, row.decodes)),
      clues: Object.freeze(device && !row.reporter ? [clueOf(device, bdf)] : []),
      handles: Object.freeze(handlesOf(row.handles, (name) => args[name])),
    };
  }
  const subsystem = knownSubsystem(prefix?.driver ?? null, body);
  return subsystem === null ? null : { type: 'unrecognised', subsystem, text };
}

/** A message of `02:00.0` leaves the segment open. */
function clueOf(bdf: Bdf, printed: string | undefined): Clue {
  return printed === undefined || bdf.length <= printed.length
    ? { type: 'bdf', bdf }
    : { type: 'bdf', bdf, assumed: 'segment' };
}

/** The subsystems whose unknown lines are worth a mention; everything else in a log is none of our business. */
function knownSubsystem(driver: string | null, body: string): string | null {
  if (body.startsWith('PCI/TSM: ')) return 'PCI/TSM';
  if (body.startsWith('PCI/IDE: ')) return 'PCI/IDE';
  if (driver !== null && /(?:^|[-_])vfio[-_]pci$/.test(driver)) return 'vfio-pci';
  // Not `vfio_ap matrix:` and the like, whose devices are no PCI functions, nor `iommufd/404 is trying to acquire lock`.
  if (/^vfio[\w-]{0,60}: /.test(body)) return 'vfio';
  if (/^iommufd\w{0,60}(?:: |$)/.test(body)) return 'iommufd';
  if (/SEV-TIO/.test(body)) return 'SEV-TIO';
  if (/^(?:virt\/)?tdx[:_ ]|^TDX Connect/.test(body)) return 'TDX';
  return null;
}
