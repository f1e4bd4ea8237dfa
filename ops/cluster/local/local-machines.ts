/**
 * Three machines on this one: the environment of each, made of machine.env and secrets.env as people use them.
 *
 * Each machine is an address of its own in 127.0.0.0/8, drawn for this run, and the ports are free ones: runs beside
 * each other do not meet. Invariant: a line is changed and none is added, so that what is tried is what is delivered; a
 * line that the files no longer have is an error.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { findPostgresPrograms } from './debian-packages.ts';

const DELIVERED = join(import.meta.dirname, '..');
const MACHINES = ['one', 'two', 'three'] as const;
export type MachineName = (typeof MACHINES)[number];

export interface LocalMachine {
  readonly name: MachineName;
  readonly address: string;
  /** Its folder below that of the run. */
  readonly folder: string;
  /** Settings of etcd, Patroni, HAProxy and Siaga, as /etc/siaga/machine.env has them, and the passwords. */
  readonly settings: Readonly<Record<string, string>>;
  /** Those of machine.env alone: what needs no password gets none. */
  readonly publicSettings: Readonly<Record<string, string>>;
}

/** The settings of a delivered file: lines `NAME=value`, as systemd reads them. */
export function readSettings(file: string): Record<string, string> {
  const lines = readFileSync(join(DELIVERED, file), 'utf8').split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** `delivered` with these lines changed. */
export function changeSettings(
  delivered: Readonly<Record<string, string>>,
  changed: Readonly<Record<string, string>>,
): Record<string, string> {
  const unknown = Object.keys(changed).filter((name) => !(name in delivered));
  if (unknown.length > 0) throw new Error(`not in the delivered settings: ${unknown.join(', ')}`);
  return { ...delivered, ...changed };
}

const PORTS = [
  'CLUSTER_MQTT_PORT',
  'CLUSTER_HTTP_PORT',
  'CLUSTER_PRIMARY_PORT',
  'CLUSTER_POSTGRES_PORT',
  'CLUSTER_PATRONI_PORT',
  'HTTP_PORT',
  'MQTT_PORT',
  'SIAGA_NODE_PORT',
] as const;

export async function planLocalMachines(runFolder: string): Promise<readonly LocalMachine[]> {
  const programs = findPostgresPrograms();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
  const addressOf = (name: MachineName) => `${network}.${MACHINES.indexOf(name) + 1}`;
  const [etcdPeers, etcdClients, ...free] = await findFreePorts(PORTS.length + 2);
  const ports = Object.fromEntries(PORTS.map((name, index) => [name, String(free[index])]));
  const every = (of: (name: MachineName) => string) => MACHINES.map(of).join(',');
  const alike = {
    ...ports,
    CLUSTER_ONE: addressOf('one'),
    CLUSTER_TWO: addressOf('two'),
    CLUSTER_THREE: addressOf('three'),
    CLUSTER_LISTEN: '127.0.0.1',
    // Twice as many files are allowed to anybody.
    CLUSTER_MAX_CONNECTIONS: '400',
    ETCD_INITIAL_CLUSTER: every((name) => `${name}=http://${addressOf(name)}:${etcdPeers}`),
    ETCD_INITIAL_CLUSTER_TOKEN: network,
    PATRONI_ETCD3_HOSTS: every((name) => `${addressOf(name)}:${etcdClients}`),
    PATRONI_POSTGRESQL_BIN_DIR: programs,
    TRUST_PROXY: '127.0.0.0/8',
    MQTT_PROXY_FROM: '127.0.0.0/8',
  };
  const secrets = changeSettings(
    readSettings('secrets.env'),
    drawSecrets(`${ports['CLUSTER_PRIMARY_PORT']}`),
  );
  return MACHINES.map((name) => {
    const address = addressOf(name);
    const folder = join(runFolder, name);
    const [peer, client] = [`http://${address}:${etcdPeers}`, `http://${address}:${etcdClients}`];
    const patroni = `${address}:${ports['CLUSTER_PATRONI_PORT']}`;
    const postgres = `${address}:${ports['CLUSTER_POSTGRES_PORT']}`;
    const publicSettings = changeSettings(readSettings('machine.env'), {
      ...alike,
      ETCD_NAME: name,
      ETCD_DATA_DIR: join(folder, 'etcd'),
      ETCD_LISTEN_PEER_URLS: peer,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: peer,
      ETCD_LISTEN_CLIENT_URLS: client,
      ETCD_ADVERTISE_CLIENT_URLS: client,
      PATRONI_NAME: name,
      PATRONI_RESTAPI_LISTEN: patroni,
      PATRONI_RESTAPI_CONNECT_ADDRESS: patroni,
      PATRONI_POSTGRESQL_LISTEN: postgres,
      PATRONI_POSTGRESQL_CONNECT_ADDRESS: postgres,
      PATRONI_POSTGRESQL_DATA_DIR: join(folder, 'postgres'),
      PATRONI_POSTGRESQL_PGPASS: join(folder, 'pgpass'),
      HTTP_HOST: address,
      MQTT_HOST: address,
      SIAGA_NODE_HOST: address,
    });
    return { name, address, folder, publicSettings, settings: { ...publicSettings, ...secrets } };
  });
}

function drawSecrets(primaryPort: string): Record<string, string> {
  const draw = () => randomBytes(12).toString('hex');
  const password = draw();
  const url = `postgres://siaga:${password}@127.0.0.1:${primaryPort}/siaga`;
  return {
    PATRONI_SUPERUSER_PASSWORD: draw(),
    PATRONI_REPLICATION_PASSWORD: draw(),
    CLUSTER_SIAGA_PASSWORD: password,
    DATABASE_URL: url,
    JOURNAL_URL: url,
  };
}

/** Ports that nobody listens on, on any address. */
async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '0.0.0.0'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
