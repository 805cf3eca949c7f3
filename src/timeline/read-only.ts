/** Statements that give rows and write nothing. PRAGMA is none of them: some set and answer at once. */
const ALLOWED = ['select', 'with', 'values', 'explain'];

/**
 * The first gate for SQL of the user; the second is what SQLite itself says about the prepared statement.
 *
 * @returns why the statement is refused, or null.
 */
export function refusal(sql: string): string | null {
  if (sql.includes('\0')) return 'the statement holds a NUL';
  const word = firstWord(sql);
  if (word === '') return 'the statement is empty';
  if (ALLOWED.includes(word)) return null;
  const hint = word === 'pragma' ? "; for columns use: select * from pragma_table_info('v_event')" : '';
  return `${word.toUpperCase()} is not allowed, only statements that read (${ALLOWED.join(', ')})${hint}`;
}

/** The first keyword in lower case, after blanks and comments. */
function firstWord(sql: string): string {
  let at = 0;
  for (;;) {
    while (/\s/.test(sql.charAt(at))) at++;
    let end: number;
    if (sql.startsWith('--', at)) end = sql.indexOf('\n', at);
    else if (sql.startsWith('/*', at)) end = sql.indexOf('*/', at + 2) + 1;
    else break;
    if (end <= 0) return '';
    at = end + 1;
  }
  return (/^[a-z_]{1,20}/i.exec(sql.slice(at, at + 20))?.[0] ?? sql.charAt(at)).toLowerCase();
}
