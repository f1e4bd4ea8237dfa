/**
 * Three projects. `quick` is the loop of work, `npm run test:quick`: no servers, no browser, no program of any kind.
 * `long` is the rest: `test/e2e`, and files named `.long.test.ts`, which start a program or run for long. `properties`
 * are those of the quick run again, with all their examples. A test of the tests keeps the border.
 */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Each journal and each state database of a test is a thread that loads its modules: twice as fast from the cache.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/siaga-tests');

const PROPERTIES = 'test/property/*.test.ts';
const LONG = ['test/e2e/**/*.test.ts', 'test/**/*.long.test.ts'];

/**
 * Folders of the quick run, some 100 MB: in memory where there is room. What a disk must keep is asked by the long
 * tests.
 */
const MIN_ROOM_BYTES = 2 * 1024 ** 3;

function chooseQuickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= MIN_ROOM_BYTES ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

export default defineConfig({
  test: {
    // What was transformed once is read back by the next run: the loop of work changes few files.
    experimental: { fsModuleCache: true },
    // Two cores are common on CI machines; files that start real servers wait for room rather than fail.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    setupFiles: 'test/support/property-seed.ts',
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: LONG,
          isolate: false,
          env: { TMPDIR: chooseQuickFolder() },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: LONG,
          env: { PROPERTY_RUNS: 'all' },
          globalSetup: 'test/support/say-duration.ts',
          testTimeout: 120_000,
          // These share two cores with the programs that they start. What fails once is tried once more, and reported.
          retry: process.env['CI'] === 'true' ? 1 : 0,
        },
      },
      {
        extends: true,
        test: {
          name: 'properties',
          include: [PROPERTIES],
          exclude: LONG,
          // The quick run tries a quarter of their examples. What fails is a counterexample: no second try.
          env: { PROPERTY_RUNS: 'all' },
          testTimeout: 120_000,
        },
      },
    ],
  },
});
