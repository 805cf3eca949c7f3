/**
 * Options of Stryker for one stage.
 *
 * @param {string} stage its name, which the reports have, too.
 * @param {readonly string[]} mutate files or globs.
 */
export function strykerOptions(stage, mutate) {
  return {
    mutate: [...mutate],
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    // All tests that the configuration names: what a test imports does not tell which tables it checks.
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    // Most of the model is tables, built when a file is loaded: without static mutants it would go untested.
    ignoreStatic: false,
    concurrency: Number(process.env['MUTATION_CONCURRENCY'] ?? 1),
    // Stryker rewrites tsconfig.json with the compiler's old API, which TypeScript 7 does not have. The tests do not need it.
    tsconfigFile: 'none.json',
    ignorePatterns: ['dist', 'reports'],
    tempDirName: '.tmp/stryker',
    // What was killed and has not changed is not run again.
    incremental: true,
    incrementalFile: `reports/mutation/${stage}.incremental.json`,
    reporters: ['progress-append-only', 'json', 'html'],
    jsonReporter: { fileName: `reports/mutation/${stage}.json` },
    htmlReporter: { fileName: `reports/mutation/${stage}.html` },
    allowConsoleColors: false,
    warnings: { slow: false },
  };
}
