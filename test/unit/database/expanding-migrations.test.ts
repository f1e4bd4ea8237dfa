/**
 * Migrations expand: what the version before reads or writes stays, since it may own the city while the next one waits
 * (docs/cluster.md, "Upgrades"). One that contracts says in its header which version used it last.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../database/migrations');
/** Before it no two servers met on one database. */
const OWNERS = '0018-owners.ts';
const TAKES_AWAY = /\b(drop(Column|Table|Index|Constraint|NotNull)?|rename(To|Column)|setNotNull)\b/i;
const CONTRACTS = /^\/\*\*[^/]*\bContracts: last used by \d+\.\d+\.\d+/;

const wrongIn = (text: string) => {
  const [, up = ''] = /export async function up\b([\s\S]*?)(?=\nexport |$)/.exec(text) ?? [];
  return TAKES_AWAY.test(up) && !CONTRACTS.test(text);
};

test('no migration since servers stand by for each other takes away or renames, unless it says that it contracts', () => {
  const since = globSync('0*.ts', { cwd: FOLDER }).filter((file) => file > OWNERS);
  expect(since.length).toBeGreaterThan(2);
  expect(since.filter((file) => wrongIn(readFileSync(join(FOLDER, file), 'utf8')))).toEqual([]);
});

test.each([
  [`schema.alterTable('alerts').dropColumn('note')`, true],
  [`schema.alterTable('alerts').renameColumn('note', 'remark')`, true],
  [`sql\`drop table readings\``, true],
  [`schema.alterTable('alerts').addColumn('note', 'text')`, false],
])('%s', (statement, isWrong) => {
  const body = `export async function up(db) {\n  await ${statement}.execute();\n}\n`;
  expect(wrongIn(`/** More. */\n${body}`)).toBe(isWrong);
  expect(wrongIn(`/** Contracts: last used by 0.1.0. */\n${body}`)).toBe(false);
});
