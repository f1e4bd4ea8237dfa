/** How far an import has come, in a file of the data folder. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportCommand } from './parse-import.ts';

/** Where a run stands, by what it reads. */
export class ImportPlace {
  readonly #file: string;

  constructor(
    folder: string,
    { from, db, measurements }: Pick<ImportCommand, 'from' | 'db' | 'measurements'>,
  ) {
    const what = JSON.stringify([from, db, [...measurements].sort()]);
    const name = createHash('sha256').update(what).digest('hex').slice(0, 12);
    this.#file = join(folder, `import-${name}.json`);
  }

  read(): number | undefined {
    if (!existsSync(this.#file)) return undefined;
    const { throughMs } = JSON.parse(readFileSync(this.#file, 'utf8')) as { throughMs: number };
    return throughMs;
  }

  write(throughMs: number): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify({ throughMs }), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
