// Has V8 wait with the last of its compilers. What TurboFan makes of some thousand functions pays after seconds; a run of half a second
// only shares its two or three cores with it: a dmesg of two million lines takes some 7 % longer, and a fifth more of the processor.
const { changeFlag } = require('./v8-flags.js');

const CALLS = '--invocation-count-for-turbofan';
/** Twice as many, and a trace of which every line is stored loses 2 %. */
const LATE = 25_000;
/** By the version of V8, what it really has without us, which --v8-options tells wrong: Node 24. Others may have no Maglev to run on (Node 22). */
const USUAL = { 13.6: 10_000 };

function compileLate() {
  const [, version = ''] = /^(\d+\.\d+)\./.exec(process.versions.v8) ?? [];
  const usual = USUAL[version];
  if (usual !== undefined) changeFlag(CALLS, LATE, usual);
}

module.exports = { compileLate };
