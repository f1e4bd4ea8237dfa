/** The documents name only what is there: their links, and the paths and commands of the project in them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FOREIGN = new Set(['node_modules', 'data', '.git']);
const documents = globSync('**/*.md', { cwd: ROOT, exclude: (name) => FOREIGN.has(name) }).sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

describe.each(documents)('%s', (document) => {
  test('links only to files that are there', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1] as string,
    );
    const dead = links.filter((link) => !existsSync(join(ROOT, dirname(document), link)));
    expect(dead).toEqual([]);
  });

  test('names only npm scripts that are there', () => {
    const named = [...read(document).matchAll(/npm run (?:--silent )?([a-z-]+)/g)].map(
      (match) => match[1] as string,
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test('every npm script runs a file that is there', () => {
  const files = Object.values(scripts).flatMap((script) =>
    [...script.matchAll(/node ([\w/.-]+\.ts)/g)].map((match) => match[1] as string),
  );
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('decisions are numbered without a gap, and their first line says the number', () => {
  const decisions = documents.filter((file) => /^docs\/decisions\/\d{4}-/.test(file));
  const numbers = decisions.map((file) => file.slice(15, 19));
  expect(numbers).toEqual(decisions.map((_, index) => String(index + 1).padStart(4, '0')));
  for (const [index, file] of decisions.entries())
    expect(read(file)).toMatch(new RegExp(`^# ${numbers[index]} `));
});
