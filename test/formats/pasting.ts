/** As a mail program breaks lines: at the last blank that fits, which goes. */
export function mailed(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line) => {
    const out: string[] = [];
    let rest = line;
    for (let blank = rest.lastIndexOf(' ', width); rest.length > width && blank > 0; ) {
      out.push(rest.slice(0, blank));
      rest = rest.slice(blank + 1);
      blank = rest.lastIndexOf(' ', width);
    }
    return [...out, rest];
  });
}

/** As a terminal breaks them. */
export function cut(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line) =>
    Array.from({ length: Math.max(1, Math.ceil(line.length / width)) }, (_, n) =>
      line.slice(n * width, (n + 1) * width),
    ),
  );
}
