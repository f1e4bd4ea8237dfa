/** `/metrics`, and the rules in ops/, as Prometheus' own tool judges them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDataFolder, startSiaga } from '../support/start-siaga.ts';

/** Undefined when it is here, else why this is skipped. Throws when CI=true. */
function promtoolMissing(): string | undefined {
  if (spawnSync('promtool', ['--version']).error === undefined) return undefined;
  const reason = 'no promtool here: install it (Debian: apt-get install prometheus) to run this test';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

test.skipIf(promtoolMissing())('passes promtool check metrics, after some calls', async () => {
  await using folder = await createDataFolder();
  await using server = await startSiaga({ dataDir: folder.path });
  for (const path of ['/v1/devices', '/v1/devices/nothing', '/v1/city', '/v1/incidents', '/v1/cap'])
    await (await fetch(server.httpUrl + path)).arrayBuffer();
  const input = await (await fetch(`${server.httpUrl}/metrics`)).text();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  expect(stdout + stderr).toBe('');
  expect(status).toBe(0);
});

test.skipIf(promtoolMissing())('finds no fault with the rules and the scrape in ops/prometheus', () => {
  const folder = join(import.meta.dirname, '../../ops/prometheus');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', 'siaga-rules.yml'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});
