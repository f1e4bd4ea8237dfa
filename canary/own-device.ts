/**
 * The canary as a device: its entry in the registry, and a credential that only this run knows.
 *
 * Called once at start, before the first round. Invariant: a device of the city is never taken for it.
 */
import { issueCredentials } from '../broker/credentials/credentials.ts';
import { writeDevices } from '../broker/credentials/device-list.ts';
import type { Database } from '../database/database.ts';
import { canary } from '../devices/kinds/canary.ts';
import type { LiveRegistry } from '../fleet/registry.ts';

export const CANARY_ID = 'siaga-canary';

/** Enters it where it is not there yet. Returns its secret. */
export async function enlistCanary(
  database: Database,
  registry: Pick<LiveRegistry, 'cityNow' | 'find' | 'reload'>,
  nowMs: number,
): Promise<string> {
  const known = registry.find(CANARY_ID);
  if (known && known.kind !== canary.name) {
    throw new Error(
      `${CANARY_ID} is a ${known.kind} of this city: give that one another id, or leave CANARY_EVERY_S out`,
    );
  }
  if (!known) {
    const entry = {
      id: CANARY_ID,
      kind: canary.name,
      name: 'Siaga canary',
      lat: null,
      lng: null,
      site: null,
    };
    await writeDevices(database, registry.cityNow, [entry], nowMs, 'siaga');
    await registry.reload();
  }
  const secrets = await issueCredentials(database, [CANARY_ID], nowMs);
  return secrets.get(CANARY_ID) as string;
}
