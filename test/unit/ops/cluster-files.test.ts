/**
 * The files of ops/cluster fit together: what one takes from machine.env or secrets.env stands there, and Siaga takes
 * the rest.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../config/config.ts';
import { describeMissing, findMissingPackages } from '../../../ops/cluster/local/debian-packages.ts';
import { changeSettings, readSettings } from '../../../ops/cluster/local/local-machines.ts';

const FOLDER = join(import.meta.dirname, '../../../ops/cluster');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const machine = readSettings('machine.env');
const secrets = readSettings('secrets.env');

describe('the files of a cluster', () => {
  test('haproxy.cfg takes each of its variables from machine.env', () => {
    const named = new Set(
      [...read('haproxy.cfg').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string),
    );
    expect(named.size).toBeGreaterThan(8);
    expect([...named].filter((name) => !(name in machine))).toEqual([]);
  });

  test('a variable of machine.env that is our own is used by haproxy.cfg', () => {
    const own = Object.keys(machine).filter((name) => name.startsWith('CLUSTER_'));
    expect(own.filter((name) => !read('haproxy.cfg').includes(`\${${name}}`))).toEqual([]);
  });

  test('Siaga starts with them: no variable is unknown, and the log is kept on two machines', () => {
    const siaga = Object.entries({ ...machine, ...secrets }).filter(
      ([name]) => !/^(CLUSTER|ETCD|PATRONI)_/.test(name),
    );
    expect(parseConfig(Object.fromEntries(siaga))).toMatchObject({ JOURNAL_SYNC: 'two', HTTP_PORT: 3100 });
  });

  test('Siaga finds the primary at the port where HAProxy listens for it, with the password that is made', () => {
    for (const name of ['DATABASE_URL', 'JOURNAL_URL'] as const) {
      const { port, password, username } = new URL(secrets[name] as string);
      expect(port).toBe(machine['CLUSTER_PRIMARY_PORT']);
      expect(password).toBe(secrets['CLUSTER_SIAGA_PASSWORD']);
      expect(read('create-database.sh')).toContain(`create role ${username} login`);
    }
  });

  test('machines agree on ports and addresses', () => {
    expect(machine['PATRONI_RESTAPI_LISTEN']).toBe(
      `${machine['CLUSTER_ONE']}:${machine['CLUSTER_PATRONI_PORT']}`,
    );
    expect(machine['PATRONI_POSTGRESQL_LISTEN']).toBe(
      `${machine['CLUSTER_ONE']}:${machine['CLUSTER_POSTGRES_PORT']}`,
    );
    for (const name of ['CLUSTER_ONE', 'CLUSTER_TWO', 'CLUSTER_THREE'])
      for (const list of ['ETCD_INITIAL_CLUSTER', 'PATRONI_ETCD3_HOSTS', 'MQTT_PROXY_FROM', 'TRUST_PROXY'])
        expect(machine[list]).toContain(machine[name]);
  });

  test('Patroni never goes on without a second machine, and its times fit', () => {
    const { dcs } = parse(read('patroni.yml')).bootstrap;
    expect(dcs).toMatchObject({ synchronous_mode: true, synchronous_mode_strict: true });
    expect(dcs.loop_wait + 2 * dcs.retry_timeout).toBeLessThanOrEqual(dcs.ttl);
  });

  test('units and containers read files that are there', () => {
    const units = globSync('systemd/*.service.d/*.conf', { cwd: FOLDER });
    expect(units).toHaveLength(4);
    for (const unit of units) expect(read(unit)).toContain('EnvironmentFile=/etc/siaga/machine.env');
    const { services } = parse(read('docker-compose.yml'), { merge: true });
    expect(Object.keys(services)).toEqual(['etcd', 'patroni', 'haproxy', 'siaga']);
    for (const { env_file: files } of Object.values(services) as { env_file: string | string[] }[])
      for (const file of [files].flat()) expect(readSettings(file)).not.toEqual({});
  });
});

describe('a cluster on this machine', () => {
  test('changes lines that are delivered, and adds none', () => {
    expect(changeSettings({ ONE: '1', TWO: '2' }, { TWO: '3' })).toEqual({ ONE: '1', TWO: '3' });
    expect(() => changeSettings({ ONE: '1' }, { THREE: '3' })).toThrow('THREE');
  });

  test('says what is missing where no program is, and how to get it', () => {
    // A path that leads nowhere; daemons and PostgreSQL are looked for in Debian's own places.
    const missing = findMissingPackages('/nowhere');
    expect(missing).toEqual(expect.arrayContaining(['etcd-server', 'patroni']));
    expect(describeMissing(missing)).toContain('apt-get install');
  });
});
