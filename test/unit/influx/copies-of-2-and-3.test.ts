/**
 * The copy in InfluxDB 2.9.1 and 3 Core, played by their recorded answers: what each refuses, loses and hides.
 */
import { describe, expect, it } from 'vitest';
import { FAILED_QUALITY, type Reading } from '../../../devices/reading.ts';
import { type InfluxHouse, openInfluxHouse, stageReading } from '../../support/influx-house.ts';
import { createMemoryJournal } from '../../support/memory-journal.ts';
import { type PlayedInflux, playInflux } from '../../support/played-influx.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 0, 15, 2, 30);
const PATIENT = { timeout: 60_000 };
const TOKEN = 'secret-token';
const GENERATIONS = [2, 3] as const;

/** `count` gauges at one instant. */
const gauges = (count: number, measuredAt = NOW): Reading[] =>
  Array.from({ length: count }, (_, index) =>
    stageReading(`gauge-${index}`, measuredAt, { levelM: index / 4 }),
  );
const accessPoint = (measuredAt = NOW): Reading => ({
  ...stageReading('ap-1', measuredAt, { clients: 3 }),
  kind: 'wifi-access-point',
});

interface Ground extends AsyncDisposable {
  readonly influx: PlayedInflux;
  readonly house: InfluxHouse;
  readonly clock: { ms: number };
  /** As a restart of Siaga over the same journal and state. */
  restart(): Promise<InfluxHouse>;
}

async function open(
  generation: 2 | 3,
  options: Partial<Parameters<typeof playInflux>[0]> = {},
): Promise<Ground> {
  const influx = await playInflux({ generation, token: TOKEN, bucket: 'siaga', ...options });
  const clock = { ms: NOW };
  const config = { INFLUX_TOKEN: TOKEN, INFLUX_RETENTION_DAYS: 400 };
  const now = () => clock.ms;
  const journal = createMemoryJournal();
  const house = await openInfluxHouse(influx.url, { config, now, journal, hoursPollMs: 50 });
  const { database } = house;
  const others: InfluxHouse[] = [];
  return {
    influx,
    house,
    clock,
    async restart() {
      const next = await openInfluxHouse(influx.url, { config, now, journal, database });
      others.push(next);
      return next;
    },
    async [Symbol.asyncDispose]() {
      for (const each of others) await each[Symbol.asyncDispose]();
      await house[Symbol.asyncDispose]();
      await influx[Symbol.asyncDispose]();
    },
  };
}

describe.each(GENERATIONS)('a copy in InfluxDB %i', (generation) => {
  it('is complete, and what was written is found the way that Grafana asks', async () => {
    await using ground = await open(generation);
    const { house, influx } = ground;
    await house.journal.append([...gauges(40), accessPoint()], []);
    await house.copy.catchUp();
    expect([influx.count('river_gauge'), influx.count('wifi_access_point')]).toEqual([40, 1]);
    expect(house.copy.problems).toEqual([]);
    expect(influx.values('siaga_cursor', 'position')).toEqual([41]);
  });

  it('has the hours of what stands there, also of what came late, and asks no more than a day at once', async () => {
    await using ground = await open(generation);
    const { house, influx, clock } = ground;
    const hourMs = Math.floor(NOW / (60 * MINUTE_MS)) * 60 * MINUTE_MS;
    clock.ms = hourMs + 90 * MINUTE_MS;
    const at = (minute: number, levelM: number, quality = 0) =>
      stageReading('g', hourMs + minute * MINUTE_MS, { levelM, rainMm: 0.5 }, quality);
    await house.journal.append([at(1, 2), at(2, 3), at(3, 99, FAILED_QUALITY)], []);
    await house.copy.catchUp();
    await house.copy.writeHours();
    const figures = () =>
      ['levelM', 'rainMm', 'samples'].map((field) => influx.values('river_gauge_1h', field));
    expect(figures()).toEqual([[3], [1], [2]]);
    await house.journal.append([at(4, 5)], []);
    await house.copy.catchUp();
    clock.ms += 2 * MINUTE_MS;
    await house.copy.writeHours();
    expect(figures()).toEqual([[5], [1.5], [3]]);
    influx.drop('river_gauge_1h');
    const restarted = await ground.restart();
    await restarted.copy.catchUp();
    await restarted.copy.writeHours();
    expect(figures()).toEqual([[5], [1.5], [3]]);
  });

  it('is degraded, and no more, where its hours cannot be asked', async () => {
    await using ground = await open(generation);
    const { house, influx, clock } = ground;
    await house.journal.append(gauges(4), []);
    house.start();
    await expect.poll(() => influx.count('river_gauge'), PATIENT).toBe(4);
    influx.fault = (line, body) =>
      line.startsWith('POST /query') && body.includes('1h')
        ? { status: 500, text: 'too many hours' }
        : undefined;
    clock.ms += 120 * MINUTE_MS;
    await expect
      .poll(() => house.copy.problems.join(), PATIENT)
      .toMatch(/hourly measurements wait: .*too many/);
    await house.journal.append(gauges(4, NOW + MINUTE_MS), []);
    await expect.poll(() => influx.count('river_gauge'), PATIENT).toBe(8);
    influx.fault = undefined;
    await expect.poll(() => influx.count('river_gauge_1h'), PATIENT).toBeGreaterThan(0);
    await expect.poll(() => house.copy.problems, PATIENT).toEqual([]);
  }, 240_000);

  it('holds all that follows while a foreign line spoils a field, and has all of it once that is gone', async () => {
    await using ground = await open(generation);
    const { house, influx, clock } = ground;
    await house.copy.catchUp();
    influx.write(`river_gauge,city=other,device=x levelM=1i ${NOW}`);
    await house.journal.append([...gauges(40), accessPoint()], []);
    for (let tries = 0; tries < 3; tries++) {
      await expect(house.copy.catchUp()).rejects.toThrow(/river_gauge that are right; .*DROP MEASUREMENT/);
    }
    expect(house.copy.waitingEntries).toBe(41);
    // Other kinds have arrived.
    expect(influx.count('wifi_access_point')).toBe(1);
    clock.ms += MINUTE_MS;
    await house.journal.append(gauges(40, NOW + MINUTE_MS), []);
    if (generation === 3) influx.wipe();
    else influx.drop('river_gauge');
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(80);
    expect(influx.count('wifi_access_point')).toBe(1);
  });

  it('says of a wrong token which variable holds it, and never the token', async () => {
    await using influx = await playInflux({ generation, token: 'another', bucket: 'siaga' });
    await using house = await openInfluxHouse(influx.url, { config: { INFLUX_TOKEN: TOKEN } });
    const error: Error = await house.copy.catchUp().then(
      () => new Error('it went well'),
      (thrown) => thrown as Error,
    );
    expect(error.message).toMatch(/INFLUX_TOKEN is missing or not accepted/);
    expect(error.message).not.toContain(TOKEN);
  });

  it('holds where its disk is full, and goes on when there is room', async () => {
    await using ground = await open(generation);
    const { house, influx } = ground;
    await house.copy.catchUp();
    const words =
      generation === 2
        ? 'unexpected error writing points to database: write /d/1.tsm: no space left on device'
        : 'write buffer error: error from wal: No space left on device (os error 28)';
    const code = generation === 2 ? 'internal error' : 'invalid';
    influx.fault = (line) =>
      line.includes('write')
        ? { status: generation === 2 ? 500 : 400, json: { code, message: words } }
        : undefined;
    await house.journal.append(gauges(10), []);
    await expect(house.copy.catchUp()).rejects.toThrow(/its disk is full: make room there/);
    influx.fault = undefined;
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(10);
  });

  it('writes all of it again to a server that was wiped, within a minute, while no reading comes', async () => {
    await using ground = await open(generation);
    const { house, influx } = ground;
    await house.journal.append(gauges(40), []);
    await house.copy.catchUp();
    influx.wipe();
    await house.copy.checkMark();
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(40);
  });

  it('finds that its bucket was removed while readings flow, though newer marks hide it, also after a restart', async () => {
    await using ground = await open(generation);
    const { house, influx, clock } = ground;
    const flow = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        clock.ms += MINUTE_MS;
        await house.journal.append(gauges(5, clock.ms), []);
        await house.copy.catchUp();
      }
    };
    await flow(3);
    await house.copy.checkMark();
    await flow(3);
    influx.wipe();
    // 3 Core makes the database anew with the next line; in 2 somebody makes the bucket again.
    if (generation === 2) await fetch(`${influx.url}/api/v2/buckets`, madeAgain());
    await flow(3);
    expect(influx.count('river_gauge')).toBe(15);
    const restarted = await ground.restart();
    await restarted.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(45);
    // Found once: nothing is written a third time.
    await restarted.copy.checkMark();
    const seen = influx.seen.length;
    await restarted.copy.catchUp();
    expect(influx.seen.slice(seen).filter((line) => line.includes('write'))).toHaveLength(0);
  });

  it('goes on after a pause of days, without a question that the server refuses, and writes nothing twice', async () => {
    await using ground = await open(generation);
    const { house, clock } = ground;
    await house.journal.append(gauges(40), []);
    await house.copy.catchUp();
    await house.copy.checkMark();
    clock.ms += 5 * DAY_MS;
    await house.journal.append(gauges(40, clock.ms), []);
    const restarted = await ground.restart();
    await restarted.copy.catchUp();
    expect(restarted.copy.problems).toEqual([]);
    const written = await restarted.metrics.getSingleMetric('siaga_influx_lines_total')?.get();
    expect(written?.values.find(({ labels }) => labels['outcome'] === 'written')?.value).toBe(40);
  });
});

function madeAgain(): RequestInit {
  const headers = { authorization: `Token ${TOKEN}` };
  return { method: 'POST', headers, body: JSON.stringify({ name: 'siaga' }) };
}

describe('InfluxDB 2.9.1', () => {
  it('whose mapping leads to another bucket gets all of it, and the sentence says what to remove', async () => {
    await using ground = await open(2, { mappedTo: 'elsewhere' });
    const { house, influx } = ground;
    await house.journal.append(gauges(40), []);
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(40);
    expect(house.copy.problems.join()).toMatch(
      /not found by \/query\?db=siaga.*influx v1 dbrp delete --id m1/,
    );
    // Nothing speaks for a loss: no second time.
    await house.journal.append(gauges(1, NOW + 1), []);
    await house.copy.catchUp();
    const written = await house.metrics.getSingleMetric('siaga_influx_lines_total')?.get();
    expect(written?.values.find(({ labels }) => labels['outcome'] === 'written')?.value).toBe(41);
  });

  it('whose token may write and not read is a matter of the token, and the copy goes on', async () => {
    await using ground = await open(2);
    const { house, influx } = ground;
    influx.fault = (line) =>
      line.includes('/query')
        ? { status: 401, json: { code: 'unauthorized', message: 'unauthorized access' } }
        : undefined;
    await house.journal.append(gauges(40), []);
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(40);
    expect(house.copy.problems.join()).toMatch(/not found.*unauthorized access.*INFLUX_TOKEN/);
  });

  it.each([
    [404, { code: 'not found', message: 'bucket "siaga" not found' }],
    [404, { code: 'not found', message: 'organization name "siaga" not found' }],
    [403, { code: 'forbidden', message: 'insufficient permissions for write' }],
  ])("passes the server's own words on (%i %o)", async (status, json) => {
    await using ground = await open(2);
    const { house, influx } = ground;
    influx.fault = (line) => (line.includes('/api/v2/write') ? { status, json } : undefined);
    await expect(house.copy.catchUp()).rejects.toThrow(json.message);
  });

  it('takes the good lines of a batch with a bad one, which is found and set aside', async () => {
    await using ground = await open(2);
    const { house, influx } = ground;
    influx.write(`river_gauge,city=other,device=x rainMm="wet" ${NOW}`);
    const readings = gauges(500);
    readings[123] = stageReading('gauge-poison', NOW, { levelM: 7, rainMm: 1 });
    await house.journal.append(readings, []);
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(500);
  });
});

describe('InfluxDB 3 Core', () => {
  it('that holds five databases already has nothing set aside, and the sentence says so', async () => {
    await using ground = await open(3, { bucket: 'other' });
    const { house, influx } = ground;
    const message = 'Adding a new database would exceed limit of 5 databases';
    influx.fault = (line) =>
      line.includes('configure') || line.includes('write')
        ? {
            status: 400,
            json: { code: 'invalid', message: `write buffer error: catalog update error: ${message}` },
          }
        : undefined;
    await house.journal.append(gauges(40), []);
    await expect(house.copy.catchUp()).rejects.toThrow(
      /remove one, or set INFLUX_BUCKET.*limit of 5 databases/,
    );
    influx.fault = undefined;
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(40);
  });

  it('names its bad lines in one answer, so that one in five hundred costs one request', async () => {
    await using ground = await open(3);
    const { house, influx } = ground;
    influx.write(`river_gauge,city=other,device=x rainMm="wet" ${NOW}`);
    const readings = gauges(500);
    readings[123] = stageReading('gauge-poison', NOW, { levelM: 7, rainMm: 1 });
    await house.journal.append(readings, []);
    await house.copy.catchUp();
    // The foreign line, and all but the bad one.
    expect(influx.count('river_gauge')).toBe(500);
    const writes = influx.seen.filter((line) => line.includes('write_lp'));
    // Two marks and the batch.
    expect(writes).toHaveLength(3);
    expect(writes[0]).not.toContain('no_sync');
  });
});
