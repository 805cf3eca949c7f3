import type { HealthCode } from '../base/health.ts';
import type { Analysis, DeviceInfo, Finding, HealthInfo, SourceInfo, StateSpan } from '../model/analysis.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';

/** Marks after which anything may have happened unseen. */
const LOSSES: ReadonlySet<HealthCode> = new Set([
  'events-lost',
  'messages-dropped',
  'lines-elided',
  'source-rotated',
  'buffer-started',
  'buffer-wrapped',
]);

function nameOf({ id, bdf, aliases }: DeviceInfo): string {
  return bdf ?? (aliases[0] === undefined ? `device ${id} (address unknown)` : `${aliases[0]} (address unknown)`);
}

/** What the parts of the text report look up again and again. */
export class Lookup {
  readonly #paths: ReadonlyMap<string, string>;
  readonly #names: ReadonlyMap<string, string>;
  readonly #devices: ReadonlyMap<string, DeviceInfo>;
  /** Names that devices of several histories have. */
  readonly #shared: ReadonlySet<string>;

  readonly #losses: readonly HealthInfo[];

  constructor(analysis: Pick<Analysis, 'sources' | 'devices' | 'health'>) {
    this.#paths = new Map(analysis.sources.map((source: SourceInfo) => [source.id, source.path]));
    this.#names = sourceNames(analysis.sources);
    this.#devices = new Map(analysis.devices.map((device) => [device.id, device]));
    const named = Map.groupBy(analysis.devices, nameOf);
    const isShared = (devices: readonly DeviceInfo[]) => new Set(devices.map(({ source }) => source)).size > 1;
    this.#shared = new Set([...named].filter(([, devices]) => isShared(devices)).map(([name]) => name));
    this.#losses = analysis.health.filter((item) => LOSSES.has(item.code));
  }

  /** `path:line:`, as grep -n and compilers print it, so that editors jump to it. */
  place(source: string | null, line: number | null): string {
    if (source === null) return line === null ? '' : `${line}:`;
    if (line === null) return `${this.#names.get(source) ?? source}:`;
    return `${this.#paths.get(source) ?? source}:${line}:`;
  }

  /** `line 12` where there is one file only, else as {@link place}. */
  shortPlace(source: string, line: number): string {
    const isOnly = new Set(this.#paths.values()).size === 1;
    return isOnly ? `line ${line}` : this.place(source, line);
  }

  deviceName(deviceId: string, bdf: string | null): string {
    const device = this.#devices.get(deviceId);
    if (device === undefined) return bdf ?? `device ${deviceId} (address unknown)`;
    const name = nameOf(device);
    // What an earlier judgement told has the ids of that one.
    if (bdf !== null && bdf !== name) return bdf;
    // Each history has its own: the same address may be another machine's.
    return this.#shared.has(name) ? `${name} in ${this.#names.get(device.source) ?? device.source}` : name;
  }

  device(finding: Finding): string {
    return this.deviceName(finding.device_id, finding.device);
  }

  /** What keeps a finding merely possible: entries that are gone between the lines behind the state and the violation. */
  lossesBefore(finding: Finding): string[] {
    if (finding.verdict !== 'possible') return [];
    const violation = finding.evidence.find((item) => item.role === 'violation');
    if (violation === undefined) return [];
    const known = finding.evidence.filter((item) => item.role === 'state' && item.source === violation.source);
    const from = Math.max(0, ...known.map((item) => item.line));
    const gone = this.#losses.filter(
      ({ source, line }) => source === violation.source && line !== null && line > from && line <= violation.line,
    );
    const last = gone.at(-1);
    if (last === undefined) return [];
    const more =
      gone.length === 1 ? '' : `, and ${gone.length - 1} such ${gone.length === 2 ? 'mark' : 'marks'} before it`;
    return [`${this.place(last.source, last.line)} ${last.message}${more}: what would excuse the step may be gone`];
  }

  /** The summary without the device's name, for where it stands already. */
  summary(finding: Finding): string {
    const lead = `${this.device(finding)}: `;
    return finding.summary.startsWith(lead) ? finding.summary.slice(lead.length) : finding.summary;
  }
}

/** What a source is called, by its id: its path; `mail.txt lines 12-80` where the file holds several. */
export function sourceNames(
  sources: readonly Pick<SourceInfo, 'id' | 'path' | 'first_line' | 'last_line'>[],
): ReadonlyMap<string, string> {
  const ofPath = Map.groupBy(sources, ({ path }) => path);
  return new Map(
    sources.map(({ id, path, first_line, last_line }) => {
      const alone = ofPath.get(path)?.length === 1;
      return [id, alone ? path : `${path} lines ${first_line}-${last_line}`];
    }),
  );
}

/** `locked|run`: one of these; `any` of the layer's states; `?` where nothing is told. */
export function states(values: readonly string[], layer: readonly string[]): string {
  if (values.length === 0) return '?';
  return values.length === layer.length ? 'any' : values.join('|');
}

/** A state of a TDI as three words. */
export function stateWords(state: Pick<StateSpan, 'bind' | 'contract' | 'device'>): readonly [string, string, string] {
  return [states(state.bind, BIND_STATES), states(state.contract, CONTRACT_STATES), states(state.device, TDISP_STATES)];
}

export function timeSpan(from: string | null, to: string | null): string {
  if (from === null && to === null) return 'no time';
  return from === to ? `${from}` : `${from ?? '?'} .. ${to ?? '?'}`;
}
