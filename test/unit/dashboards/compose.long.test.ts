import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../config/config.ts';
import { environmentSchema } from '../../../config/environment.ts';

const ROOT = `${import.meta.dirname}/../../..`;
const text = readFileSync(`${ROOT}/docker-compose.yml`, 'utf8');

interface Service {
  profiles: string[];
  restart: string;
  image: string;
  environment: Record<string, string>;
  volumes: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  command?: string[];
  healthcheck?: { test: string[] };
}
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: { default: { ipam: { config: { subnet: string }[] } } };
  volumes: Record<string, null>;
};

/** The part of the Compose specification that the file uses; anything else in it is an error. */
const duration = { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' };
const strings = { type: 'array', items: { type: 'string' }, minItems: 1 };
const service = {
  type: 'object',
  additionalProperties: false,
  required: ['profiles', 'image', 'restart', 'environment', 'volumes', 'deploy', 'logging'],
  properties: {
    profiles: { ...strings, items: { enum: ['city', 'influx', 'demo', 'tls'] } },
    env_file: { type: 'string' },
    command: strings,
    networks: {
      type: 'object',
      additionalProperties: false,
      properties: {
        default: {
          type: 'object',
          additionalProperties: false,
          properties: { ipv4_address: { type: 'string', pattern: '^[0-9.]+$' } },
        },
      },
    },
    build: { type: 'string' },
    image: { type: 'string', pattern: '^[a-z0-9/._-]+:[a-z0-9._-]+$' },
    init: { type: 'boolean' },
    restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
    depends_on: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['condition'],
        properties: { condition: { enum: ['service_healthy', 'service_completed_successfully'] } },
      },
    },
    environment: { type: 'object', additionalProperties: { type: 'string' } },
    volumes: { ...strings, items: { type: 'string', pattern: '^[^:]+:/[^:]+(:ro)?$' } },
    ports: { ...strings, items: { type: 'string', pattern: '^\\$\\{[A-Z_]+:-[0-9.]+\\}:[0-9]+:[0-9]+$' } },
    healthcheck: {
      type: 'object',
      additionalProperties: false,
      required: ['test', 'interval', 'timeout', 'retries', 'start_period'],
      properties: {
        test: strings,
        interval: duration,
        timeout: duration,
        retries: { type: 'integer', minimum: 1 },
        start_period: duration,
      },
    },
    stop_grace_period: duration,
    read_only: { type: 'boolean' },
    tmpfs: strings,
    cap_drop: strings,
    security_opt: strings,
    deploy: {
      type: 'object',
      additionalProperties: false,
      required: ['resources'],
      properties: {
        resources: {
          type: 'object',
          additionalProperties: false,
          required: ['limits'],
          properties: {
            limits: {
              type: 'object',
              additionalProperties: false,
              required: ['memory'],
              properties: {
                memory: { type: 'string', pattern: '^[0-9]+[bkmg]$' },
              },
            },
          },
        },
      },
    },
    logging: {
      type: 'object',
      additionalProperties: false,
      properties: { driver: { type: 'string' }, options: { type: 'object' } },
    },
  },
};
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'services', 'networks', 'volumes'],
  properties: {
    networks: { type: 'object', properties: { default: { type: 'object' } }, required: ['default'] },
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    services: { type: 'object', additionalProperties: service },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
};

/** What `sh ops/write-env.sh` gives. */
function generatedEnvironment(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-env-'));
  const file = join(folder, '.env');
  try {
    execFileSync('sh', [`${ROOT}/ops/write-env.sh`, file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const first = readFileSync(file, 'utf8');
    execFileSync('sh', [`${ROOT}/ops/write-env.sh`, file], { stdio: 'pipe' });
    expect(readFileSync(file, 'utf8')).toBe(first);
    return Object.fromEntries(
      first
        .split('\n')
        .filter((line) => line.includes('=') && !line.startsWith('#'))
        .map((line) => line.split('=') as [string, string]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `${NAME}`, `${NAME:-default}`, `${NAME-default}` and `${NAME:?error}`, as Compose replaces them. */
function interpolate(value: string, environment: Record<string, string>): string {
  return value.replace(
    /\$\{([A-Z_]+)(?:(:?)([-?])([^}]*))?\}/g,
    (_whole, name: string, colon: string, kind: string, word: string) => {
      const given = environment[name];
      if (given || (given === '' && !colon)) return given;
      if (kind === '-') return word;
      throw new Error(`${name} is not set: ${word}`);
    },
  );
}

describe('docker-compose.yml', () => {
  it('is of the shape of the Compose specification', () => {
    const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('gives Siaga an environment that Siaga accepts, from the generated .env', () => {
    const environment = generatedEnvironment();
    const resolved = Object.fromEntries(
      Object.entries(compose.services['siaga']?.environment ?? {}).map(([name, value]) => [
        name,
        interpolate(value, environment),
      ]),
    );
    for (const name of Object.keys(resolved)) expect(Object.keys(environmentSchema.shape)).toContain(name);
    // The folder is in the container, where a volume is mounted on it.
    expect(compose.services['siaga']?.volumes).toContain(`siaga-cities:${resolved['SIAGA_CITIES_DIR']}`);
    const token = String(resolved['INFLUX_TOKEN_FILE']);
    expect(compose.services['siaga']?.volumes).toContain(`influxdb-siaga:${dirname(token)}:ro`);
    const config = parseConfig({
      ...resolved,
      SIAGA_CITIES_DIR: tmpdir(),
      INFLUX_TOKEN_FILE: join(tmpdir(), 'token'),
    });
    expect(config.INFLUX_URL).toBe('http://influxdb:8086');
    expect(config.MQTT_AUTH && config.API_AUTH).toBe(true);
  });

  it('makes up a secret of its own for each purpose, and refuses to start without', () => {
    const environment = generatedEnvironment();
    const secrets = ['INFLUX_TOKEN', 'INFLUX_PASSWORD', 'GRAFANA_PASSWORD'].map((name) => environment[name]);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(secrets).size).toBe(3);
    expect(generatedEnvironment()['INFLUX_TOKEN']).not.toBe(environment['INFLUX_TOKEN']);
    const needed = [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => String(match[1]));
    expect(new Set(needed)).toEqual(new Set(['INFLUX_TOKEN', 'INFLUX_PASSWORD', 'GRAFANA_PASSWORD']));
    const token = compose.services['influxdb']?.environment['DOCKER_INFLUXDB_INIT_ADMIN_TOKEN'] ?? '';
    expect(() => interpolate(token, {})).toThrow('run sh ops/write-env.sh');
  });

  it('adds to an .env of before what is missing, and changes nothing of it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'siaga-env-'));
    try {
      writeFileSync(join(folder, '.env'), 'INFLUX_TOKEN=old\nSIAGA_CITY=magelang');
      execFileSync('sh', [`${ROOT}/ops/write-env.sh`, join(folder, '.env')], { stdio: 'pipe' });
      const lines = readFileSync(join(folder, '.env'), 'utf8').split('\n');
      expect(lines.slice(0, 2)).toEqual(['INFLUX_TOKEN=old', 'SIAGA_CITY=magelang']);
      expect(lines.filter((line) => line.startsWith('INFLUX_TOKEN='))).toHaveLength(1);
      expect(lines).toContain('COMPOSE_PROFILES=city,influx');
      expect(statSync(join(folder, 'siaga.env')).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('runs Siaga alone where the profile of InfluxDB is left out, as .env says how', () => {
    const [, name = '', value] = /Without influx, also: ([A-Z_]+)=(.*)"/.exec(
      readFileSync(`${ROOT}/ops/write-env.sh`, 'utf8'),
    ) as RegExpExecArray;
    const url = compose.services['siaga']?.environment['INFLUX_URL'] ?? '';
    expect(interpolate(url, { [name]: value ?? '' })).toBe('');
    expect(parseConfig({ INFLUX_URL: '' }).INFLUX_URL).toBeUndefined();
  });

  it('believes Caddy, at the address that the network gives it, and nobody else', () => {
    const { caddy, siaga } = compose.services as unknown as Record<
      string,
      Service & { networks: { default: { ipv4_address: string } } }
    >;
    const address = caddy?.networks.default.ipv4_address ?? '';
    const [config] = compose.networks.default.ipam.config;
    expect(config?.subnet).toBe(address.replace(/\.\d+$/, '.0/24'));
    expect(interpolate(siaga?.environment['TRUST_PROXY'] ?? '', {})).toBe(address);
    // Where its file looks for Siaga, by the variables that are set here.
    const file = readFileSync(`${ROOT}/ops/Caddyfile`, 'utf8');
    const asked = new Set([...file.matchAll(/\{\$([A-Z_]+):/g)].map((match) => match[1]));
    expect(asked).toEqual(new Set(Object.keys(caddy?.environment ?? {})));
    expect(caddy?.environment['SIAGA_MQTT_WS']).toBe(`siaga:${siaga?.environment['MQTT_WS_PORT']}`);
  });

  it('starts in the order of health: who is waited for has a check', () => {
    for (const [name, { depends_on = {} }] of Object.entries(compose.services)) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const service = compose.services[other];
        // What ends by itself has no health.
        expect(condition, `${name} waits for ${other}`).toBe(
          service?.restart === 'on-failure' ? 'service_completed_successfully' : 'service_healthy',
        );
        if (service?.restart !== 'on-failure') expect(service?.healthcheck?.test[0]).toBe('CMD');
      }
    }
    expect(Object.keys(compose.services['grafana']?.depends_on ?? {})).toContain('influxdb-tokens');
    // People and devices are served without InfluxDB.
    expect(compose.services['siaga']?.depends_on).toBeUndefined();
  });

  it('keeps what must survive in named volumes, all declared and all used', () => {
    const named = Object.values(compose.services)
      .flatMap((each) => each.volumes.map((volume) => String(volume.split(':')[0])))
      .filter((source) => !source.startsWith('.'));
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
  });

  it('publishes Siaga and Grafana on loopback, and InfluxDB not at all', () => {
    const ports = Object.values(compose.services).flatMap((each) => each.ports ?? []);
    expect(ports.map((port) => interpolate(port, {}))).toEqual([
      '127.0.0.1:3000:3000',
      '127.0.0.1:1883:1883',
      // The demo, in place of the city.
      '127.0.0.1:3000:3000',
      '127.0.0.1:1883:1883',
      // TLS is there to be reached.
      '0.0.0.0:80:80',
      '0.0.0.0:443:443',
      '127.0.0.1:3001:3000',
    ]);
    expect(compose.services['influxdb']?.ports).toBeUndefined();
  });

  it('gives Grafana every variable that its data source names, and the bucket that InfluxDB creates', () => {
    const source = readFileSync(`${ROOT}/dashboards/grafana/provisioning/datasources/influxdb.yaml`, 'utf8');
    const named = [...source.matchAll(/\$([A-Z][A-Z_]+)/g)].map((match) => String(match[1]));
    const { influxdb, grafana, siaga } = compose.services;
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(Object.keys(grafana?.environment ?? {})).toContain(name);
    const bucket = influxdb?.environment['DOCKER_INFLUXDB_INIT_BUCKET'];
    expect([grafana?.environment['INFLUX_BUCKET'], siaga?.environment['INFLUX_BUCKET']]).toEqual([
      bucket,
      bucket,
    ]);
    expect(siaga?.environment['INFLUX_ORG']).toBe(influxdb?.environment['DOCKER_INFLUXDB_INIT_ORG']);
  });

  it("shows the administrator's token of InfluxDB to nobody else: Siaga and Grafana find theirs in folders of their own", () => {
    const holders = Object.entries(compose.services)
      .filter(([, each]) => JSON.stringify(each.environment).includes('${INFLUX_TOKEN:'))
      .map(([name]) => name);
    expect(holders).toEqual(['influxdb', 'influxdb-tokens']);
    const { 'influxdb-tokens': maker, influxdb, grafana, siaga } = compose.services;
    expect(maker?.command?.slice(2)).toEqual([
      influxdb?.environment['DOCKER_INFLUXDB_INIT_BUCKET'],
      '/tokens/siaga',
      '/tokens/grafana',
    ]);
    expect(maker?.volumes).toEqual(
      expect.arrayContaining(['influxdb-siaga:/tokens/siaga', 'influxdb-grafana:/tokens/grafana']),
    );
    const tokensOf = (service?: Service) => service?.volumes.filter((each) => each.startsWith('influxdb-'));
    expect(tokensOf(siaga)).toEqual(['influxdb-siaga:/run/influxdb:ro']);
    expect(tokensOf(grafana)).toEqual(['influxdb-grafana:/run/influxdb:ro']);
    const source = readFileSync(`${ROOT}/dashboards/grafana/provisioning/datasources/influxdb.yaml`, 'utf8');
    expect(source).toContain('$__file{/run/influxdb/token}');
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync(`${ROOT}/Dockerfile`, 'utf8').split('\n');

  it('is on the Node that the project pins, installs from the lock file, and runs as a user of its own', () => {
    const pinned = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const major = pinned.devDependencies['node']?.split('.')[0];
    for (const line of lines.filter((each) => each.startsWith('FROM'))) {
      expect(line).toMatch(new RegExp(`^FROM node:${major}-slim`));
    }
    expect(lines.some((line) => line.startsWith('RUN npm ci --omit=dev'))).toBe(true);
    const last = lines.lastIndexOf('USER siaga');
    expect(last).toBeGreaterThan(0);
    expect(lines.slice(last).some((line) => /^(COPY|ADD|USER (?!siaga))/.test(line))).toBe(false);
  });

  it('starts what `npm start` starts', () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
      scripts: Record<string, string>;
    };
    const command = lines.find((line) => line.startsWith('CMD '));
    const words = JSON.parse(String(command?.slice(4))) as string[];
    expect(`exec ${words.join(' ')}`).toBe(scripts['start']);
  });

  it('leaves data and the repository out of the image', () => {
    const ignored = readFileSync(`${ROOT}/.dockerignore`, 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git', 'data', 'node_modules']));
  });
});

describe('secrets and keys', () => {
  const paths = ['', 'ops/', 'cities/semarang/'].flatMap((folder) =>
    [
      '.env',
      '.env.production',
      'server.key',
      'chain.pem',
      'device.p12',
      'device.pfx',
      'secrets.csv',
      'gauge-secrets.csv',
      'credentials.csv',
      'credentials.new.csv',
      'first-admin-token',
      'desk.token',
      'backup.db',
      'state.db-wal',
    ].map((name) => folder + name),
  );

  it.each(paths)('%s goes neither into the repository nor into the image', (path) => {
    const patterns = readFileSync(`${ROOT}/.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(patterns.some((pattern) => matchesGlob(path, pattern))).toBe(true);
    const { status } = spawnSync('git', ['check-ignore', '--no-index', '--quiet', path], { cwd: ROOT });
    // Where there is no repository, as in an archive of the sources, git has nothing to say.
    expect([0, 128]).toContain(status);
  });

  it('are no files of the repository', () => {
    const { status, stdout } = spawnSync('git', ['ls-files', '-ci', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (status === 0) expect(stdout).toBe('');
  });
});
