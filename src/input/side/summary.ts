import type { Bdf } from '../../base/bdf.ts';
import type { BarRegisters } from './bars.ts';
import type { SideData } from './collector.ts';
import { fileOf, type SideFact } from './fact.ts';

/** What one file told. */
export interface FileSummary {
  readonly file: string;
  /** `2 VFs`, `vfio0 is 0000:02:00.0`; in one order. */
  readonly told: readonly string[];
  /** Facts in all. */
  readonly count: number;
}

/** Facts of one kind and file that are told one by one; of more their number. */
const SPELLED_MAX = 3;

/** What side data tell, file by file. */
export function summaryOf(side: SideData): FileSummary[] {
  const kinds = factsByKind(side).map((kind) => ({ ...kind, byFile: Map.groupBy(kind.facts, fileOf) }));
  return side.files.map((file) => {
    const told: string[] = [];
    let count = 0;
    for (const { noun, spelled, byFile } of kinds) {
      const own = byFile.get(file) ?? [];
      count += own.length;
      if (own.length === 0) continue;
      const texts = own.map(({ text }) => text);
      told.push(spelled && own.length <= SPELLED_MAX ? texts.join(', ') : `${own.length} ${noun(own.length)}`);
    }
    return { file, told, count };
  });
}

/** All facts, by the files they stand in and their lines there. */
export function factsOf(side: SideData): SideFact[] {
  const files = new Map(side.files.map((file, index) => [file, index]));
  const facts = factsByKind(side).flatMap((kind) => kind.facts);
  return facts.toSorted((a, b) => (files.get(fileOf(a)) ?? 0) - (files.get(fileOf(b)) ?? 0) || lineOf(a) - lineOf(b));
}

function lineOf({ place }: SideFact): number {
  return Number(place.slice(place.lastIndexOf(':') + 1));
}

/** What is said of functions, one by one; of a group to each of its members. */
export function aboutFunctions(side: SideData): { readonly bdf: Bdf; readonly fact: SideFact }[] {
  const { physical, bridges, noSoftReset, teeIo, drivers, capabilities } = side;
  const own = [physical, bridges, noSoftReset, capabilities, teeIo, drivers].flatMap((map) =>
    [...map].map(([bdf, { fact }]) => ({ bdf, fact })),
  );
  const members = [...side.groups.values()].flatMap(({ members, fact }) => members.map((bdf) => ({ bdf, fact })));
  const files = [...side.cdevs.values()].flatMap(({ bdf, fact }) => (bdf === null ? [] : [{ bdf, fact }]));
  const noVfs = [...side.noVfs].map(([bdf, fact]) => ({ bdf, fact }));
  const bars = [...side.bars].flatMap(([bdf, registers]) => barsOf(registers).map((fact) => ({ bdf, fact })));
  return [...own, ...noVfs, ...bars, ...members, ...files, ...side.tsm];
}

/** One a function: where its first BAR stands. */
function barsOf(registers: BarRegisters): SideFact[] {
  const [first] = registers.values();
  return first === undefined ? [] : [first.fact];
}

interface Kind {
  readonly noun: (count: number) => string;
  /** A few are told in full. */
  readonly spelled: boolean;
  readonly facts: readonly SideFact[];
}

function factsByKind(side: SideData): Kind[] {
  const of = (map: ReadonlyMap<unknown, { readonly fact: SideFact }>) => [...map.values()].map(({ fact }) => fact);
  const plain = (one: string, many: string) => (count: number) => (count === 1 ? one : many);
  const functions = (what: string) => (count: number) => `${count === 1 ? 'function' : 'functions'} with ${what}`;
  const alone = (one: { readonly fact: SideFact } | null) => (one === null ? [] : [one.fact]);
  return [
    { noun: plain('VF', 'VFs'), spelled: false, facts: of(side.physical) },
    {
      noun: plain('function that is no VF', 'functions that are no VFs'),
      spelled: false,
      facts: [...side.noVfs.values()],
    },
    { noun: plain('word in dispute', 'words in dispute'), spelled: true, facts: side.disputed },
    { noun: plain('bridge in dispute', 'bridges in dispute'), spelled: true, facts: side.disputedBridges },
    { noun: plain('bridge', 'bridges'), spelled: false, facts: of(side.bridges) },
    { noun: functions('No_Soft_Reset'), spelled: false, facts: of(side.noSoftReset) },
    { noun: functions('their BARs'), spelled: false, facts: [...side.bars.values()].flatMap(barsOf) },
    { noun: functions('their capabilities'), spelled: false, facts: of(side.capabilities) },
    { noun: functions('a word on TEE-IO'), spelled: false, facts: of(side.teeIo) },
    { noun: functions('their driver'), spelled: false, facts: of(side.drivers) },
    { noun: plain('IOMMU group', 'IOMMU groups'), spelled: true, facts: of(side.groups) },
    { noun: plain('vfio device', 'vfio devices'), spelled: true, facts: of(side.cdevs) },
    { noun: plain('word', 'words of tsm/'), spelled: true, facts: side.tsm.map(({ fact }) => fact) },
    { noun: plain('kernel', 'kernels'), spelled: true, facts: alone(side.kernel) },
    { noun: plain('table of addresses', 'tables of addresses'), spelled: true, facts: alone(side.symbols) },
  ];
}
