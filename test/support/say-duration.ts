/**
 * Says at the start of a whole run how long it will take: as long as the last one here did.
 *
 * A global setup of the long tests. Invariant: only a run of every file is measured; part of one says nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/siaga-tests');
const FILE = join(FOLDER, 'last-duration-s');

/** `vitest run`, and how it reports; any other word leaves something out. */
const isWhole = process.argv.slice(2).every((word) => /^(?:run|--reporter=.*|--outputFile.*)$/.test(word));

export default function sayDuration(): (() => void) | undefined {
  if (!isWhole) return undefined;
  const last = readLast();
  console.log(
    last === undefined
      ? 'All tests: not measured here yet; npm run test:quick leaves out what takes long.'
      : `All tests: the last run here took ${Math.ceil(last / 60)} min; npm run test:quick leaves out what takes long.`,
  );
  const startedMs = performance.now();
  return () => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(FILE, String(Math.round((performance.now() - startedMs) / 1000)));
  };
}

function readLast(): number | undefined {
  try {
    return Number(readFileSync(FILE, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
