/**
 * Two projects. `quick` is the loop of work, `npm run test:quick`: no servers, no browser, no program of any kind.
 * `long` is the rest: `test/e2e`, and files named `.long.test.ts`, which start a program or run for long. A test of
 * the tests keeps the border.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Each journal and each state database of a test is a thread that loads its modules: twice as fast from the cache.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/siaga-tests');

const LONG = ['test/e2e/**/*.test.ts', 'test/**/*.long.test.ts'];

export default defineConfig({
  test: {
    // Two cores are common on CI machines; files that start real servers wait for room rather than fail.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: LONG, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: LONG,
          globalSetup: 'test/support/say-duration.ts',
          testTimeout: 120_000,
          // These share two cores with the programs that they start. What fails once is tried once more, and reported.
          retry: process.env['CI'] === 'true' ? 1 : 0,
        },
      },
    ],
  },
});
