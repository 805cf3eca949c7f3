import { CCA_CODES } from './cca-codes.ts';
import type { Code, CodeTable, CodeTables } from './code-table.ts';
import type { EventKind } from './event.ts';
import { IOCTL_CODES } from './ioctls.ts';
import { parseNumber } from './numbers.ts';
import { SEV_CODES } from './sev-codes.ts';
import { TDISP_STATE_CODES } from './tdisp-states.ts';
import { TDX_CODES } from './tdx-codes.ts';

/**
 * Numbers are decoded by who prints them, never by value alone: LOCKED is 1 in TDISP and 2 in the RMM. A space is what one
 * record can mean; it has several tables where the record does not tell the generation.
 */
const SPACES = { ...IOCTL_CODES, ...SEV_CODES, ...TDX_CODES, ...CCA_CODES, ...TDISP_STATE_CODES } satisfies CodeTables;

export type CodeSpace = keyof typeof SPACES;

export const CODE_SPACES: Readonly<Record<CodeSpace, readonly CodeTable[]>> = SPACES;

export interface Decoded {
  /** `A or B` where generations differ. */
  readonly name: string;
  /** Only where every generation means the same. */
  readonly means: EventKind | null;
}

const INDEX = new Map<CodeSpace, { readonly mask: bigint; readonly names: ReadonlyMap<bigint, Code> }[]>();

/** What `value` stands for in `space`; null where nobody knows. */
export function decode(space: CodeSpace, value: bigint): Decoded | null {
  const found: Code[] = [];
  for (const { mask, names } of tablesOf(space)) {
    const code = names.get(value & mask);
    if (code) found.push(code);
  }
  const [first] = found;
  if (!first) return null;
  const means = first[2] ?? null;
  return {
    name: [...new Set(found.map(([, name]) => name))].join(' or '),
    means: found.every((code) => (code[2] ?? null) === means) ? means : null,
  };
}

// What the kernel prints of these is hexadecimal with or without 0x.
const HEXADECIMAL: ReadonlySet<CodeSpace> = new Set(['ioctl', 'tdx-status', 'seamcall', 'psp-command', 'psp-status']);

/** Like {@link decode}, of a number as it is printed. */
export function decodeText(space: CodeSpace, text: string): Decoded | null {
  const value = HEXADECIMAL.has(space) && !text.startsWith('0x') ? parseNumber(`0x${text}`) : parseNumber(text);
  return value === null ? null : decode(space, BigInt.asUintN(64, value));
}

function tablesOf(space: CodeSpace) {
  const known = INDEX.get(space);
  if (known) return known;
  const tables = CODE_SPACES[space].map(({ mask = 0xffff_ffff_ffff_ffffn, codes }) => ({
    mask,
    names: new Map(codes.map((code) => [BigInt(code[0]), code])),
  }));
  INDEX.set(space, tables);
  return tables;
}
