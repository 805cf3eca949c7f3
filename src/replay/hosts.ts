import { sosRoots } from '../input/sos-root.ts';
import type { Platform } from '../model/states.ts';
import type { StoredEvent, StoredSource } from '../timeline/rows.ts';

/** What sources tell of the machines that they are of: whatever holds for the platform is asked of their devices. */
export interface Host {
  readonly platform: Platform;
  /** Evidence of an x86 host: an undecided platform is then not CCA. */
  readonly x86: boolean;
  /**
   * What an undecided platform may be: what other inputs prove and nothing here rules out, since two inputs may well be of one
   * machine; of parts of several machines in one file, whatever any of them may be. Empty where nothing tells.
   */
  readonly perhaps: readonly Platform[];
  readonly sources: ReadonlySet<number>;
  /** The records that prove the platform, one a history. */
  readonly evidence: readonly StoredEvent[];
}

type Told = Pick<Host, 'platform' | 'x86' | 'perhaps'> & { readonly evidence: StoredEvent | null };

const PROVABLE = ['tdx', 'sev-tio', 'cca'] as const;

/**
 * The platform that the user names, or the one that the records prove: two different ones prove nothing. Sources are of one
 * machine where they share a history, are parts of one file, or lie in one sos report; those of any other archive or directory may be
 * of several. Neither the kernel's banner nor the name of a host tells: a fleet shares both. What one machine is says nothing for
 * sure of another.
 *
 * @param marks the events `host.platform`, in order.
 */
export function hostsOf(
  sources: readonly StoredSource[],
  marks: readonly StoredEvent[],
  wanted: Platform | 'auto',
): readonly Host[] {
  const groups = machinesOf(sources).map((ids) => {
    const own = marks.filter(({ sourceId }) => ids.has(sourceId));
    return { ids, marks: own, told: told(own, wanted) };
  });
  const proved = PROVABLE.filter((one) => groups.some((group) => group.told.platform === one));
  const hosts = new Map<string, Told & { sources: Set<number>; proofs: StoredEvent[] }>();
  for (const { ids, marks: own, told: group } of groups) {
    const isOpen = wanted === 'auto' && group.platform === 'generic' && group.perhaps.length === 0;
    const perhaps = isOpen ? proved.filter((one) => !isRuledOut(one, own)) : group.perhaps;
    const key = [group.platform, group.x86, ...perhaps].join(' ');
    const host = hosts.get(key) ?? { ...group, perhaps, sources: new Set(), proofs: [] };
    hosts.set(key, host);
    for (const id of ids) host.sources.add(id);
    if (group.evidence !== null) host.proofs.push(group.evidence);
  }
  return [...hosts.values()].map(({ proofs, ...host }) => ({ ...host, evidence: proofs }));
}

function told(marks: readonly StoredEvent[], wanted: Platform | 'auto'): Told {
  const x86 = has(marks, 'x86') && !has(marks, 'arm64');
  // Of a named platform it is no question.
  if (wanted !== 'auto') return { platform: wanted, x86: wanted === 'generic' && x86, perhaps: [], evidence: null };
  const own = PROVABLE.filter((platform) => has(marks, platform));
  const [only, ...others] = own;
  if (only === undefined) return { platform: 'generic', x86, perhaps: [], evidence: null };
  // Parts of one file may be of several machines: what holds on one of them is not to be asked of the other.
  if (others.length > 0 || has(marks, only === 'cca' ? 'x86' : 'arm64')) {
    const perhaps = PROVABLE.filter((platform) => own.includes(platform) || has(marks, ARCHITECTURES[platform]));
    return { platform: 'generic', x86: x86 && !own.includes('cca'), perhaps, evidence: null };
  }
  return { platform: only, x86: false, perhaps: [], evidence: marks.find(({ args }) => args['mark'] === only) ?? null };
}

const ARCHITECTURES = { tdx: 'x86', 'sev-tio': 'x86', cca: 'arm64' } as const;

/** The first record of each source and platform, or architecture, that speaks against the platform which the user names. */
export function contradicting(marks: readonly StoredEvent[], wanted: Platform | 'auto'): StoredEvent[] {
  if (wanted === 'auto' || wanted === 'generic') return [];
  const agrees: ReadonlySet<string | undefined> = new Set([wanted, ARCHITECTURES[wanted]]);
  const against = marks.filter(({ args }) => !agrees.has(args['mark']));
  return [...Map.groupBy(against, ({ sourceId, args }) => `${sourceId} ${args['mark']}`).values()].flatMap(
    ([first]) => first ?? [],
  );
}

/** Whether marks show that their machine is of another architecture; parts of one file may be of machines of both. */
function isRuledOut(platform: (typeof PROVABLE)[number], marks: readonly StoredEvent[]): boolean {
  const own = ARCHITECTURES[platform];
  return !has(marks, own) && has(marks, own === 'x86' ? 'arm64' : 'x86');
}

function has(marks: readonly StoredEvent[], mark: string): boolean {
  return marks.some(({ args }) => args['mark'] === mark);
}

/** Sources that are of one machine, each by its id. */
export function machinesOf(sources: readonly StoredSource[]): readonly ReadonlySet<number>[] {
  const groups: { readonly ids: Set<number>; readonly keys: Set<string> }[] = [];
  const reports = sosRoots(sources.map(({ path }) => path));
  for (const [index, { id, path, clockGroup }] of sources.entries()) {
    const own = { ids: new Set([id]), keys: new Set([`file ${path}`, `history ${clockGroup}`]) };
    const report = reports[index] ?? null;
    if (report !== null) own.keys.add(`report ${report}`);
    for (const group of groups.filter(({ keys }) => [...own.keys].some((key) => keys.has(key)))) {
      groups.splice(groups.indexOf(group), 1);
      for (const other of group.ids) own.ids.add(other);
      for (const key of group.keys) own.keys.add(key);
    }
    groups.push(own);
  }
  return groups.map(({ ids }) => ids);
}
