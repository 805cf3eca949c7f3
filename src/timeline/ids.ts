/** Public ids, as the analysis and the views show them: `s1`, `d1`, after the row's number in the timeline. */
export function sourceKey(id: number): string {
  return `s${id}`;
}

export function deviceKey(id: number): string {
  return `d${id}`;
}

/** The row's number behind a public id; null where `key` is none of that letter. */
export function rowOf(key: string, letter: 's' | 'd'): number | null {
  const digits = key.startsWith(letter) ? key.slice(1) : '';
  return /^[1-9][0-9]{0,14}$/.test(digits) ? Number(digits) : null;
}
