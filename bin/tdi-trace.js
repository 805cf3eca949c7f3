#!/usr/bin/env node
// Looks at the Node version before anything native is loaded, then hands over to the compiled program.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withNode } from './node-version.js';

withNode(fileURLToPath(import.meta.url), process.argv.slice(2), () => {
  const entry = new URL('../dist/src/cli.js', import.meta.url);
  if (!existsSync(entry)) {
    process.stderr.write("tdi-trace: this checkout is not built yet: run 'npm run build'\n");
    process.exitCode = 2;
    return;
  }
  import(entry.href)
    .then((cli) => cli.main())
    .catch((error) => {
      // Node's own answer would be exit code 1, which here means findings.
      process.stderr.write(`tdi-trace: internal error, cannot start (is 'npm ci' done?): ${error.stack}\n`);
      process.exitCode = 70;
    });
});
