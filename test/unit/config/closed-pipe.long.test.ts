/** Command lines whose reader ends before them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

test.each([
  ['cities/cli.ts'],
  ['ops/backup-cli.ts'],
  ['ops/restore-cli.ts'],
  ['api/tokens-cli.ts'],
  ['api/accounts/people-cli.ts'],
  ['broker/credentials/cli.ts'],
  ['influx/cli.ts'],
  ['influx/import/cli.ts'],
  ['ops/doctor-cli.ts'],
  ['dispatch/roads/cli.ts'],
])('%s does its work and is silent where nobody reads what it says', async (file) => {
  const line = `set -o pipefail; "${process.execPath}" "${join(ROOT, file)}" --help | true`;
  const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
    execFile('bash', ['-c', line], (error, _out, err) => resolve({ code: error?.code ?? 0, err }));
  });
  expect([code, err]).toEqual([0, '']);
});
