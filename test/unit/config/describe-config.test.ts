import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeConfig } from '../../../config/describe-config.ts';
import { environmentSchema } from '../../../config/environment.ts';

test('docs/configuration.md says what environment.ts says; npm run docs writes it again', () => {
  expect(readFileSync(`${import.meta.dirname}/../../../docs/configuration.md`, 'utf8')).toBe(
    describeConfig(),
  );
});

test('every variable is in the document', () => {
  const missing = Object.keys(environmentSchema.shape).filter(
    (name) => !describeConfig().includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});
