export function writeFtrace(path: string, count: number): void;
export function writeDmesg(path: string, count: number): void;
export const RELEVANT_SYMBOLS: ReadonlySet<string>;
