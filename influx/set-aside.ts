/**
 * Lines that InfluxDB will not take, one at a time, with its reason: the last resort of the writer.
 *
 * Kept as JSON lines in the data folder, where an engineer finds them; the readings themselves stay in the
 * journal. Bound: two files of `maxBytes`; when the first is full it takes the place of the second, and the
 * oldest are gone. Invariant: `keep` resolves after the line is in the file.
 */
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface SetAsideLine {
  /** Epoch ms. */
  readonly at: number;
  /** The server's own words. */
  readonly reason: string;
  readonly line: string;
}

export interface SetAside {
  keep(line: SetAsideLine): Promise<void>;
}

/** Some 25,000 lines a file. */
const MAX_BYTES = 8 * 1024 * 1024;

export function createSetAside(file: string, maxBytes = MAX_BYTES): SetAside {
  return {
    async keep(line) {
      await mkdir(dirname(file), { recursive: true });
      const text = `${JSON.stringify(line)}\n`;
      const bytes = await sizeOf(file);
      if (bytes > 0 && bytes + Buffer.byteLength(text) > maxBytes) await rename(file, `${file}.1`);
      await appendFile(file, text);
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
