/**
 * Lag from the acknowledgement of a reading to its being queryable in InfluxDB.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBenchHouse, openBenchJournal } from './bench-house.ts';
import { readingAt } from './readings.ts';

const LAG_READINGS_PER_S = 5_000;

/** A probe every 100 ms among 5,000 readings/s; InfluxDB is asked every 25 ms for the newest probe. */
export async function benchLag(url: string, folder: string, seconds: number) {
  await using journal = await openBenchJournal(join(folder, 'lag.db'));
  await using house = await openBenchHouse(url, 'lag', folder, journal);
  house.drain();
  const acknowledgedAt: number[] = [];
  const visibleAt: number[] = [];
  const ticks = seconds * 10;
  const asking = (async () => {
    while (visibleAt.length < ticks) {
      const q = `SELECT last("levelM") FROM river_gauge WHERE device = 'probe'`;
      const answer = await fetch(`${url}/query?${new URLSearchParams({ db: 'lag', q })}`);
      const body = (await answer.json()) as { results: { series?: { values: [string, number][] }[] }[] };
      const newest = body.results[0]?.series?.[0]?.values[0]?.[1] ?? -1;
      while (visibleAt.length <= newest) visibleAt.push(performance.now());
      await delay(25);
    }
  })();
  const startedAt = performance.now();
  for (let tick = 0; tick < ticks; tick++) {
    const nowMs = Date.now();
    const readings = Array.from({ length: LAG_READINGS_PER_S / 10 - 1 }, (_, index) => {
      const reading = readingAt(index);
      return {
        ...reading,
        measuredAt: nowMs,
        receivedAt: nowMs,
        values: { ...reading.values, batteryPct: tick },
      };
    });
    const probe = {
      ...readingAt(0),
      device: 'probe',
      measuredAt: nowMs,
      receivedAt: nowMs,
      values: { levelM: tick },
    };
    void journal.append([...readings, probe], []).then(() => {
      acknowledgedAt[tick] = performance.now();
    });
    await delay(Math.max(0, startedAt + (tick + 1) * 100 - performance.now()));
  }
  await asking;
  const lags = visibleAt.slice(0, ticks).map((at, tick) => at - (acknowledgedAt[tick] ?? at));
  lags.sort((a, b) => a - b);
  const at = (share: number) => Math.round(lags[Math.floor(share * (lags.length - 1))] as number);
  return [
    {
      'PUBACK to queryable': `${LAG_READINGS_PER_S}/s`,
      'p50 ms': at(0.5),
      'p99 ms': at(0.99),
      'max ms': at(1),
    },
  ];
}
