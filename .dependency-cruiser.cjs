// The pipeline runs one way: base -> model -> input -> formats -> events -> identity -> timeline -> replay -> rules
// -> legal -> report -> analysis.ts -> follow -> commands -> cli.ts. A folder imports only those before it.
// dependency-cruiser cannot read TypeScript 7, so the swc parser is named; test/layers.test.ts seeds a violation to prove
// that the check still sees imports.
const order = [
  'base',
  'model',
  'input',
  'formats',
  'events',
  'identity',
  'timeline',
  'replay',
  'rules',
  'legal',
  'report',
];

const layers = order.map((folder, index) => ({
  name: `layer-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import only ${order.slice(0, index).join(', ') || 'nothing of ours'}`,
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${order.slice(0, index + 1).join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'analysis',
      severity: 'error',
      from: { path: '^src/analysis\\.ts$' },
      to: { path: '^src/(follow/|commands/|cli\\.ts)' },
    },
    // Beside analysis.ts, which it composes once more for an input that grows.
    {
      name: 'follow',
      severity: 'error',
      from: { path: '^src/follow/' },
      to: { path: '^src/(commands/|cli\\.ts)' },
    },
    { name: 'commands', severity: 'error', from: { path: '^src/commands/' }, to: { path: '^src/cli\\.ts$' } },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-unknown', 'npm-no-pkg'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
