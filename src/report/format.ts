import type { Analysis, DeviceInfo, Finding, SourceInfo, StateSpan } from '../model/analysis.ts';
import { BIND_STATES, CONTRACT_STATES, TDISP_STATES } from '../model/states.ts';

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

  /** The summary without the device's name, for where it stands already. */
  summary(finding: Finding): string {
    const lead = `${this.device(finding)}: `;
    return finding.summary.startsWith(lead) ? finding.summary.slice(lead.length) : finding.summary;
  }
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
