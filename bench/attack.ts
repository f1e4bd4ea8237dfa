/**
 * `npm run bench -- attack [--seconds 20] [--quiet 10] [--only words] [--profile]`: what an attack costs everybody
 * else.
 *
 * The whole of Siaga with tokens and credentials; a dispatcher asks for the nearest ambulance fifty times a second,
 * and an honest gauge publishes as often. Both are timed in quiet, before each attack and as long after it, and beside
 * it: p99 of each and their ratio, the most memory, and what the attacker left behind 15 s after it was killed (open
 * files, clients of MQTT). Requests leave by the clock and their time counts from when they were due. The attackers
 * share the machine's cores with the server, at a lower priority: the first row says what that costs alone, and the
 * machine's load is said. `--only` picks attacks whose name has these words, with commas.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createToken } from '../api/tokens/token-store.ts';
import { issueCredentials } from '../broker/credentials/credentials.ts';
import { loadCity } from '../cities/city.ts';
import { openDatabase } from '../database/database.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import { AttackProbes, mergeFigures } from './attack-probes.child.ts';
import { ATTACKS, type AttackName, type AttackOrders } from './attackers.child.ts';
import { registerGauges, type SiagaServer, startSiaga } from './siaga-server.child.ts';

const STOLEN = 'bench-stolen';
const HONEST = 'bench-honest';
const LOOK_EVERY_MS = 250;
const AFTERWARDS_MS = 15_000;

interface Remains {
  readonly files: number;
  readonly clients: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '20' },
      quiet: { type: 'string', default: '10' },
      only: { type: 'string', default: '' },
      profile: { type: 'boolean', default: false },
    },
  });
  const times = { quietS: Number(values.quiet), seconds: Number(values.seconds) };
  const words = values.only.split(',');
  const names = (Object.keys(ATTACKS) as AttackName[]).filter((name) =>
    words.some((word) => name.includes(word)),
  );
  const folder = mkdtempSync(join(tmpdir(), 'siaga-attack-'));
  let server: SiagaServer | undefined;
  let probes: AttackProbes | undefined;
  try {
    const { secrets, token } = await prepare(folder);
    const flags = values.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${join(tmpdir(), 'siaga-attack-profile')}`]
      : [];
    const house = await startSiaga({ folder, flags });
    server = house;
    probes = await AttackProbes.open(house, { city: loadCity('semarang'), secrets, token, honest: HONEST });
    await probes.fillHistory(STOLEN);
    const rows: Record<string, string>[] = [];
    for (const attack of names) {
      const orders = {
        ...{ attack, device: STOLEN, secret: secrets.get(STOLEN) as string },
        ...{ httpPort: Number(new URL(house.httpUrl).port), mqttPort: house.mqttPort },
      };
      rows.push(await measureAttack(orders, { folder, house, probes, ...times }));
      console.log(`${attack}: done, load ${loadavg()[0]?.toFixed(1)}`);
    }
    console.table(rows);
  } finally {
    probes?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Devices with their secrets, and a dispatcher's token. */
async function prepare(folder: string): Promise<{ secrets: Map<string, string>; token: string }> {
  await registerGauges(folder, [STOLEN, HONEST]);
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: undefined });
  const units = loadCity('semarang')
    .devices.filter(isAmbulance)
    .map(({ id }) => id);
  const secrets = await issueCredentials(database, [STOLEN, HONEST, ...units], Date.now());
  const wanted = { name: 'bench dispatcher', role: 'dispatcher', createdBy: 'bench', deviceIds: [] } as const;
  const { token } = await createToken(database, wanted, Date.now());
  await database.destroy();
  return { secrets, token };
}

interface Scene {
  readonly folder: string;
  readonly house: SiagaServer;
  readonly probes: AttackProbes;
  /** Before the attack, and as long after it. */
  readonly quietS: number;
  readonly seconds: number;
}

async function measureAttack(orders: AttackOrders, scene: Scene): Promise<Record<string, string>> {
  const { house, probes, quietS, seconds } = scene;
  const quietBefore = await probes.measure(quietS);
  const before = await remainsOf(house);
  const attackers = startAttackers(scene.folder, orders);
  let mostRss = 0;
  const looking = setInterval(() => {
    mostRss = Math.max(mostRss, rssOf(house));
  }, LOOK_EVERY_MS);
  await delay(1_000);
  const under = await probes.measure(seconds);
  clearInterval(looking);
  attackers.kill('SIGKILL');
  await delay(AFTERWARDS_MS);
  const after = await remainsOf(house);
  const quiet = mergeFigures(quietBefore, await probes.measure(quietS));
  const ratio = (name: 'nearest' | 'puback') => (under[name].p99Ms / quiet[name].p99Ms).toFixed(1);
  const both = (name: 'nearest' | 'puback') =>
    `${quiet[name].p99Ms.toFixed(0)} → ${under[name].p99Ms.toFixed(0)}`;
  return {
    attack: orders.attack,
    'nearest p99 ms': both('nearest'),
    'nearest ×': ratio('nearest'),
    'PUBACK p99 ms': both('puback'),
    'PUBACK ×': ratio('puback'),
    'failed, of': `${under.nearest.failures + under.puback.failures}, ${under.nearest.times.length + under.puback.times.length}`,
    'loop lag p99 ms': `${quiet.loopLagMs.toFixed(0)} → ${under.loopLagMs.toFixed(0)}`,
    'RSS MB': (mostRss / 1e6).toFixed(0),
    'left: files, clients': `${after.files - before.files}, ${after.clients - before.clients}`,
  };
}

function startAttackers(folder: string, orders: AttackOrders): ChildProcess {
  const file = join(folder, 'attack.json');
  writeFileSync(file, JSON.stringify(orders));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'attackers.child.ts'), file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
  return child;
}

async function remainsOf(house: SiagaServer): Promise<Remains> {
  const files = readdirSync(`/proc/${house.child.pid}/fd`).length;
  const text = await (await fetch(`${house.httpUrl}/metrics`)).text();
  const clients = [...text.matchAll(/^siaga_mqtt_connections\{[^}]*\} (\d+)/gm)];
  return { files, clients: clients.reduce((sum, [, count]) => sum + Number(count), 0) };
}

function rssOf({ child }: SiagaServer): number {
  const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
  return Number(pages?.[1] ?? 0) * 1_024;
}
