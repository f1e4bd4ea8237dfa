import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

test('what a phone loads is type-checked against the browser, apart from the server', () => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const folder = join(ROOT, 'pages/browser');
  const { stdout, status } = spawnSync(tsc, ['--noEmit', '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
