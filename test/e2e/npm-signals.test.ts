/** Signals to npm reach what it started: nothing lives on as an orphan with the lock and the ports. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataFolder } from '../../database/data-folder-lock.ts';
import { eventually } from '../support/eventually.ts';
import { type NpmRun, npmRun } from '../support/npm-run.ts';
import { createDataFolder, type DataFolder } from '../support/start-siaga.ts';

const ROOT = `${import.meta.dirname}/../..`;
const OPEN = { HTTP_PORT: '0', MQTT_PORT: '0', MQTT_AUTH: 'false', API_AUTH: 'false' };
const LIMIT_MS = 120_000;

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  dataDir = folder.path;
});
afterEach(() => folder[Symbol.asyncDispose]());

async function expectCleanEnd(run: NpmRun): Promise<void> {
  await eventually(() => expect(run.processes()).toEqual([]));
  expect(await run.closed).toEqual({ code: 0, signal: null });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('a script of one program gives its place in the shell to it', () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  const alone = Object.values(scripts).filter((each) => /(^|\s)node /.test(each) && !each.includes('&&'));
  expect(alone.length).toBeGreaterThan(5);
  expect(alone.filter((each) => !each.startsWith('exec node '))).toEqual([]);
});

describe.runIf(process.platform === 'linux')('npm', { timeout: LIMIT_MS }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'start: %s to npm alone ends the server with 0, and its data folder is free',
    async (signal) => {
      await using run = npmRun(['start'], dataDir, OPEN);
      await run.says('Siaga is ready');
      process.kill(run.npm.pid, signal);
      await expectCleanEnd(run);
      expect(run.printed).toContain('"msg":"closed"');
      lockDataFolder(dataDir)[Symbol.dispose]();
    },
  );

  it('start: Ctrl-C, which all in the terminal hear, ends the server with 0', async () => {
    await using run = npmRun(['start'], dataDir, OPEN);
    await run.says('Siaga is ready');
    process.kill(-run.npm.pid, 'SIGINT');
    await expectCleanEnd(run);
  });

  it('run demo: SIGTERM to npm alone ends the demo, its server and its devices', async () => {
    const ports = { HTTP_PORT: String(await freePort()), MQTT_PORT: String(await freePort()) };
    await using run = npmRun(['run', 'demo'], dataDir, ports);
    await run.says('→ mqtt:');
    await eventually(() => expect(run.processes().length).toBeGreaterThanOrEqual(4));
    process.kill(run.npm.pid, 'SIGTERM');
    await expectCleanEnd(run);
    expect(readFileSync(`${dataDir}/server.log`, 'utf8')).toContain('"msg":"closed"');
  });

  it.each([
    ['SIGTERM to npm alone', 1, 'SIGTERM'],
    ['Ctrl-C, which npm hands on besides', -1, 'SIGINT'],
  ] as const)('run sim: %s ends the devices with their account', async (_, sign, signal) => {
    const nobody = `mqtt://127.0.0.1:${await freePort()}`;
    await using run = npmRun(['run', 'sim', '--', 'city', '--url', nobody], dataDir);
    await run.says('story ×');
    process.kill(sign * run.npm.pid, signal);
    await expectCleanEnd(run);
    expect(run.printed).toMatch(/messages in \d+ publishes/);
  });
});
