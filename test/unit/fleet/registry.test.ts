/** The registry beside a command line that adds devices: what it reads again, and what it leaves alone. */
import { expect, test } from 'vitest';
import { writeDeviceFormat } from '../../../broker/credentials/device-formats.ts';
import { writeDevices } from '../../../broker/credentials/device-list.ts';
import { openRegistry } from '../../../fleet/registry.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
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
  const database = await openMemoryDatabase();
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

test('says of a device that it is simulated, once it is registered so, and until that is taken back', async () => {
  const database = await openMemoryDatabase();
  try {
    const registry = await openRegistry(smallCity, database);
    const said: (boolean | undefined)[] = [];
    for (const [turn, simulated] of [undefined, true, undefined, false].entries()) {
      await writeDeviceFormat(database, 'hulu', { format: 'value', simulated }, NOW + turn);
      await registry.reload();
      said.push(registry.find('hulu')?.simulated);
    }
    expect(said).toEqual([undefined, true, true, undefined]);
  } finally {
    await database.destroy();
  }
});
