/**
 * Accounts on both databases: a link is taken once by whoever is first, sessions outlast a restart, names are kept
 * apart.
 */
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listActs } from '../../api/accounts/acts.ts';
import { findInvitation, takeInvitation } from '../../api/accounts/invitations.ts';
import { invitePerson, listPeople, makeLink, removePerson } from '../../api/accounts/people-store.ts';
import { Sessions } from '../../api/accounts/sessions.ts';
import { createToken, revokeToken } from '../../api/tokens/token-store.ts';
import { type Database, openDatabase } from '../../database/database.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { createDataFolder, type DataFolder } from '../support/start-siaga.ts';

const NOW_MS = Date.UTC(2026, 0, 15);
const ADMIN = { actor: 'Ratna', nowMs: NOW_MS };
const SARI = { name: 'Sari', role: 'dispatcher', deviceIds: [] } as const;

let folder: DataFolder;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  folder = await createDataFolder();
  opened = new AsyncDisposableStack();
});
afterEach(async () => {
  await opened.disposeAsync();
  await folder[Symbol.asyncDispose]();
});

async function open(DATABASE_URL: string | undefined): Promise<Database> {
  const database = await openDatabase(
    { SIAGA_DATA_DIR: folder.path, DATABASE_URL },
    join(folder.path, 'state.db'),
  );
  opened.defer(() => database.destroy());
  return database;
}

const openSessions = (database: Database) =>
  new Sessions({
    database,
    metrics: new Metrics(),
    log: pino({ level: 'silent' }),
    now: () => NOW_MS,
    monotonicNow: () => 0,
    onEnded: () => undefined,
  });

describe.each(['SQLite', 'PostgreSQL'])('accounts on %s', (which) => {
  test.skipIf(which === 'PostgreSQL' && !hasPostgres)('are kept, taken once, and ended', async () => {
    const url = which === 'PostgreSQL' ? opened.use(await startPostgres()).url : undefined;
    const [database, other] = [await open(url), await open(url)];
    const sari = await invitePerson(database, SARI, ADMIN);
    await expect(invitePerson(database, { ...SARI, name: 'SARI' }, ADMIN)).rejects.toThrow(
      /person named Sari/,
    );
    const twin = { name: 'sari', role: 'desk', createdBy: 'Ratna', deviceIds: [] } as const;
    await expect(createToken(database, twin, NOW_MS)).rejects.toThrow(/person named Sari/);

    expect(await findInvitation(database, sari.secret, NOW_MS)).toMatchObject({
      personId: sari.id,
      name: 'Sari',
    });
    const houses = [openSessions(database), openSessions(other)];
    const wanted = {
      owner: { person: sari.id },
      name: 'Sari',
      role: 'dispatcher',
      agent: 'a phone',
    } as const;
    const begun = await Promise.all(
      houses.map((house) =>
        house.begin(wanted, (transaction) => takeInvitation(transaction, sari.secret, NOW_MS)),
      ),
    );
    const secrets = begun.flatMap((each) => each?.secret ?? []);
    expect(secrets).toHaveLength(1);
    expect(await findInvitation(other, sari.secret, NOW_MS)).toBe(undefined);

    const restarted = openSessions(other);
    expect(await restarted.find(secrets[0] as string)).toMatchObject({
      name: 'Sari',
      owner: { person: sari.id },
    });
    const again = await makeLink(database, sari.id, 1, ADMIN);
    expect(await listPeople(database, NOW_MS)).toEqual([
      expect.objectContaining({ name: 'Sari', invitedUntil: again.invitedUntil }),
    ]);
    await removePerson(database, sari.id, ADMIN);
    expect(await openSessions(other).find(secrets[0] as string)).toBe(undefined);
    expect(await listPeople(database, NOW_MS)).toEqual([]);

    const token = await createToken(database, twin, NOW_MS);
    const byToken = await restarted.begin({
      owner: { token: token.id },
      name: 'sari',
      role: 'desk',
      agent: '',
    });
    expect(await openSessions(database).find(byToken?.secret ?? '')).toMatchObject({
      owner: { token: token.id },
    });
    await revokeToken(database, token.id, ADMIN);
    expect(await openSessions(database).find(byToken?.secret ?? '')).toBe(undefined);

    const acts = await listActs(database, { limit: 100 });
    expect(acts.map(({ act }) => act).reverse()).toEqual([
      'invited',
      'signed-in',
      'link-made',
      'removed',
      'token-made',
      'signed-in',
      'token-revoked',
    ]);
  });
});
