/**
 * The step of our clock that open orders have yet to follow, on disk: `<SIAGA_DATA_DIR>/<city>.clock-step`, a line of
 * JSON, so that a restart while the database fails forgets none.
 *
 * Written by clock-follower.ts before it tries, removed once it is followed, read when assignments are loaded.
 * Invariants: written beside and renamed; where the disk fails too the step lives in memory alone, which is logged. It
 * is of this machine: another one that takes the city over knows nothing of it.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ClockStep } from './clock-steps.ts';

const stepSchema = z.object({ nowMs: z.number(), stepMs: z.number() });

export interface PendingStep {
  read(): Promise<ClockStep | undefined>;
  write(step: ClockStep): Promise<void>;
  clear(): Promise<void>;
}

/** None of it throws. */
export function createPendingStep(dataDir: string, city: string, log: Logger): PendingStep {
  const file = `${dataDir}/${city}.clock-step`;
  return {
    async read() {
      try {
        return stepSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOENT')
          log.warn(
            { err: error, file },
            'a step of the clock that was kept cannot be read; it is not followed',
          );
        return undefined;
      }
    },
    async write(step) {
      try {
        const handle = await open(`${file}.new`, 'w', 0o600);
        try {
          await handle.writeFile(JSON.stringify(step));
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(`${file}.new`, file);
      } catch (error) {
        log.warn({ err: error, file }, 'a step of the clock cannot be kept; a restart would forget it');
      }
    },
    async clear() {
      await rm(file, { force: true }).catch((error: unknown) => {
        log.warn({ err: error, file }, 'a step of the clock that was followed cannot be removed');
      });
    },
  };
}
