import type { Analysis, DeviceInfo, Finding, SourceInfo } from '../model/analysis.ts';

/** What the parts of the text report look up again and again. */
export class Lookup {
  readonly #paths: ReadonlyMap<string, string>;
  readonly #devices: ReadonlyMap<string, DeviceInfo>;

  constructor(analysis: Pick<Analysis, 'sources' | 'devices'>) {
    this.#paths = new Map(analysis.sources.map((source: SourceInfo) => [source.id, source.path]));
    this.#devices = new Map(analysis.devices.map((device) => [device.id, device]));
  }

  /** `path:line:`, as grep -n and compilers print it, so that editors jump to it. */
  place(source: string | null, line: number | null): string {
    const path = source === null ? '' : `${this.#paths.get(source) ?? source}:`;
    return line === null ? path : `${path}${line}:`;
  }

  deviceName(deviceId: string, bdf: string | null): string {
    if (bdf !== null) return bdf;
    const alias = this.#devices.get(deviceId)?.aliases[0];
    return alias === undefined ? `device ${deviceId} (address unknown)` : `${alias} (address unknown)`;
  }

  device(finding: Finding): string {
    return this.deviceName(finding.device_id, finding.device);
  }
}

/** `locked|run`: one of these; `?` where nothing is known. */
export function states(values: readonly string[]): string {
  return values.length === 0 ? '?' : values.join('|');
}

export function timeSpan(from: string | null, to: string | null): string {
  if (from === null && to === null) return 'no time';
  return from === to ? `${from}` : `${from ?? '?'} .. ${to ?? '?'}`;
}
