import { parseNumber } from '../events/numbers.ts';

/** Whether two records print one pointer of the kernel, which one tracer pads with zeros, and another prints in decimal. */
export function isSamePointer(one: string, other: string): boolean {
  if (one === other) return true;
  const number = parseNumber(one);
  const another = parseNumber(other);
  return number !== null && another !== null && BigInt.asUintN(64, number) === BigInt.asUintN(64, another);
}
