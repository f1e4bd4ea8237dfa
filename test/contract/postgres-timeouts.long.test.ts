/**
 * PostgreSQL that does not answer: each wait for it has an end, and the next query finds a sound connection.
 * The queries need PostgreSQL and are skipped where it is not installed; with CI=true that is a failure.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, POSTGRES_TIMEOUTS, type PostgresTimeouts } from '../../database/database.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');
const mustRun = process.env['CI'] === 'true';
const open = (url: string, timeouts?: Partial<PostgresTimeouts>) =>
  openDatabase({ DATABASE_URL: url, SIAGA_DATA_DIR: '.' }, undefined, { ...POSTGRES_TIMEOUTS, ...timeouts });

test('a server that takes the connection and says nothing is given up', async () => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;
  await expect(open(`postgres://siaga@127.0.0.1:${port}/siaga`, { connectMs: 50 })).rejects.toThrow(
    /timeout/,
  );
  mute.close();
});

describe.skipIf(!hasPostgres && !mustRun)('on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const sleep = sql`select pg_sleep(600)`;
  const two = sql<{ sum: number }>`select 1 + 1 as sum`;

  test('the server is told how long a statement may take, and how long a transaction may wait for its next one', async () => {
    const database = await open(server.url);
    const { rows } = await sql`show statement_timeout`.execute(database);
    expect(rows).toEqual([{ statement_timeout: '15s' }]);
    const idle = await sql`show idle_in_transaction_session_timeout`.execute(database);
    expect(idle.rows).toEqual([{ idle_in_transaction_session_timeout: '3s' }]);
    await database.destroy();
  });

  test('a statement that takes longer is ended by the server, and the next one works', async () => {
    // Migrations need some milliseconds a statement themselves.
    const database = await open(server.url, { statementMs: 1_000 });
    await expect(sleep.execute(database)).rejects.toMatchObject({ code: '57014' });
    expect((await two.execute(database)).rows).toEqual([{ sum: 2 }]);
    await database.destroy();
  });

  test('a server that falls silent is given up with its transaction, and the next query connects anew', async () => {
    const database = await open(server.url, { silenceMs: 1_000 });
    const lost = database.transaction().execute(async (transaction) => {
      await transaction.insertInto('cursors').values({ consumer: 'lost', position: 1 }).execute();
      await sleep.execute(transaction);
    });
    // The error of the rollback, which has no connection any more.
    await expect(lost).rejects.toThrow(/connection/);
    await expect(sleep.execute(database)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect((await two.execute(database)).rows).toEqual([{ sum: 2 }]);
    expect(await database.selectFrom('cursors').selectAll().execute()).toEqual([]);
    await database.destroy();
  });
});
