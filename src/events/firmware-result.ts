import type { SymbolRow } from './catalogue.ts';
import { decode } from './codes.ts';
import type { Outcome } from './event.ts';
import { parseNumber, parseReturn } from './numbers.ts';

interface FirmwareResult {
  readonly outcome: Outcome;
  readonly code: number | null;
  /** `status` as printed, and `status_name` where it is known. */
  readonly status: Readonly<Record<string, string>>;
}

// Bit 63 of a TDX status says error (arch/x86/include/asm/shared/tdx.h, TDX_ERROR).
const TDX_ERROR = 1n << 63n;
/** Answers that are no refusal: the command goes on after an SPDM exchange, or another call of the same. */
const UNFINISHED: ReadonlySet<string> = new Set(['TDX_SPDM_REQUEST', 'RMI_INCOMPLETE']);

/** What a wrapper of a firmware command, or an access of the PCI core, returned: a status of its own, not an errno. */
export function firmwareResult(kind: NonNullable<SymbolRow['returns']>, ret: string): FirmwareResult {
  const value = parseNumber(ret);
  if (value === null) return { outcome: 'unknown', code: null, status: {} };
  if (kind === 'sev-tio') {
    const { outcome, code } = parseReturn(ret, false);
    // A positive return is the DOE feature of the exchange that the PSP asks for (sev_tio_spdm_cmd, sev-dev-tsm.c).
    if (outcome !== 'ok' || code === null || code === 0) return { outcome, code, status: {} };
    return { outcome: 'unknown', code, status: { wants_exchange: String(code) } };
  }
  if (kind === 'pcibios') return pcibiosResult(ret);
  if (kind === 'rhi') return rhiResult(ret);
  const raw = BigInt.asUintN(64, value);
  const name = decode(kind === 'tdx' ? 'tdx-status' : 'rmi-status', raw)?.name;
  const refused = kind === 'tdx' ? (raw & TDX_ERROR) !== 0n : (raw & 0xffn) !== 0n;
  const outcome = name !== undefined && UNFINISHED.has(name) ? 'unknown' : refused ? 'failed' : 'ok';
  if (raw === 0n) return { outcome, code: 0, status: {} };
  const status = { status: `0x${raw.toString(16)}` };
  return { outcome, code: null, status: name === undefined ? status : { ...status, status_name: name } };
}

/**
 * The first series returns the status of the host as it is, a positive number; later ones -EIO, or another errno. RHI_DA_INCOMPLETE asks
 * for another call (arch/arm64/kernel/rhi.c, Arm CCA device assignment).
 */
function rhiResult(ret: string): FirmwareResult {
  const { outcome, code } = parseReturn(ret, false);
  if (outcome !== 'ok' || code === null || code === 0) return { outcome, code, status: {} };
  const name = decode('rhi-status', BigInt(code))?.name;
  const status = { status: `0x${code.toString(16)}`, ...(name !== undefined && { status_name: name }) };
  return { outcome: name === 'RHI_DA_INCOMPLETE' ? 'unknown' : 'failed', code: null, status };
}

/** PCIBIOS_SUCCESSFUL is 0, every other number an error, and positive (include/linux/pci.h, 6.12). */
function pcibiosResult(ret: string): FirmwareResult {
  const { outcome, code } = parseReturn(ret, false);
  if (outcome !== 'ok' || code === 0) return { outcome, code, status: {} };
  return { outcome: 'failed', code: null, status: code === null ? {} : { status: `0x${code.toString(16)}` } };
}
