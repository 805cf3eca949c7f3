// Shared by the launchers. Runs on every Node that knows `node:` names (12.20), so no newer syntax here.
// CommonJS, as all of this folder (package.json): Node's loader of ES modules takes 8 ms of every start.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const NEEDED = '22.14';
const GUARD = 'TDI_TRACE_REEXECUTED';
const PINNED = ['../node_modules/node/bin/node', '../node_modules/.bin/node'];

/** better-sqlite3 13 crashes, rather than throws, where Node-API 10 is missing: Node < 22.14, and 23.0 to 23.5. */
function isNewEnough(versions) {
  const wanted = NEEDED.split('.').map(Number);
  const found = versions.node.split('.').map(Number);
  const version = found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1]);
  return version && Number(versions.napi) >= 10;
}

function pinnedNode() {
  for (const candidate of PINNED) {
    const path = join(__dirname, candidate);
    if (existsSync(path)) return path;
  }
  return null;
}

/** Runs `command` in our place: same streams, its exit code is ours, our signals are its. */
function become(command, args, env) {
  // Hardly ever needed: the other starts need not wait for it.
  const { spawn } = require('node:child_process');
  const child = spawn(command, args, { stdio: 'inherit', env: env });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const handlers = signals.map((signal) => () => child.kill(signal));
  signals.forEach((signal, i) => {
    process.on(signal, handlers[i]);
  });
  child.on('error', (error) => {
    process.stderr.write(`tdi-trace: cannot start ${command}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    signals.forEach((name, i) => {
      process.removeListener(name, handlers[i]);
    });
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

/**
 * Calls `start` if this Node is new enough. Otherwise runs the script again under the Node that the checkout pins, or says
 * in one line what is needed (exit code 2).
 */
function withNode(script, args, start) {
  if (isNewEnough(process.versions)) {
    start();
    return;
  }
  const pinned = process.env[GUARD] ? null : pinnedNode();
  if (pinned === null) {
    process.stderr.write(
      `tdi-trace: needs Node.js ${NEEDED} or newer, this is ${process.versions.node}: ` +
        "install a newer one, or run 'npm ci' in a checkout, which brings its own\n",
    );
    process.exitCode = 2;
    return;
  }
  const env = Object.assign({}, process.env);
  env[GUARD] = '1';
  become(pinned, [script].concat(args), env);
}

module.exports = { become, withNode };
