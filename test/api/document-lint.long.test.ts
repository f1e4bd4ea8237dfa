/**
 * The API's document as the linters judge it that other people hold it against: Redocly's and Spectral's usual rules,
 * warnings included. They stand in clients/lint, so that nobody installs them to run Siaga.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoomHouse } from '../support/room-house.ts';

const LINT = join(import.meta.dirname, '../../clients/lint');
const PROGRAMS = join(LINT, 'node_modules/.bin');

/** Undefined when they are here, else why this is skipped. Throws when CI=true. */
function lintersMissing(): string | undefined {
  if (existsSync(PROGRAMS)) return undefined;
  const reason = 'no linters here: npm ci --prefix clients/lint --ignore-scripts';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

const LINTERS = [
  ['redocly', ['lint', '--format=stylish', '--max-problems=50']],
  ['spectral', ['lint', '--ruleset', 'spectral.yaml', '--fail-severity=warn', '--quiet']],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'siaga-lint-'));
const file = join(folder, 'openapi.json');
let text: string;
beforeAll(async () => {
  if (!existsSync(PROGRAMS)) return;
  await using house = await openRoomHouse();
  const headers = { authorization: `Bearer ${house.adminToken}` };
  text = await (await fetch(new URL('/openapi.json', house.url), { headers })).text();
});
afterAll(() => rmSync(folder, { recursive: true }));

function lint(program: string, words: readonly string[], document: string) {
  writeFileSync(file, document);
  // Neither asks for a newer version of itself, nor tells anybody that it ran.
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const options = { cwd: LINT, encoding: 'utf8', env } as const;
  const { status, stdout, stderr } = spawnSync(join(PROGRAMS, program), [...words, file], options);
  return { status, said: `${stdout}${stderr}` };
}

test.skipIf(lintersMissing()).each(LINTERS)('%s finds nothing', { timeout: 120_000 }, (program, words) => {
  const { status, said } = lint(program, words, text);
  expect(said).not.toMatch(/warning/i);
  expect(status, said).toBe(0);
});

test.skipIf(lintersMissing()).each(LINTERS)('%s would say so', { timeout: 120_000 }, (program, words) => {
  const document = JSON.parse(text) as { paths: Record<string, Record<string, object>> };
  const calls = Object.values(document.paths)[0] as Record<string, Record<string, unknown>>;
  const call = Object.values(calls)[0] as Record<string, unknown>;
  call['responses'] = { 200: { $ref: '#/components/responses/nowhere' } };
  const { status, said } = lint(program, words, JSON.stringify(document));
  expect(status, said).not.toBe(0);
});
