/** A journal that reaches its bytes under load is trimmed there and then, not at the next minute. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Load } from '../support/load-generator.ts';
import { createDataFolder, type DataFolder, startSiaga } from '../support/start-siaga.ts';

/**
 * 350 × 200 = 70,000 readings; 6 MB are some 50,000. History settles 20,000 at a time, and what it has yet to read
 * stays.
 */
const PUBLISHES = 350;
const READINGS_PER_PUBLISH = 200;
const firstMs = Date.now() - 5 * 86_400_000;

let folder: DataFolder;
beforeEach(async () => {
  folder = await createDataFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

it('trims a journal as soon as it reaches its bound', { timeout: 180_000 }, async () => {
  await using server = await startSiaga({
    dataDir: folder.path,
    environment: { JOURNAL_MAX_BYTES: '6000000' },
  });
  const load = new Load(
    ['garang-pudakpayung', 'kreo-cepoko'].map((id) => ({
      id,
      topic: `siaga/semarang/river-gauge/${id}/telemetry`,
      qos: 1,
      inFlight: 8,
      readingsPerPublish: READINGS_PER_PUBLISH,
      reading: (n) => ({ measuredAt: firstMs + n * 1_000, seq: n, levelM: 0.5 + (n % 50) / 100 }),
    })),
  );
  const enough = load.moreAcknowledged(PUBLISHES);
  await load.connect(server.mqttPort);
  await enough;
  await load.finish();
  // The job of the minute has not run yet: its first time is a minute after the start.
  await eventually(async () => {
    expect(await server.metric('siaga_journal_trimmed_total')).toBeGreaterThan(1_000);
  }, 50_000);
});
