import type { Platform } from '../model/states.ts';
import type { StoredEvent, StoredSource } from '../timeline/rows.ts';

/** What sources tell of the machines that they are of: whatever holds for the platform is asked of their devices. */
export interface Host {
  readonly platform: Platform;
  /** Evidence of an x86 host: an undecided platform is then not CCA. */
  readonly x86: boolean;
  readonly sources: ReadonlySet<number>;
  /** The records that prove the platform, one a history. */
  readonly evidence: readonly StoredEvent[];
}

const PROVABLE = ['tdx', 'sev-tio', 'cca'] as const;

/**
 * The platform that the user names, or the one that the records prove: two different ones prove nothing. Sources are of one
 * machine where they share a history or are parts of one file; what one machine is says nothing of another.
 *
 * @param marks the events `host.platform`, in order.
 */
export function hostsOf(
  sources: readonly StoredSource[],
  marks: readonly StoredEvent[],
  wanted: Platform | 'auto',
): readonly Host[] {
  const hosts = new Map<string, { platform: Platform; x86: boolean; sources: Set<number>; evidence: StoredEvent[] }>();
  for (const ids of machines(sources)) {
    const { platform, x86, evidence } = told(
      marks.filter(({ sourceId }) => ids.has(sourceId)),
      wanted,
    );
    const key = `${platform} ${x86}`;
    const host = hosts.get(key) ?? { platform, x86, sources: new Set(), evidence: [] };
    hosts.set(key, host);
    for (const id of ids) host.sources.add(id);
    if (evidence !== null) host.evidence.push(evidence);
  }
  return [...hosts.values()];
}

function told(
  marks: readonly StoredEvent[],
  wanted: Platform | 'auto',
): { platform: Platform; x86: boolean; evidence: StoredEvent | null } {
  const of = (mark: string) => marks.find((event) => event.args['mark'] === mark);
  const x86 = of('x86') !== undefined && of('arm64') === undefined;
  // Of a named platform it is no question.
  if (wanted !== 'auto') return { platform: wanted, x86: wanted === 'generic' && x86, evidence: null };
  const [only, ...others] = PROVABLE.filter((platform) => of(platform) !== undefined);
  // Parts of one file may be of several machines: what holds on one of them is not to be asked of the other.
  const alien = of(only === 'cca' ? 'x86' : 'arm64') !== undefined;
  if (only === undefined || others.length > 0 || alien) return { platform: 'generic', x86, evidence: null };
  return { platform: only, x86: false, evidence: of(only) ?? null };
}

/** Sources that are of one machine, each by its id. */
function machines(sources: readonly StoredSource[]): readonly ReadonlySet<number>[] {
  const groups: { readonly ids: Set<number>; readonly keys: Set<string> }[] = [];
  for (const { id, path, clockGroup } of sources) {
    const own = { ids: new Set([id]), keys: new Set([`file ${path}`, `history ${clockGroup}`]) };
    for (const group of groups.filter(({ keys }) => [...own.keys].some((key) => keys.has(key)))) {
      groups.splice(groups.indexOf(group), 1);
      for (const other of group.ids) own.ids.add(other);
      for (const key of group.keys) own.keys.add(key);
    }
    groups.push(own);
  }
  return groups.map(({ ids }) => ids);
}
