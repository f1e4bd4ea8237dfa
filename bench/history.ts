/**
 * `npm run bench -- history [--readings 400000] [--seconds 12] [--rounds 5]`: history in InfluxDB.
 *
 * Three tables: encoding of lines on one core; catching up after an outage against a plain script in the same
 * run; lag from the acknowledgement to being queryable at 5,000 readings/s. Needs `influxd`; without it only
 * the first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { influxdMissing, startInfluxd } from '../test/support/influxd.ts';
import { benchCatchUp } from './history/catch-up.ts';
import { benchEncoding } from './history/encoding.ts';
import { benchLag } from './history/lag.ts';

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      readings: { type: 'string', default: '400000' },
      seconds: { type: 'string', default: '12' },
      rounds: { type: 'string', default: '5' },
    },
  });
  console.table(benchEncoding());
  const missing = influxdMissing();
  if (missing) return;
  await using influxd = await startInfluxd();
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  try {
    console.table(await benchCatchUp(influxd, folder, Number(values.readings), Number(values.rounds)));
    console.table(await benchLag(influxd.url, folder, Number(values.seconds)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
