import type { FunctionNames } from './record.ts';
import { addressKey, Symbols } from './trace-dat/symbols.ts';

// trace-cmd report without the symbols: `(ffffffffa0400e90)`, `(ffffffffa0400e90 <- ffffffffa04145a4)`, where the function comes
// first; with -R `__probe_ip=ffffffffa0400e90 bdf=..`, `__probe_func=ffffffff8142b030 __probe_ret_ip=ffffffff8142f570 ret=..`.
const PARENTHESES = /^\((?:0x)?([0-9a-f]{16})(?: <- (?:0x)?([0-9a-f]{16}))?\)/;
const FIELDS = /^__probe_(ip|func)=(?:0x)?([0-9a-f]{16})(?: __probe_ret_ip=(?:0x)?([0-9a-f]{16}))?(?= |$)/;

/** Names the functions of a kernel by its /proc/kallsyms. `file` is where that stands. */
export function functionNames(kallsyms: Buffer, file: string): FunctionNames {
  const symbols = new Symbols(kallsyms);
  let trusted = true;
  return {
    file,
    at(address) {
      const [high, low] = [address.slice(0, 8), address.slice(8)].map((half) => Number.parseInt(half, 16));
      return trusted ? symbols.find(addressKey(high ?? 0, low ?? 0)) : null;
    },
    distrust() {
      trusted = false;
    },
  };
}

/**
 * A line whose dynamic event sits on an address, as the kernel would have written it; null where the address is not told. A
 * return probe knows its function by the entry: where there is none, the names are of another boot (the kernel moves, KASLR), and
 * are not asked again.
 *
 * @param at index of the location in the line.
 */
export function nameAddresses(line: string, at: number, names: FunctionNames): string | null {
  const rest = line.slice(at);
  const plain = PARENTHESES.exec(rest);
  if (plain?.[1] !== undefined) {
    const named = location(plain[1], plain[2], names);
    return named === null ? null : `${line.slice(0, at)}(${named})${rest.slice(plain[0].length)}`;
  }
  const fields = FIELDS.exec(rest);
  if (fields?.[2] === undefined) return null;
  const named = fieldLocation(fields[1] === 'func', fields[2], fields[3], names);
  return named === null ? null : `${line.slice(0, at)}${named}${rest.slice(fields[0].length)}`;
}

function location(first: string, caller: string | undefined, names: FunctionNames): string | null {
  const symbol = functionAt(first, caller !== undefined, names);
  if (symbol === null || caller === undefined) return symbol === null ? null : shown(symbol);
  const from = names.at(caller);
  return `${from === null ? '0' : shown(from)} <- ${symbol.name}`;
}

function fieldLocation(isReturn: boolean, first: string, caller: string | undefined, names: FunctionNames) {
  const symbol = functionAt(first, isReturn, names);
  if (symbol === null) return null;
  const from = caller === undefined ? null : names.at(caller);
  return `__probe_${isReturn ? 'func' : 'ip'}=${shown(symbol)}${from === null ? '' : ` __probe_ret_ip=${shown(from)}`}`;
}

function functionAt(address: string, isReturn: boolean, names: FunctionNames) {
  const symbol = names.at(address);
  if (!isReturn || symbol === null || symbol.offset === 0) return symbol;
  names.distrust();
  return null;
}

function shown({ name, offset }: { readonly name: string; readonly offset: number }): string {
  return `${name}+0x${offset.toString(16)}`;
}
