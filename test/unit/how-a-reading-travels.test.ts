/**
 * The list of files in docs/how-a-reading-travels.md is true: they are there, few, and each is named by another of
 * its way.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const MOST_FILES = 20;
const [, ...ways] = readFileSync(join(ROOT, 'docs/how-a-reading-travels.md'), 'utf8').split(/^## /m);

describe.each(ways.map((way) => [way.split('\n')[0] as string, way] as const))('%s', (_title, way) => {
  const files = [...way.matchAll(/^\d+\. `([^`]+)`/gm)].map((match) => match[1] as string);

  test('has at most twenty files, all of them there', () => {
    expect(files.length).toBeGreaterThan(5);
    expect(files.length).toBeLessThanOrEqual(MOST_FILES);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('names each file in another file of the project that stands on the way or opens it', () => {
    const openers = [
      'open-siaga.ts',
      'broker/broker.ts',
      'opening/open-stores.ts',
      'opening/open-followers.ts',
      'opening/open-intake.ts',
      'opening/open-entrances.ts',
      'journal/sqlite/open-journal.ts',
      'alerts/open-alerts.ts',
      'alerts/rules/index.ts',
    ];
    const texts = [...files, ...openers].map(
      (file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const,
    );
    const lonely = files.filter(
      (file) => !texts.some(([other, text]) => other !== file && text.includes(`/${basename(file)}'`)),
    );
    expect(lonely).toEqual([]);
  });
});
