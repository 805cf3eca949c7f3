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
  plugins: [plainWidth],
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
