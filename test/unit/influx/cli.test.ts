import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../config/config.ts';
import { parseInfluxCommand, runInfluxCommand } from '../../../influx/cli.ts';
import { createSetAside } from '../../../influx/copy/set-aside.ts';
import { type InfluxHouse, openInfluxHouse, stageReading } from '../../support/influx-house.ts';
import { type PlayedInflux, playInflux } from '../../support/played-influx.ts';

const NOW = Date.now();
const TOKEN = 'secret-token';

describe('a command', () => {
  it.each([
    ['', /a command is wanted/],
    ['repair', /there is no command repair/],
    ['rewrite', /--from is wanted/],
    ['rewrite --from 2026-01-15', /--to is wanted/],
    ['rewrite --from yesterday --to 2026-01-16', /--from yesterday: a day/],
    ['rewrite --from 2026-02-31x --to 2026-03-01', /a day \(2026-01-15\)/],
    ['verify --from 2026-01-16T09:00 --to 2026-01-17', /a time with its zone/],
    ['rewrite --from 2026-01-16 --to 2026-01-16', /--from must be before --to/],
    ['status now', /and not now besides/],
    ['verify --since 2026-01-16', /--since/],
  ])('"%s" is refused by name', (words, why) => {
    expect(() => parseInfluxCommand(words.split(' ').filter(Boolean), NOW)).toThrow(why);
  });

  it('takes days of UTC and times with a zone, and the last 30 days where a comparison names none', () => {
    const day = Date.UTC(2026, 0, 15);
    expect(
      parseInfluxCommand(['rewrite', '--from', '2026-01-15', '--to', '2026-01-15T09:30:00+07:00'], NOW),
    ).toEqual({ action: 'rewrite', fromMs: day, toMs: day + 2.5 * 3_600_000 });
    const { fromMs, toMs } = parseInfluxCommand(['verify'], day + 5);
    expect([fromMs, toMs]).toEqual([day - 29 * 86_400_000, day + 86_400_000]);
  });
});

describe('npm run influx', () => {
  let influx: PlayedInflux;
  let house: InfluxHouse;
  beforeEach(async () => {
    influx = await playInflux({ generation: 2, token: TOKEN, bucket: 'siaga' });
    house = await openInfluxHouse(influx.url, { config: { INFLUX_TOKEN: TOKEN } });
  });
  afterEach(async () => {
    await house[Symbol.asyncDispose]();
    await influx[Symbol.asyncDispose]();
  });

  async function run(words: string, environment: Record<string, string> = {}): Promise<string> {
    const printed: string[] = [];
    const config = parseConfig({
      SIAGA_DATA_DIR: house.folder,
      INFLUX_URL: influx.url,
      INFLUX_TOKEN: TOKEN,
      ...environment,
    });
    const { database } = house;
    const print = (line: string) => void printed.push(line);
    const command = parseInfluxCommand(words.split(' '), NOW);
    await runInfluxCommand({ config, database, now: Date.now, print }, command);
    return printed.join('\n');
  }

  it('says how far the copy is, what was set aside and why, and what was ordered', async () => {
    await house.journal.append(
      [stageReading('g-1', NOW, { levelM: 1 }), stageReading('g-2', NOW, { levelM: 2 })],
      [],
    );
    const before = await run('status');
    expect(before).toContain('copied    0 of 2 (2 to go)');
    expect(before).toContain('set aside 0 lines');
    await house.copy.catchUp();
    await createSetAside(`${house.folder}/influx-set-aside.jsonl`).keep({
      at: NOW,
      reason: 'field type conflict',
      line: 'river_gauge,device=x levelM=1 5',
    });
    const after = await run('status');
    expect(after).toContain('copied    2 of 2 (0 to go)');
    expect(after).toContain('InfluxDB 2.9.1, its mark says 2');
    expect(after).toMatch(/set aside 1 lines\n.*field type conflict\n.*river_gauge,device=x/);
    expect(after).not.toContain(TOKEN);
  });

  it('says where InfluxDB does not answer, with the address', async () => {
    const status = await run('status', { INFLUX_URL: 'http://127.0.0.1:1' });
    expect(status).toMatch(/server {4}InfluxDB: /);
  });

  it('orders and waits for what the running Siaga makes of it', async () => {
    house.start();
    const readings = Array.from({ length: 20 }, (_, n) => stageReading(`g-${n}`, NOW, { levelM: n }));
    await house.journal.append(readings, []);
    await expect.poll(() => house.copy.waitingEntries).toBe(0);
    influx.drop('river_gauge');
    const until = new Date(NOW + 1).toISOString();
    const said = await run(`rewrite --from ${new Date(NOW).toISOString()} --to ${until}`);
    expect(said).toContain('20 readings are written again');
    expect(influx.count('river_gauge')).toBe(20);
    influx.drop('river_gauge');
    expect(await run('verify')).toMatch(/20 points of history compared; InfluxDB had less .*0 of 20/);
    expect(influx.count('river_gauge')).toBe(20);
    expect(await run('replay')).toContain('0 lines that were set aside are written, 0 are still refused');
    expect(await run('status')).toMatch(/order 3 {3}replay: 0 lines.*\norder 2 {3}verify .*20 points/);
  });

  it('without a copy says so', async () => {
    await expect(run('status', { INFLUX_URL: '' })).rejects.toThrow(/there is no copy/);
    await expect(run('replay', { INFLUX_URL: '' })).rejects.toThrow(/there is no copy/);
  });
});
