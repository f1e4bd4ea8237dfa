/** The very first start, as a supervisor or Docker sees it: where the first administrator's token goes. */
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, startSiaga } from '../support/start-siaga.ts';

test("the first administrator's token is in a file for its own user, and in no log", {
  timeout: 120_000,
}, async () => {
  await using folder = await createDataFolder();
  const file = `${folder.path}/first-admin-token`;
  // Left from a state database that is gone, readable for all.
  await writeFile(file, 'old', { mode: 0o644 });
  await using server = await startSiaga({ dataDir: folder.path, environment: { API_AUTH: 'true' } });
  await eventually(() => expect(server.logged.map((line) => line['file'])).toContain(file));
  const token = readFileSync(file, 'utf8').trim();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const headers = { authorization: `Bearer ${token}`, connection: 'close' };
  expect((await fetch(`${server.httpUrl}/v1/tokens`, { headers })).status).toBe(200);
  const { stdout, stderr } = await server.stop();
  expect(stdout).not.toContain(token);
  expect(stderr).toBe('');
});
