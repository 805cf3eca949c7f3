// node bin/with-node.js SCRIPT [ARGUMENT..]: runs a script under a Node that is new enough for this project.
const { become, withNode } = require('./node-version.js');

withNode(__filename, process.argv.slice(2), () => {
  become(process.execPath, process.argv.slice(2), process.env);
});
