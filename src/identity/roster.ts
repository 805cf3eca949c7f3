import type { Bdf } from '../base/bdf.ts';
import type { Cluster, Clusters } from './clusters.ts';
import { type Certainty, Decider, type Who } from './decide.ts';
import type { FileDevices } from './file-devices.ts';
import type { Functions } from './functions.ts';
import type { Guests } from './guests.ts';
import type { Handles } from './handles.ts';
import type { Lineage } from './lineage.ts';
import type { Resolved } from './resolved.ts';
import { type Segmentless, tailOf } from './segmentless.ts';
import type { Tasks } from './tasks.ts';
import type { Told } from './told.ts';

/** All that is known when everything was read. */
export interface Known {
  readonly clusters: Clusters;
  readonly functions: Functions;
  readonly segmentless: Segmentless;
  readonly tasks: Tasks;
  readonly files: FileDevices;
  readonly handles: Handles;
  readonly told: Told;
  readonly guests: Guests;
  readonly lineage: Lineage;
}

interface Found {
  readonly members: { entity: number; certainty: Exclude<Certainty, 'maybe'> }[];
  /** Pointers, and the objects and files that stand for it. */
  readonly aliases: Set<string>;
  readonly names: Set<string>;
  readonly maybe: number[];
}

// Names of one device that are listed; a hostile trace has no end of them.
const ALIASES_MAX = 1000;

/** Who everybody is, in the order of first mention; changes nothing. */
export function roster(known: Known): Resolved[] {
  const { clusters, functions, segmentless, told, lineage } = known;
  const decider = deciderOf(known);
  const decisions = [...clusters.all()].map((cluster) => ({ cluster, ...decider.of(cluster) }));
  const decided = decisions.filter(({ certainty }) => certainty !== 'maybe');
  const significant = new Set(decided.filter(({ cluster }) => cluster.significant).flatMap(({ who }) => who));
  const devices = new Map<Who, Found>();
  for (const { cluster, certainty, who } of decided) {
    const [key] = who;
    if (key === undefined || certainty === 'maybe' || (typeof key !== 'number' && !significant.has(key))) continue;
    const device = devices.get(key) ?? { members: [], aliases: new Set(), names: new Set(), maybe: [] };
    devices.set(key, device);
    for (const entity of cluster.members)
      device.members.push({ entity, certainty: entity === key ? 'exact' : certainty });
    for (const alias of [...cluster.aliases, ...told.aliases(cluster)])
      if (device.aliases.size < ALIASES_MAX) device.aliases.add(alias);
    for (const name of namesOf(cluster, known)) if (device.names.size < ALIASES_MAX) device.names.add(name);
  }
  const guests = guestsOf(known, decider);
  for (const { cluster, certainty, who } of decisions)
    if (certainty === 'maybe') for (const key of who) devices.get(key)?.maybe.push(...cluster.members);
  return [...devices]
    .map(([key, { members, aliases, names, maybe }]) => ({
      bdf: typeof key === 'number' ? (functions.addressOf(key) ?? segmentless.addressOf(key)) : null,
      ...(typeof key === 'number'
        ? lineage.above(key, members, clusters, (entity) => functions.addressOf(entity))
        : { dsm: null, pf: null }),
      guestBdf: guests.get(key) ?? null,
      aliases: [...[...aliases].sort(), ...[...names].sort()],
      members: members.sort((a, b) => a.entity - b.entity),
      maybe: maybe.sort((a, b) => a - b),
    }))
    .sort((a, b) => (a.members[0]?.entity ?? 0) - (b.members[0]?.entity ?? 0));
}

function namesOf({ members }: Cluster, { files, handles }: Known): string[] {
  return members.flatMap((entity) => [files.nameOf(entity) ?? [], ...handles.namesOf(entity)].flat());
}

function deciderOf({ clusters, functions, segmentless, tasks, files }: Known): Decider {
  const byTail = Map.groupBy(functions.addresses(), ([, bdf]) => tailOf(bdf));
  return new Decider(clusters, {
    unsegmented: (cluster) => segmentless.decide(cluster, byTail),
    taskOf: (cluster) => tasks.of(cluster),
    namedBy: (task) => tasks.namedBy(task),
    // A task that uses several files may name the device of another one.
    speaksFor: (task) => !files.usesSeveral(task),
    usesSeveral: (task) => tasks.usesSeveral(task),
  });
}

function guestsOf({ clusters, guests }: Known, decider: Decider): Map<Who, Bdf> {
  const all = new Map<Who, Bdf>();
  for (const [entity, guest] of guests.all()) {
    const { certainty, who } = decider.of(clusters.of(entity));
    if (certainty !== 'maybe' && who[0] !== undefined) all.set(who[0], guest);
  }
  return all;
}
