/** The registry beside a command line that adds devices: what it reads again, and what it leaves alone. */
import { expect, test } from 'vitest';
import { writeDevices } from '../../../broker/credentials/device-list.ts';
import { openDatabase } from '../../../database/database.ts';
import { openRegistry } from '../../../fleet/registry.ts';
import { smallCity } from '../../support/small-city.ts';

const NOW = Date.UTC(2026, 0, 1);
const gauge = (id: string, name: string) => ({
  id,
  kind: 'river-gauge',
  name,
  lat: null,
  lng: null,
  site: null,
});

test('is read again where a device was added or changed, whatever the clock says, and else not', async () => {
  const database = await openDatabase({ SIAGA_DATA_DIR: '.', DATABASE_URL: undefined }, ':memory:');
  try {
    const registry = await openRegistry(smallCity, database);
    await writeDevices(database, smallCity, [gauge('new-1', 'One'), gauge('new-2', 'Two')], NOW);
    await registry.reload();
    expect(registry.find('new-1')?.name).toBe('One');
    const known = registry.all();
    await registry.reload();
    expect(registry.all()).toBe(known);
    // The clock was set back between the two.
    await writeDevices(database, smallCity, [gauge('new-1', 'Renamed')], NOW - 60_000);
    await registry.reload();
    expect(registry.find('new-1')?.name).toBe('Renamed');
  } finally {
    await database.destroy();
  }
});
