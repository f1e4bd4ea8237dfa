/** `npm run people`: what it prints, and what it refuses. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findInvitation } from '../../../../api/accounts/invitations.ts';
import { runPeopleCommand } from '../../../../api/accounts/people-cli.ts';
import type { Database } from '../../../../database/database.ts';
import { openMemoryDatabase } from '../../../support/memory-database.ts';

const NOW_MS = Date.UTC(2026, 0, 15);
let database: Database;
beforeEach(async () => {
  database = await openMemoryDatabase();
});
afterEach(() => database.destroy());

const run = (words: string[], role?: string, hours?: string) =>
  runPeopleCommand(database, { words, role, hours, base: 'https://siaga.example' }, NOW_MS, async () => [
    'kreo-cepoko',
  ]);

test('prints a link that works, with its code, for whom and until when', async () => {
  const said = await run(['invite', 'Sari'], 'dispatcher', '24');
  const [, secret = ''] = /^https:\/\/siaga\.example\/join#([\w-]{43})\n/.exec(said) ?? [];
  expect(said).toContain('█▀');
  expect(said).toContain(
    'For Sari, dispatcher: it signs one browser in, once, until 2026-01-16T00:00:00.000Z',
  );
  expect(await findInvitation(database, secret, NOW_MS)).toMatchObject({
    name: 'Sari',
    invitedBy: 'command line',
  });
  const listed = await run(['list']);
  expect(listed).toBe(
    'Sari\tdispatcher\tinvited 2026-01-15T00:00:00.000Z\t0 sessions\tlink open until 2026-01-16T00:00:00.000Z\n',
  );
  expect(listed).not.toContain(secret);
});

test('makes a new link by name, which withdraws the one before, and removes', async () => {
  const first = /#([\w-]{43})/.exec(await run(['invite', 'Sari'], 'admin'))?.[1] as string;
  const second = /#([\w-]{43})/.exec(await run(['link', 'Sari']))?.[1] as string;
  expect(await findInvitation(database, first, NOW_MS)).toBe(undefined);
  expect(await findInvitation(database, second, NOW_MS)).toMatchObject({ role: 'admin' });
  expect(await run(['remove', 'Sari'])).toContain('Removed Sari');
  expect(await findInvitation(database, second, NOW_MS)).toBe(undefined);
  expect(await run(['list'])).toBe('No people yet.\n');
});

test.each([
  [[], undefined, undefined, 'no command: list, invite, link or remove'],
  [['invite', 'Sari'], undefined, undefined, '--role is missing: one of admin'],
  [['invite', 'Sari'], 'public', undefined, '--role public: one of admin'],
  [['invite', 'Sari'], 'desk', '169', '--hours 169: a whole number from 1 to 168'],
  [['invite', 'Sari'], 'desk', '0x10', 'Usage:'],
  [['invite', 'kreo-cepoko'], 'desk', undefined, 'There is a device kreo-cepoko'],
  [['invite', 'command line'], 'desk', undefined, 'meaning of its own'],
  [['link', 'Budi'], undefined, undefined, 'There is no person named "Budi"'],
  [['remove', 'Budi'], undefined, undefined, 'There is no person named "Budi"'],
])('refuses %j', async (words, role, hours, message) => {
  await expect(run(words, role, hours)).rejects.toThrow(message);
});
