/**
 * What a device speaks and which names it goes by, and gateways: written to the state database.
 *
 * Used by the command line and the API; the running server notices within two seconds. Invariant: an alias is one
 * device's; it is taken from another only after that one has given it up.
 */
import type { Database } from '../../database/database.ts';
import { type FormatOptions, normaliseAlias } from '../../devices/formats/format.ts';

export interface SpokenFormat {
  readonly format?: string | undefined;
  readonly gateway?: string | undefined;
  readonly options?: FormatOptions | undefined;
  /** Whatever it says is simulated. */
  readonly simulated?: boolean | undefined;
}

/** The alias that is another device's already, or undefined. */
export async function findTaken(
  database: Database,
  device: string,
  aliases: readonly string[],
): Promise<{ alias: string; device: string } | undefined> {
  if (aliases.length === 0) return undefined;
  return database
    .selectFrom('device_aliases')
    .select(['alias', 'device'])
    .where('alias', 'in', aliases.map(normaliseAlias))
    .where('device', '!=', device)
    .executeTakeFirst();
}

export async function addAliases(
  database: Database,
  device: string,
  aliases: readonly string[],
  now: number,
): Promise<void> {
  for (const alias of aliases.map(normaliseAlias)) {
    await database
      .insertInto('device_aliases')
      .values({ alias, device, added_at: now })
      .onConflict((conflict) => conflict.column('alias').doUpdateSet({ device, added_at: now }))
      .execute();
  }
}

/** What is not given stays as it is. */
export async function writeDeviceFormat(
  database: Database,
  device: string,
  { format, gateway, options, simulated }: SpokenFormat,
  now: number,
): Promise<void> {
  const given = {
    ...(format === undefined ? {} : { format }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(options === undefined ? {} : { options: JSON.stringify(options) }),
    ...(simulated === undefined ? {} : { simulated: simulated ? 1 : 0 }),
    changed_at: now,
  };
  await database
    .insertInto('device_formats')
    .values({ device, format: null, gateway: null, options: null, simulated: null, ...given })
    .onConflict((conflict) => conflict.column('device').doUpdateSet(given))
    .execute();
}

export async function writeGateway(
  database: Database,
  id: string,
  format: string,
  options: FormatOptions | undefined,
  now: number,
): Promise<void> {
  const row = { format, options: options === undefined ? null : JSON.stringify(options), changed_at: now };
  await database
    .insertInto('gateways')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/**
 * Gives a name that waits to a device, with the gateway that brought it and its format. Returns that gateway, or
 * undefined where the name did not wait: then it is an alias all the same.
 */
export async function claimAlias(
  database: Database,
  alias: string,
  device: string,
  now: number,
): Promise<string | undefined> {
  const normal = normaliseAlias(alias);
  const waiting = await database
    .selectFrom('waiting_aliases')
    .select(['gateway', 'format'])
    .where('alias', '=', normal)
    .orderBy('last_at', 'desc')
    .executeTakeFirst();
  await addAliases(database, device, [normal], now);
  if (waiting) await writeDeviceFormat(database, device, waiting, now);
  return waiting?.gateway;
}
