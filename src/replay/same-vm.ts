import { parseNumber } from '../events/numbers.ts';

/** Whether two records name one VM: by its pointer in the kernel, which one tracer pads with zeros, and another prints in decimal. */
export function isSameVm(one: string, other: string): boolean {
  if (one === other) return true;
  const number = parseNumber(one);
  return number !== null && number === parseNumber(other);
}
