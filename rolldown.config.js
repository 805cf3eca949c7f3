// The program as a few files, in dist/bundle: half of a start went into finding, reading and linking some 350 small modules
// (kysely alone is 200 of them). CommonJS, for the loader of bin/load-bundle.js. Not minified: a stack trace names functions as the
// sources do. dist/src, which tsc wrote and this reads, stays what a program that uses the library imports.

/**
 * yargs measures its help with string-width, which spends 15 ms of every start on a regular expression for emoji. The help
 * is plain ASCII (test/cli/command-line.test.ts).
 */
const plainWidth = {
  name: 'plain-width',
  resolveId: (id) => (id === 'string-width' ? '\0string-width' : null),
  load: (id) => (id === '\0string-width' ? 'export default (text) => text.length;' : null),
};

/** yargs asserts a few things in every start: Node's module, 2 ms of it, is loaded only for one that does not hold. */
const LATE_ASSERT = `
const isOk = { strictEqual: Object.is, notStrictEqual: (a, b) => !Object.is(a, b) };
const late = (name) => (actual, expected, message) => {
  if (!isOk[name](actual, expected)) process.getBuiltinModule('node:assert')[name](actual, expected, message);
};
export const strictEqual = late('strictEqual');
export const notStrictEqual = late('notStrictEqual');
`;

const lateAssert = {
  name: 'late-assert',
  resolveId: (id) => (id === 'assert' ? '\0assert' : null),
  load: (id) => (id === '\0assert' ? LATE_ASSERT : null),
};

/**
 * One character beyond Latin-1 doubles what V8 holds and reads of a file, one beyond ASCII slows its decoding. They stand in literals
 * only; a backslash before one would take its escape for itself.
 */
const plainAscii = {
  name: 'plain-ascii',
  renderChunk(code) {
    if (/\\[^\0-\x7f]/.test(code)) this.error('a backslash before a character beyond ASCII: write its escape instead');
    return code.replace(/[^\0-\x7f]/g, (other) => `\\u${other.charCodeAt(0).toString(16).padStart(4, '0')}`);
  },
};

export default {
  input: {
    cli: 'dist/src/cli.js',
    // Started by their names, see src/timeline/sibling-module.ts.
    'query-worker': 'dist/src/timeline/query-worker.js',
    'query-watchdog': 'dist/src/timeline/query-watchdog.js',
  },
  platform: 'node',
  // Native: it finds its binary beside itself.
  external: ['better-sqlite3'],
  plugins: [plainWidth, lateAssert, plainAscii],
  // yargs, for what we do not use: configuration files that extend others.
  checks: { emptyImportMeta: false },
  output: {
    dir: 'dist/bundle',
    format: 'cjs',
    strict: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    // A third of what reads and judges, for those who write or read a file: see LAZY of bin/load-bundle.js.
    codeSplitting: { groups: [{ name: 'kysely', test: /node_modules\/kysely\// }] },
    cleanDir: true,
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  },
};
