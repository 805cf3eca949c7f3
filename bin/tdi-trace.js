#!/usr/bin/env node
// Looks at the Node version before anything native is loaded, then hands over to the compiled program.
const { existsSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { withNode } = require('./node-version.js');

/**
 * The program in few files, unless it was compiled again since (tsc alone writes no bundle); null where there is neither. Only a
 * checkout is compiled: times of an installed package are those of its unpacking.
 */
function findEntry() {
  const compiled = join(__dirname, '../dist/src/cli.js');
  const bundled = join(__dirname, '../dist/bundle/cli.cjs');
  if (!existsSync(bundled)) return existsSync(compiled) ? compiled : null;
  const isCheckout = existsSync(join(__dirname, '../src/cli.ts'));
  const isStale = isCheckout && existsSync(compiled) && statSync(compiled).mtimeMs > statSync(bundled).mtimeMs;
  return isStale ? compiled : bundled;
}

/** The program's `main`. The bundle is loaded by ourselves, which takes half the time that Node's loader does. */
function load(entry) {
  if (!entry.endsWith('.cjs')) return import(require('node:url').pathToFileURL(entry).href);
  return Promise.resolve(entry).then(require('./load-bundle.js').loadBundle);
}

/** Node would wait for what V8 still compiles and marks beside us, 10 ms of a run; what is not written yet it has to wait for. */
function leave() {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
}

withNode(__filename, process.argv.slice(2), () => {
  const entry = findEntry();
  if (entry === null) {
    process.stderr.write("tdi-trace: this checkout is not built yet: run 'npm run build'\n");
    process.exitCode = 2;
    return;
  }
  load(entry)
    .then((cli) => {
      require('./young-space.js').limitYoungSpace();
      require('./late-compiler.js').compileLate();
      return cli.main();
    })
    .then(leave)
    .catch((error) => {
      // Node's own answer would be exit code 1, which here means findings.
      process.stderr.write(`tdi-trace: internal error, cannot start (is 'npm ci' done?): ${error.stack}\n`);
      process.exitCode = 70;
    });
});
