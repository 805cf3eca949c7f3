import base from '../../vitest.config.ts';

// The tests that judge the mutants of one stage; see stages.js.
const include = JSON.parse(process.env['MUTATION_TESTS'] ?? '[]') as string[];

export default {
  ...base,
  root: new URL('../../', import.meta.url).pathname,
  test: { ...base.test, include, isolate: false },
};
