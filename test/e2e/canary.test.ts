/** The canary on the real server: its readings arrive, their loss is said everywhere, and the end of it too. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, startSiaga } from '../support/start-siaga.ts';

const PATIENCE_MS = 60_000;
const CLI = join(import.meta.dirname, '../../broker/credentials/cli.ts');

interface OpenAlerts {
  readonly alerts: readonly { readonly rule: string; readonly text: { readonly en: string } }[];
}

test('a canary that arrives is measured; one that is lost is an alert, until it arrives again', {
  timeout: 4 * PATIENCE_MS,
}, async () => {
  await using folder = await createDataFolder();
  const dataDir = folder.path;
  const environment = { CANARY_EVERY_S: '1', API_AUTH: 'false', MQTT_AUTH: 'true' };
  {
    await using siaga = await startSiaga({ dataDir, environment });
    for (const step of ['puback', 'stream', 'alerts', 'history']) {
      await eventually(
        async () => expect(await siaga.metric('siaga_canary_seconds', { step })).toBeGreaterThan(0),
        PATIENCE_MS,
      );
    }
    expect(await siaga.metric('siaga_canary_arrived_timestamp_seconds')).toBeGreaterThan(1_700_000_000);
    const { last } = await siaga.get<{ last: { values: { beats: number } } }>('/v1/devices/siaga-canary');
    expect(last.values.beats).toBeGreaterThan(0);

    const revoked = spawnSync(process.execPath, [CLI, 'revoke', 'siaga-canary'], {
      env: { ...process.env, SIAGA_DATA_DIR: dataDir },
      encoding: 'utf8',
    });
    expect(revoked).toMatchObject({ status: 0 });
    await eventually(async () => {
      const { alerts } = await siaga.get<OpenAlerts>('/v1/alerts?state=open');
      const texts = alerts.filter(({ rule }) => rule === 'canary-lost').map(({ text }) => text.en);
      expect(texts).toEqual([expect.stringContaining('do not reach the journal')]);
    }, PATIENCE_MS);
    expect(await siaga.metric('siaga_canary_lost_total', { step: 'puback' })).toBeGreaterThanOrEqual(3);
    const ready = await siaga.get<{ problems: string[] }>('/readyz');
    expect(ready.problems).toEqual([expect.stringContaining("the canary's last")]);
  }
  await using again = await startSiaga({ dataDir, environment });
  await eventually(async () => {
    const { alerts } = await again.get<OpenAlerts>('/v1/alerts?state=open');
    expect(alerts.filter(({ rule }) => rule === 'canary-lost')).toEqual([]);
  }, PATIENCE_MS);
  expect(await again.metric('siaga_canary_lost_total')).toBe(0);
});
