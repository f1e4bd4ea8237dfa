import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** Answers as `influx` of 2.7 does, and keeps what it was asked for; a token is known while its file is there. */
const INFLUX = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
case "$1 $2" in
'bucket list')
  [ "$4" = siaga ] || { echo 'Error: bucket "'"$4"'" not found' >&2; exit 1; }
  printf '[\\n\\t{\\n\\t\\t"id": "00000000000000b1",\\n\\t\\t"orgID": "00000000000000o1",\\n\\t\\t"name": "siaga"\\n\\t}\\n]\\n' ;;
'auth list')
  [ -e "$here/away" ] && { echo 'Error: connection refused' >&2; exit 1; }
  printf '[\\n\\t{\\n\\t\\t"id": "0admin",\\n\\t\\t"description": "siaga'"'"'s Token",\\n\\t\\t"token": "x"\\n\\t}'
  for known in "$here"/known-*; do
    [ -e "$known" ] && printf ',\\n\\t{\\n\\t\\t"id": "%s",\\n\\t\\t"description": "%s",\\n\\t\\t"token": "redacted",\\n\\t\\t"permissions": [\\n\\t\\t\\t"read:orgs/0/buckets/1"\\n\\t\\t]\\n\\t}' "\${known##*known-}" "$(cat "$known")"
  done
  printf '\\n]\\n' ;;
'auth delete')
  rm "$here/known-$4" && printf '{}' ;;
'auth create')
  number=$(grep -c '^auth create' "$here/asked")
  printf '%s' "$4" > "$here/known-a$number"
  printf '{\\n\\t"id": "a%s",\\n\\t"description": "%s",\\n\\t"token": "secret-%s==",\\n\\t"userName": "siaga"\\n}\\n' "$number" "$4" "$number" ;;
esac
`;
const SCRIPT = `${import.meta.dirname}/../../../ops/influx-tokens.sh`;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-tokens-'));
  for (const name of ['siaga', 'grafana']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'influx'), INFLUX);
  chmodSync(join(folder, 'influx'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(bucket = 'siaga') {
  return spawnSync('sh', [SCRIPT, bucket, join(folder, 'siaga'), join(folder, 'grafana')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` },
  });
}
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const known = () =>
  readdirSync(folder)
    .filter((name) => name.startsWith('known-'))
    .map((name) => name.slice('known-'.length))
    .sort();
const created = () =>
  read('asked')
    .split('\n')
    .filter((line) => line.startsWith('auth create'));

test("Siaga's token writes and reads its bucket, Grafana's reads it", () => {
  expect(run().status).toBe(0);
  expect(created()).toEqual([
    'auth create --description siaga of bucket 00000000000000b1 --read-bucket 00000000000000b1 --write-bucket 00000000000000b1 --json',
    'auth create --description grafana of bucket 00000000000000b1 --read-bucket 00000000000000b1 --json',
  ]);
  expect([read('siaga/token'), read('grafana/token')]).toEqual(['secret-1==\n', 'secret-2==\n']);
  expect(statSync(join(folder, 'siaga/token')).mode & 0o777).toBe(0o444);
});

test('a token that InfluxDB still knows is kept, one that it has lost is made again', () => {
  run();
  expect(run().stdout).toBe('the token of siaga is there\nthe token of grafana is there\n');
  rmSync(join(folder, 'known-a1'));
  expect(run().stdout).toBe('made the token of siaga\nthe token of grafana is there\n');
  expect([read('siaga/token'), read('grafana/token')]).toEqual(['secret-3==\n', 'secret-2==\n']);
});

test('without the bucket it says so and fails, to be started again', () => {
  const { status, stderr } = run('other');
  expect(status).not.toBe(0);
  expect(stderr).toContain('InfluxDB has no bucket other');
});

test.each(['token', 'id'])(
  'a run that was ended before it had put the %s down leaves no token behind',
  (file) => {
    run();
    // As after `auth create`: InfluxDB knows it, the folder does not.
    rmSync(join(folder, 'siaga', file));
    expect(run().stdout).toBe(
      'removed a token of siaga that was in no folder\nmade the token of siaga\nthe token of grafana is there\n',
    );
    expect(known()).toEqual(['a2', 'a3']);
    expect([read('siaga/token'), read('siaga/id')]).toEqual(['secret-3==\n', 'a3\n']);
  },
);

test('a token of another bucket, or one that a person made, is let be', () => {
  writeFileSync(join(folder, 'known-b1'), 'siaga of bucket 00000000000000b2');
  writeFileSync(join(folder, 'known-b2'), 'siaga');
  run();
  run();
  expect(known()).toEqual(['a1', 'a2', 'b1', 'b2']);
});

test('where InfluxDB does not list its tokens none is made or removed', () => {
  run();
  writeFileSync(join(folder, 'away'), '');
  const { status, stderr } = run();
  expect(status).not.toBe(0);
  expect(stderr).toContain('does not list its tokens');
  expect(known()).toEqual(['a1', 'a2']);
});
