import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig, splitUserInfo } from '../../../config/config.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  test('an empty environment gives the embedded defaults, on loopback only', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      SIAGA_CITY: 'semarang',
      HTTP_PORT: 3000,
      MQTT_PORT: 1883,
      MQTT_HOST: '127.0.0.1',
    });
    expect(config.INFLUX_URL).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('every problem is reported at once, each with its variable', () => {
    const problems = problemsOf({
      HTTP_PORT: '70000',
      MQTT_PORT: 'mqtt',
      LOG_LEVEL: 'loud',
      INFLUX_URL: 'influx.local',
      MQTT_AUTH: 'maybe',
    });
    expect(problems.map((each) => each.split(':')[0]).sort()).toEqual(
      ['HTTP_PORT', 'INFLUX_URL', 'LOG_LEVEL', 'MQTT_AUTH', 'MQTT_PORT'].sort(),
    );
  });

  test('a misspelt variable is named with the one that was meant', () => {
    expect(problemsOf({ MQTT_PRT: '1883' })).toEqual(['MQTT_PRT: no such variable; did you mean MQTT_PORT?']);
  });

  test('variables of others are left alone', () => {
    expect(problemsOf({ PATH: '/bin', HTTP_PROXY: 'http://proxy', NODE_ENV: 'production' })).toEqual([]);
  });

  test('an empty variable counts as absent, as compose files write them', () => {
    expect(parseConfig({ INFLUX_URL: '', HTTP_PORT: '' }).HTTP_PORT).toBe(3000);
  });

  test('nothing listens beyond loopback without credentials', () => {
    expect(problemsOf({ MQTT_AUTH: 'false', MQTT_HOST: '0.0.0.0' })).toEqual([
      'MQTT_AUTH: may be false only on loopback, and MQTT_HOST is 0.0.0.0',
    ]);
    expect(problemsOf({ API_AUTH: 'false', HTTP_HOST: '::' })).toHaveLength(1);
    expect(problemsOf({ MQTT_AUTH: 'false', MQTT_HOST: '127.0.0.1' })).toEqual([]);
  });

  test.each([
    [{ MQTT_PROXY_PROTOCOL: 'true' }, ['MQTT_PROXY_PROTOCOL']],
    [{ MQTT_PROXY_FROM: '10.0.0.5' }, ['MQTT_PROXY_FROM']],
    [{ MQTT_PROXY_PROTOCOL: 'true', MQTT_PROXY_FROM: '0.0.0.0/0' }, ['MQTT_PROXY_FROM']],
    [{ MQTT_PROXY_PROTOCOL: 'true', MQTT_PROXY_FROM: 'proxy.lan' }, ['MQTT_PROXY_FROM']],
    [{ MQTT_PROXY_PROTOCOL: 'true', MQTT_PROXY_FROM: '10.0.0.5, fd00::/8' }, []],
  ])('a PROXY header is believed of named addresses only: %o', (environment, variables) => {
    expect(problemsOf(environment).map((each) => each.split(':')[0])).toEqual(variables);
  });

  test('an unknown city names the ones there are', () => {
    expect(problemsOf({ SIAGA_CITY: 'atlantis' })[0]).toMatch(
      /^SIAGA_CITY: no such city; looked in .*cities \(.*semarang/,
    );
  });

  test('a secret is read from its file, and never both from file and variable', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'siaga-')), 'token');
    writeFileSync(file, 's3cret\n');
    expect(parseConfig({ WEBHOOK_SECRET_FILE: file }).WEBHOOK_SECRET).toBe('s3cret');
    expect(problemsOf({ WEBHOOK_SECRET_FILE: file, WEBHOOK_SECRET: 'x'.repeat(32) })).toEqual([
      'WEBHOOK_SECRET and WEBHOOK_SECRET_FILE: set one of them',
    ]);
    expect(problemsOf({ WEBHOOK_SECRET_FILE: `${file}.absent` })[0]).toMatch(/^WEBHOOK_SECRET_FILE: ENOENT/);
  });

  test("the file of InfluxDB's token may come later, its folder may not", () => {
    const file = join(mkdtempSync(join(tmpdir(), 'siaga-')), 'token');
    expect(parseConfig({ INFLUX_TOKEN_FILE: file }).INFLUX_TOKEN_FILE).toBe(file);
    expect(problemsOf({ INFLUX_TOKEN_FILE: file, INFLUX_TOKEN: 'x' })).toEqual([
      'INFLUX_TOKEN and INFLUX_TOKEN_FILE: set one of them',
    ]);
    expect(problemsOf({ INFLUX_TOKEN_FILE: join(file, 'token') })).toEqual([
      `INFLUX_TOKEN_FILE: there is no folder ${file}`,
    ]);
  });

  test.each([
    [{ WEBHOOK_SECRET: 'short' }, 'short'],
    [{ INFLUX_TOKEN: 'se\ncret' }, 'cret'],
    [{ INFLUX_TOKEN: 'sécret' }, 'cret'],
    [{ INFLUX_URL: 'http://siaga:sesame@influx:8086' }, 'sesame'],
  ])('what is wrong is said without the value of a secret: %o', (environment, secret) => {
    const problems = problemsOf(environment).join();
    expect(problems).toContain(Object.keys(environment)[0]);
    expect(problems).not.toContain(secret);
  });

  test.each([
    '_internal',
    'a/b',
    'city "one"',
    "o'clock",
    'a\\b',
    ' city',
    'a,b',
    'a\u0000b',
    'x'.repeat(65),
  ])('a bucket of the name %o is refused: InfluxDB, or its queries, would not have it', (INFLUX_BUCKET) => {
    expect(problemsOf({ INFLUX_BUCKET })).toEqual([expect.stringMatching(/^INFLUX_BUCKET: /)]);
  });

  test.each(['siaga', 'kota semarang', 'banjir-2026', 'Überflutung', 'a.b_c'])(
    'a bucket of the name %o is one',
    (INFLUX_BUCKET) => {
      expect(parseConfig({ INFLUX_BUCKET }).INFLUX_BUCKET).toBe(INFLUX_BUCKET);
    },
  );

  test('proxies are addresses and CIDRs, and never everybody', () => {
    expect(parseConfig({ TRUST_PROXY: '127.0.0.1, 10.0.0.0/8,fd00::/8' }).TRUST_PROXY).toEqual([
      '127.0.0.1',
      '10.0.0.0/8',
      'fd00::/8',
    ]);
    for (const wrong of ['true', '1', 'proxy.local', '0.0.0.0/0', '10.0.0.0/33', '10.0.0.1,', '::/129']) {
      expect(problemsOf({ TRUST_PROXY: wrong })[0]).toMatch(/^TRUST_PROXY: must be addresses or CIDRs/);
    }
  });

  test.each(['INFLUX_URL', 'PUBLIC_URL', 'TELEGRAM_API_URL'])(
    'a user or password in %s, which is shown, is refused without showing it',
    (name) => {
      for (const userInfo of ['ops:hunter2', 'hunter2', ':hunter2']) {
        const problems = problemsOf({ [name]: `https://${userInfo}@a.b` });
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatch(new RegExp(`^${name}: must not hold a user or a password`));
        expect(problems[0]).not.toContain('hunter2');
      }
    },
  );

  test('a URL of a protocol that has users takes them, and a % that is no code is said', () => {
    const mail = { MAIL_FROM: 'a@b', MAIL_TO: 'c@d' };
    const webhook = { WEBHOOK_SECRET: 'a secret of the test' };
    for (const [name, url, more] of [
      ['DATABASE_URL', 'postgres://ops:hun%ter2@a.b/siaga', {}],
      ['JOURNAL_URL', 'postgres://ops:hun%ter2@a.b/siaga', { DATABASE_URL: 'postgres://a/b' }],
      ['SMTP_URL', 'smtps://ops:hun%ter2@a.b', mail],
      ['WEBHOOK_URL', 'https://ops:hun%ter2@a.b', webhook],
      ['ROUTING_URL', 'https://ops:hun%ter2@a.b', {}],
    ] as const) {
      expect(problemsOf({ [name]: url.replace('%t', '%25t'), ...more })).toEqual([]);
      const [problem] = problemsOf({ [name]: url, ...more });
      expect(problem).toMatch(new RegExp(`^${name}: has a user or password with a %`));
      expect(problem).not.toContain('ter2');
    }
  });

  test.each([
    ['https://a.b/c?d=e', 'https://a.b/c?d=e', undefined],
    ['https://ops:hunter2@a.b/c?d=e', 'https://a.b/c?d=e', 'ops:hunter2'],
    ['http://ops@a.b:8080', 'http://a.b:8080/', 'ops:'],
    ['https://:p%40ss%C3%A9@a.b', 'https://a.b/', ':p@ssé'],
  ])('%s is taken apart for HTTP Basic', (given, url, userInfo) => {
    const { url: shown, headers } = splitUserInfo(given);
    expect(shown).toBe(url);
    const basic = userInfo && `Basic ${Buffer.from(userInfo).toString('base64')}`;
    expect(headers['authorization']).toBe(basic);
  });

  test('the log of the journal needs a database that says who owns the city, and two machines need the log', () => {
    expect(problemsOf({ JOURNAL_URL: 'postgres://a/b' })).toEqual([
      expect.stringMatching(/^JOURNAL_URL: needs DATABASE_URL/),
    ]);
    expect(problemsOf({ JOURNAL_SYNC: 'two' })).toEqual([expect.stringMatching(/^JOURNAL_SYNC: two needs/)]);
  });

  test('a node needs the database in which the others find it, an address of its own, and credentials beyond loopback', () => {
    expect(problemsOf({ SIAGA_NODE_HOST: '10.0.0.1' })).toEqual([
      expect.stringMatching(/^SIAGA_NODE_HOST: needs DATABASE_URL/),
    ]);
    const state = { DATABASE_URL: 'postgres://a/b' };
    expect(problemsOf({ ...state, SIAGA_NODE_HOST: '10.0.0.1' })).toEqual([]);
    const open = { ...state, MQTT_AUTH: 'false', API_AUTH: 'false' };
    expect(problemsOf({ ...open, SIAGA_NODE_HOST: '127.0.0.1' })).toEqual([]);
    expect(problemsOf({ ...open, SIAGA_NODE_HOST: '10.0.0.1' })).toEqual([
      expect.stringMatching(/^MQTT_AUTH: may be false only on loopback, and SIAGA_NODE_HOST/),
      expect.stringMatching(/^API_AUTH: may be false only on loopback/),
    ]);
  });

  test('every address may be bound for the other nodes, and none of its forms is announced to them', () => {
    const state = { DATABASE_URL: 'postgres://a/b' };
    const refusal = expect.stringMatching(/^SIAGA_NODE_ANNOUNCED_HOST: must be the address by which/);
    for (const host of ['0.0.0.0', '0', '::', '[::]', '0:0:0:0:0:0:0:0', '::0', '::ffff:0.0.0.0']) {
      expect(problemsOf({ ...state, SIAGA_NODE_HOST: host })).toEqual([refusal]);
      const announced = { SIAGA_NODE_HOST: host, SIAGA_NODE_ANNOUNCED_HOST: 'node-1.siaga.internal' };
      expect(problemsOf({ ...state, ...announced })).toEqual([]);
      expect(problemsOf({ ...state, SIAGA_NODE_HOST: '10.0.0.1', SIAGA_NODE_ANNOUNCED_HOST: host })).toEqual([
        refusal,
      ]);
    }
    for (const host of ['10.0.0.0', '::1', 'fe80::', '2001:db8::']) {
      expect(problemsOf({ ...state, SIAGA_NODE_HOST: host })).toEqual([]);
    }
    expect(problemsOf({ ...state, SIAGA_NODE_ANNOUNCED_PORT: '7450' })).toEqual([
      'SIAGA_NODE_ANNOUNCED_PORT: does nothing until SIAGA_NODE_HOST is set',
    ]);
  });

  test('a TLS port needs a certificate, a webhook a secret, mail two addresses', () => {
    const problems = problemsOf({ MQTTS_PORT: '8883', WEBHOOK_URL: 'https://a.b', SMTP_URL: 'smtp://a' });
    expect(problems.map((each) => each.split(':')[0])).toEqual(['MQTTS_PORT', 'WEBHOOK_URL', 'SMTP_URL']);
  });
});
