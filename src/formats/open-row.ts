/** Whether a bracket, a string or a comment of a row is still open: the row is not over. */
export function isOpen(row: string): boolean {
  if (row.lastIndexOf('/*') > row.lastIndexOf('*/')) return true;
  let depth = 0;
  let quoted = false;
  for (const character of row) {
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '(' || character === '[') depth++;
    // The columns of function_graph have a bracket that closes nothing.
    else if ((character === ')' || character === ']') && depth > 0) depth--;
  }
  return quoted || depth > 0;
}
