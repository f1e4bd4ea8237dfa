/** The quick run stays quick: none of its files starts a program, by itself or by what it imports from the tests. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const files = globSync('test/**/*.test.ts', { cwd: ROOT }).sort();
const isLong = (file: string) => file.startsWith('test/e2e/') || file.endsWith('.long.test.ts');

/** The file and all of test/ that it imports. */
function reachableFrom(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(ROOT, file), 'utf8');
  for (const [, path = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
    const imported = normalize(join(dirname(file), path));
    if (imported.startsWith('test/')) reachableFrom(imported, seen);
  }
  return seen;
}

/** What runs other programs: a child process, a browser, the whole of Siaga. */
const STARTS = /from '(?:node:child_process|playwright-core|(?:\.\.\/)+open-siaga\.ts)'/;

function findStarter(file: string): string | undefined {
  return [...reachableFrom(file)].find((each) => STARTS.test(readFileSync(join(ROOT, each), 'utf8')));
}

describe('the quick run', () => {
  const starters = new Map(files.map((file) => [file, findStarter(file)]));

  test('is most of the tests', () => {
    expect(files.filter((file) => !isLong(file)).length).toBeGreaterThan(90);
  });

  test('starts no program: a file that does stands in test/e2e or is named .long.test.ts', () => {
    const wrong = files
      .filter((file) => !isLong(file) && starters.get(file))
      .map((file) => `${file} starts a program through ${starters.get(file)}`);
    expect(wrong).toEqual([]);
  });

  test('sees what the long ones start', () => {
    const starting = files.filter((file) => isLong(file) && starters.get(file));
    expect(starting.length).toBeGreaterThan(20);
  });
});
