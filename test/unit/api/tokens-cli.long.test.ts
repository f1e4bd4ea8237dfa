import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-tokens-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...words: string[]) {
  const file = join(import.meta.dirname, '../../../api/tokens-cli.ts');
  const env = { PATH: process.env['PATH'], SIAGA_DATA_DIR: folder };
  return spawnSync(process.execPath, [file, ...words], { encoding: 'utf8', env });
}

test('makes an admin token where all are lost, lists it without its secret, and keeps the last admin', () => {
  const made = run('make', 'rescue', 'admin');
  expect(made.stdout).toMatch(/^siaga_[\w-]{43}\nToken 1, rescue, admin/);
  const secret = made.stdout.split('\n')[0] as string;
  const listed = run('list');
  expect(listed.stdout).toMatch(/^1\tadmin\trescue\tmade .+\tends .+\tnever used\n$/);
  expect(listed.stdout).not.toContain(secret);
  const refused = run('revoke', '1');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('rescue is the last admin');
});

test('gives a token the end that is asked for, and refuses names and ends that cannot be', () => {
  expect(run('make', 'Dewi', 'desk', '30').stdout).toContain('It ends at ');
  for (const words of [
    ['Dewi', 'desk'],
    ['kreo-cepoko', 'desk'],
    ['D\u0435wi', 'desk'],
    ['Budi', 'desk', '401'],
    ['Budi', 'desk', '0x10'],
  ]) {
    const refused = run('make', ...words);
    expect([words, refused.status, refused.stdout]).toEqual([words, 1, '']);
  }
});

test('says how it is used when it is not understood', () => {
  const { status, stderr } = run('make', 'nobody', 'king');
  expect(status).toBe(1);
  expect(stderr).toContain('roles: admin, dispatcher');
});
