/**
 * The book of configs: what each device was told to go by, who said so, when it was sent, and since when the device has
 * it. Rows of the state database, written by the API and by `npm run devices -- config` beside a running server.
 *
 * Invariants: a line is never changed but for when it was sent and confirmed; of one device the newest line alone is
 * open; so many lines of a device are kept.
 */
import type { Database } from '../database/database.ts';
import type { DeviceConfig } from '../devices/device-config.ts';

/** Lines of one device that are kept: the newest, with those before it for the audit. */
export const MAX_LINES = 50;

export interface ConfigLine {
  /** The revision, by which the device says that it has it. */
  readonly id: number;
  readonly device: string;
  readonly config: DeviceConfig;
  readonly setBy: string;
  /** Epoch ms. */
  readonly setAt: number;
  readonly sends: number;
  readonly sentAt?: number;
  readonly confirmedAt?: number;
}

/** Writes what a device shall go by, in the place of whatever it was told before. Resolves after the commit. */
export function writeConfig(
  database: Database,
  { device, config, actor, atMs }: { device: string; config: DeviceConfig; actor: string; atMs: number },
): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const { id } = await transaction
      .insertInto('device_configs')
      .values({ device, config: JSON.stringify(config), set_by: actor, set_at: atMs, sends: 0 })
      .returning('id')
      .executeTakeFirstOrThrow();
    const oldest = await transaction
      .selectFrom('device_configs')
      .select('id')
      .where('device', '=', device)
      .orderBy('id', 'desc')
      .offset(MAX_LINES)
      .limit(1)
      .executeTakeFirst();
    if (oldest) {
      const { id: last } = oldest;
      await transaction
        .deleteFrom('device_configs')
        .where('device', '=', device)
        .where('id', '<=', last)
        .execute();
    }
    return Number(id);
  });
}

/** Newest first. */
export async function readConfigs(
  database: Database,
  device: string,
  limit = MAX_LINES,
): Promise<ConfigLine[]> {
  const rows = await database
    .selectFrom('device_configs')
    .selectAll()
    .where('device', '=', device)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toLine);
}

/** The newest line of each device, where the device has not said that it has it. */
export async function readOpenConfigs(database: Database): Promise<ConfigLine[]> {
  const rows = await database
    .selectFrom('device_configs')
    .selectAll()
    .where('confirmed_at', 'is', null)
    .where('id', 'in', (select) =>
      select
        .selectFrom('device_configs')
        .select(({ fn }) => fn.max('id').as('id'))
        .groupBy('device'),
    )
    .execute();
  return rows.map(toLine);
}

export async function markSent(database: Database, id: number, atMs: number): Promise<void> {
  await database
    .updateTable('device_configs')
    .set((column) => ({ sent_at: atMs, sends: column('sends', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

export async function markConfirmed(database: Database, id: number, atMs: number): Promise<void> {
  await database
    .updateTable('device_configs')
    .set({ confirmed_at: atMs })
    .where('id', '=', id)
    .where('confirmed_at', 'is', null)
    .execute();
}

interface Row {
  readonly id: unknown;
  readonly device: string;
  readonly config: string;
  readonly set_by: string;
  readonly set_at: unknown;
  readonly sends: unknown;
  readonly sent_at: unknown;
  readonly confirmed_at: unknown;
}

function toLine({ id, device, config, set_by, set_at, sends, sent_at, confirmed_at }: Row): ConfigLine {
  return {
    id: Number(id),
    device,
    config: JSON.parse(config) as DeviceConfig,
    setBy: set_by,
    setAt: Number(set_at),
    sends: Number(sends),
    ...(sent_at === null ? {} : { sentAt: Number(sent_at) }),
    ...(confirmed_at === null ? {} : { confirmedAt: Number(confirmed_at) }),
  };
}
