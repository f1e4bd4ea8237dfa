/** The contract suite over every format that is registered, and what the register itself must hold. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aliasesOf, matchesTopic, normaliseAlias } from '../../devices/formats/format.ts';
import { createFormats } from '../../devices/formats/index.ts';
import { createMapped } from '../../devices/formats/mapped.ts';
import { formatFolders } from '../support/format-case.ts';
import { describeFormat } from './format.suite.ts';

for (const name of formatFolders()) {
  describeFormat(() => {
    const mapped = createMapped();
    const format = createFormats(mapped).get(name);
    if (!format) throw new Error(`test/formats/${name} is a folder, and no format`);
    return { format, close: () => mapped[Symbol.asyncDispose]() };
  });
}

describe('the register of formats', () => {
  test('has one format for each folder of recorded messages', () => {
    expect([...createFormats(createMapped()).keys()].sort()).toEqual(formatFolders());
  });

  test('has a file for each', () => {
    const files = readdirSync(`${import.meta.dirname}/../../devices/formats`);
    for (const name of formatFolders()) expect(files).toContain(`${name}.ts`);
  });
});

describe('an alias', () => {
  test.each([
    ['A8:40:41:FF:FF:12:34:56', 'a84041ffff123456'],
    ['78-8A-20-00-11-22', '788a20001122'],
    [' Motor 7 ', 'motor 7'],
    ['node-1/gauge-7', 'node-1/gauge-7'],
  ])('%s is compared as %s', (alias, normal) => {
    expect(normaliseAlias(alias)).toBe(normal);
  });

  test('is one of a text or a whole number, once', () => {
    expect(aliasesOf('A', 'a', 7, null, undefined, {}, '', 1.5)).toEqual(['a', '7']);
  });
});

test.each([
  ['tele/+/LWT', 'tele/a/LWT', true],
  ['tele/+/+', 'tele/a', false],
  ['tele/+/+', 'tele/a/b/c', false],
  ['owntracks/#', 'owntracks/a/b/c', true],
  ['owntracks/#', 'owntracks', true],
  ['a/+', 'a/', true],
])('the filter %s and the topic %s match: %s', (filter, topic, isMatch) => {
  expect(matchesTopic(filter, topic)).toBe(isMatch);
});
