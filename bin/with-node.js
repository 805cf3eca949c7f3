// node bin/with-node.js SCRIPT [ARGUMENT..]: runs a script under a Node that is new enough for this project.
import { fileURLToPath } from 'node:url';
import { become, withNode } from './node-version.js';

withNode(fileURLToPath(import.meta.url), process.argv.slice(2), () => {
  become(process.execPath, process.argv.slice(2), process.env);
});
