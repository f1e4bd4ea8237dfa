/** What is remembered of messages whose names wait to be claimed has a bound, however long their topics are. */
import { expect, test } from 'vitest';
import { openWaitingAliases } from '../../../fleet/waiting-aliases.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

test('of a topic of 64 KiB its begin waits with the name', async () => {
  await using database = await openMemoryDatabase();
  const waiting = await openWaitingAliases(database);
  const found = { alias: 'node-1', gateway: 'gateway:lora', format: 'mapped' };
  waiting.note(found, { topic: `site/${'x'.repeat(65_000)}`, payload: Buffer.from('{}'), receivedAt: 0 });
  expect(waiting.all().map(({ topic }) => topic)).toEqual([`site/${'x'.repeat(251)}`]);
});
