/** Where the owner is announced and found, on SQLite: PostgreSQL is tried by test/cluster. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../database/database.ts';
import { announceNode, findNode, type OwnerNode } from '../../../ownership/owner-node.ts';

const key = Buffer.alloc(32, 7);
const node: OwnerNode = { city: 'semarang', epoch: 1, host: '10.0.0.1', port: 7450, key };

let database: Database;
beforeEach(async () => {
  database = await openDatabase({ SIAGA_DATA_DIR: '.' }, ':memory:');
  await database
    .insertInto('owners')
    .values({
      ...{ city: 'semarang', epoch: 1, holder: 'a', folder: 'one', boot: 'b' },
      ...{ journal: null, since: 0, until: 0 },
    })
    .execute();
});
afterEach(() => database.destroy());

test('an owner that is announced is found, and one that announces itself again at its new address', async () => {
  expect(await findNode(database, 'semarang')).toBeUndefined();
  await announceNode(database, node);
  expect(await findNode(database, 'semarang')).toEqual(node);
  expect(await findNode(database, 'jakarta')).toBeUndefined();
  await announceNode(database, { ...node, host: '10.0.0.2', port: 7451 });
  expect(await findNode(database, 'semarang')).toMatchObject({ host: '10.0.0.2', port: 7451 });
});

test('an announcement of an epoch that is over counts no more, and none is written in it', async () => {
  await announceNode(database, node);
  await database.updateTable('owners').set({ epoch: 2 }).execute();
  expect(await findNode(database, 'semarang')).toBeUndefined();
  await announceNode(database, { ...node, epoch: 2, host: '10.0.0.2' });
  await announceNode(database, node);
  expect(await findNode(database, 'semarang')).toMatchObject({ epoch: 2, host: '10.0.0.2' });
});
