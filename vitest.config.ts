import { defineConfig } from 'vitest/config';

// Workers inherit these: dates and messages in expectations must not depend on where the tests run.
process.env['TZ'] = 'UTC';
process.env['LC_ALL'] = 'C';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    env: { TZ: 'UTC', LC_ALL: 'C' },
    // End-to-end tests start processes; two slow cores must be enough.
    testTimeout: 30_000,
  },
});
