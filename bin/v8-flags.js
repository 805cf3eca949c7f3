// Flags of V8 that are changed while it runs.

/** What each flag has now, and what it has at every start. */
const changed = new Map();

/** @param {string} flag `--name`; `usual` what V8 has without us. */
function changeFlag(flag, value, usual) {
  changed.set(flag, { value, usual });
  set(flag, value);
}

function set(flag, value) {
  require('node:v8').setFlagsFromString(`${flag}=${value}`);
}

/** Code that V8 keeps is good only under the flags that it was made with: it is made, and taken, under those of every start. */
function withUsualFlags(work) {
  for (const [flag, { usual }] of changed) set(flag, usual);
  try {
    return work();
  } finally {
    for (const [flag, { value }] of changed) set(flag, value);
  }
}

module.exports = { changeFlag, withUsualFlags };
