/**
 * Credentials of every device of the city, made with the same command an operator uses.
 *
 * The file stays in the demo's folder, readable by its owner only, so that `npm run sim -- replay` can use
 * it too. Invariant: a device that has a secret in the file keeps it; only those without get one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import { type Credentials, readCredentials } from '../credentials.ts';
import type { DemoPlace } from './demo-environment.ts';

const COMMAND = `${import.meta.dirname}/../../broker/credentials/cli.ts`;

/** Returns the file. Throws an Error with one sentence. */
export function ensureCredentials(city: City, { dataDir, environment }: DemoPlace): string {
  const file = `${dataDir}/credentials.csv`;
  const before: Credentials = existsSync(file) ? readCredentials(file) : new Map();
  const publishers = publishersOf(city);
  if (publishers.every((device) => before.has(device.id))) return file;
  mkdirSync(dataDir, { recursive: true });
  const devicesFile = `${dataDir}/devices.csv`;
  const issuedFile = `${dataDir}/credentials.new.csv`;
  rmSync(issuedFile, { force: true });
  const lines = publishers.map(({ id, kind }) => `${id},${kind}`);
  writeFileSync(devicesFile, ['id,kind', ...lines, ''].join('\n'));
  const run = spawnSync(process.execPath, [COMMAND, 'import', devicesFile, '--out', issuedFile], {
    env: environment,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`credentials: ${run.stderr.trim() || run.error?.message}`);
  const merged = new Map([...before, ...readCredentials(issuedFile)]);
  rmSync(issuedFile);
  const missing = publishers.filter((device) => !merged.has(device.id));
  if (missing.length > 0) {
    throw new Error(
      `credentials: ${missing.length} devices have a secret that is not in ${file}; remove ${dataDir} to start anew`,
    );
  }
  const rows = [...merged].map(([device, secret]) => `${device},${secret}`);
  writeFileSync(file, ['device,secret', ...rows, ''].join('\n'), { mode: 0o600 });
  return file;
}
