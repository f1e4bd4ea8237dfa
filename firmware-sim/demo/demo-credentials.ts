/**
 * Registration and credentials of every device of the city, made with the same commands an operator uses.
 *
 * The file of secrets stays in the demo's folder, readable by its owner only, so that `npm run sim -- replay` can use
 * it too. Invariants: a device that has a secret in the file keeps it; only those without get one; what the server
 * knows of a device's format is what the simulation speaks.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import { type Credentials, readCredentials } from '../credentials.ts';
import { planFormats } from '../formats-plan.ts';
import type { DemoPlace } from './demo-environment.ts';
import { formatDeviceFile, gatewaysOf } from './demo-registration.ts';

const COMMAND = `${import.meta.dirname}/../../broker/credentials/cli.ts`;

/** Returns the file. Throws an Error with one sentence. */
export function ensureCredentials(city: City, place: DemoPlace, formats: ReadonlySet<string>): string {
  const { dataDir } = place;
  const file = `${dataDir}/credentials.csv`;
  const before: Credentials = existsSync(file) ? readCredentials(file) : new Map();
  const plan = planFormats(city, formats);
  const gateways = [...gatewaysOf(city, plan)].filter(([id]) => !before.has(id));
  const publishers = publishersOf(city);
  const devices = formatDeviceFile(city, plan);
  const devicesFile = `${dataDir}/devices.csv`;
  const isRegistered = existsSync(devicesFile) && readFileSync(devicesFile, 'utf8') === devices;
  if (isRegistered && gateways.length === 0 && publishers.every(({ id }) => before.has(id))) return file;
  mkdirSync(dataDir, { recursive: true });
  // Of gateways first: once their devices are registered, they are needed.
  const issued = gateways.map(([id, format]) => {
    const secret = runDevices(place, ['add', id, '--format', format]).trim();
    return [id, secret] as const;
  });
  const merged = new Map([...before, ...issued]);
  writeCredentials(file, merged);
  for (const [id, secret] of importDevices(place, devicesFile, devices)) merged.set(id, secret);
  writeCredentials(file, merged);
  const missing = publishers.filter((device) => !merged.has(device.id));
  if (missing.length > 0) {
    throw new Error(
      `credentials: ${missing.length} devices have a secret that is not in ${file}; remove ${dataDir} to start anew`,
    );
  }
  return file;
}

/** Returns the secrets that it issued. The file is there only once all of it is registered. */
function importDevices(place: DemoPlace, devicesFile: string, devices: string): Credentials {
  const [newFile, issuedFile] = [`${place.dataDir}/devices.new.csv`, `${place.dataDir}/credentials.new.csv`];
  rmSync(devicesFile, { force: true });
  rmSync(issuedFile, { force: true });
  writeFileSync(newFile, devices);
  runDevices(place, ['import', newFile, '--out', issuedFile]);
  const issued = readCredentials(issuedFile);
  rmSync(issuedFile);
  renameSync(newFile, devicesFile);
  return issued;
}

/** Returns what the command prints. */
function runDevices({ environment }: DemoPlace, words: readonly string[]): string {
  const run = spawnSync(process.execPath, [COMMAND, ...words], { env: environment, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`credentials: ${run.stderr.trim() || run.error?.message}`);
  return run.stdout;
}

function writeCredentials(file: string, credentials: Credentials): void {
  const rows = [...credentials].map(([device, secret]) => `${device},${secret}`);
  writeFileSync(file, ['device,secret', ...rows, ''].join('\n'), { mode: 0o600 });
}
