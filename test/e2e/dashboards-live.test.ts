/**
 * The dashboards over what the simulated city really sends: simulator → MQTT → broker → journal → InfluxDB.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/config.ts';
import { allDashboards } from '../../dashboards/grafana/catalogue.ts';
import { openSiaga, type Siaga } from '../../open-siaga.ts';
import { faultOf, isOfOtherGrain, queriesOf, resolveVariables } from '../support/grafana-variables.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Liveness is sampled once a minute, figures every 10 s, and a rate needs two of them. */
const FILLED_WITHIN_MS = 150_000;
/** What a city of a minute may not have: calls, units on one, alerts, refusals. dashboards.test.ts has them. */
const NOT_YET =
  /siaga_incident|siaga_alert|AS "busy"|siaga_influx_failures_total|siaga_mqtt_bound_hits_total/;

describe.skipIf(influxdMissing())('the dashboards over a simulated city', () => {
  const startedAt = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'siaga-dashboards-'));
  let influxd: Influxd;
  let siaga: Siaga;
  let sim: ReturnType<typeof spawn>;

  beforeAll(async () => {
    influxd = await startInfluxd();
    const environment = {
      SIAGA_DATA_DIR: folder,
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      MQTT_AUTH: 'false',
      API_AUTH: 'false',
      INFLUX_URL: influxd.url,
    };
    siaga = await openSiaga(parseConfig(environment), pino({ level: 'silent' }));
    const mqtt = String(siaga.addresses.mqtt[0]).replace('tcp://', 'mqtt://');
    sim = spawn(process.execPath, ['firmware-sim/cli.ts', 'city', '--url', mqtt], {
      cwd: ROOT,
      stdio: 'ignore',
    });
  });

  afterAll(async () => {
    if (sim.exitCode === null) {
      sim.kill('SIGTERM');
      await once(sim, 'exit');
    }
    await siaga[Symbol.asyncDispose]();
    await influxd[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'every query that rests on readings, liveness and figures returns data',
    async () => {
      const dashboards = allDashboards();
      const faults = async (): Promise<string[]> => {
        const range = { fromMs: startedAt, toMs: Date.now(), interval: '5s', everyPanel: true };
        const found: string[] = [];
        for (const dashboard of dashboards) {
          const situation = await resolveVariables(influxd.url, dashboard, 'semarang', range).catch(String);
          if (typeof situation === 'string') {
            found.push(situation);
            continue;
          }
          for (const query of queriesOf(dashboard, situation)) {
            const fault =
              NOT_YET.test(query.query) || isOfOtherGrain(query)
                ? undefined
                : await faultOf(influxd.url, query);
            if (fault) found.push(fault);
          }
        }
        return found;
      };
      await expect.poll(faults, { timeout: FILLED_WITHIN_MS, interval: 3_000 }).toEqual([]);
    },
    FILLED_WITHIN_MS + 10_000,
  );
});
