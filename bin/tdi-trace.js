#!/usr/bin/env node
// Looks at the Node version before anything native is loaded, then hands over to the compiled program.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withNode } from './node-version.js';

/** The program in few files, unless it was compiled again since (tsc alone writes no bundle); null where there is neither. */
function findEntry() {
  const compiled = new URL('../dist/src/cli.js', import.meta.url);
  const bundled = new URL('../dist/bundle/cli.js', import.meta.url);
  if (!existsSync(bundled)) return existsSync(compiled) ? compiled : null;
  const isStale = existsSync(compiled) && statSync(compiled).mtimeMs > statSync(bundled).mtimeMs;
  return isStale ? compiled : bundled;
}

/**
 * What V8 made of the program is kept beside it, until the next build clears the bundle: a start takes a quarter less. Who
 * can write there could change the program as well, which is not so of a directory under /tmp. Where this user cannot write,
 * nothing is kept.
 */
function keepCompiled(entry) {
  if (typeof nodeModule.enableCompileCache !== 'function' || process.env['NODE_COMPILE_CACHE'] !== undefined) return;
  const folder = dirname(fileURLToPath(entry));
  try {
    accessSync(folder, constants.W_OK);
    nodeModule.enableCompileCache(join(folder, 'compile-cache'));
  } catch {
    // A start without it is only slower.
  }
}

withNode(fileURLToPath(import.meta.url), process.argv.slice(2), () => {
  const entry = findEntry();
  if (entry === null) {
    process.stderr.write("tdi-trace: this checkout is not built yet: run 'npm run build'\n");
    process.exitCode = 2;
    return;
  }
  if (entry.pathname.endsWith('/bundle/cli.js')) keepCompiled(entry);
  import(entry.href)
    .then((cli) => cli.main())
    .catch((error) => {
      // Node's own answer would be exit code 1, which here means findings.
      process.stderr.write(`tdi-trace: internal error, cannot start (is 'npm ci' done?): ${error.stack}\n`);
      process.exitCode = 70;
    });
});
