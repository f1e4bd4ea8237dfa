import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInfluxHouse, stageReading } from '../../../support/influx-house.ts';
import { createMemoryJournal } from '../../../support/memory-journal.ts';
import { playInflux } from '../../../support/played-influx.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
let file = '';

beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'siaga-token-')), 'token');
});
afterEach(() => rmSync(join(file, '..'), { recursive: true }));

describe.each([2, 3] as const)("InfluxDB %i's token in a file", (generation) => {
  async function open() {
    const influx = await playInflux({ generation, token: 'first', bucket: 'siaga' });
    const house = await openInfluxHouse(influx.url, {
      config: { INFLUX_TOKEN: undefined, INFLUX_TOKEN_FILE: file },
      now: () => NOW,
      journal: createMemoryJournal(),
    });
    let number = 0;
    const append = () => house.journal.append([stageReading(`gauge-${number++}`, NOW, { levelM: 1 })], []);
    return { influx, house, append };
  }

  it('may come after Siaga: until then the copy says what it waits for', async () => {
    const { influx, house, append } = await open();
    await using _influx = influx;
    await using _house = house;
    await append();
    await expect(house.copy.catchUp()).rejects.toThrow(`INFLUX_TOKEN_FILE: ${file} is not there yet`);
    writeFileSync(file, 'first\n');
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(1);
    expect(house.copy.problems).toEqual([]);
  });

  it('may be replaced while Siaga runs: what the old one is refused for goes with the new one', async () => {
    const { influx, house, append } = await open();
    await using _influx = influx;
    await using _house = house;
    writeFileSync(file, 'first\n');
    await append();
    await house.copy.catchUp();
    influx.token = 'second';
    await append();
    await expect(house.copy.catchUp()).rejects.toThrow(/401|INFLUX_TOKEN/);
    writeFileSync(file, 'second\n');
    await house.copy.catchUp();
    expect(influx.count('river_gauge')).toBe(2);
  });

  it('is refused without showing it where no header can carry it', async () => {
    const { influx, house } = await open();
    await using _influx = influx;
    await using _house = house;
    writeFileSync(file, 'sécret\n');
    await expect(house.copy.catchUp()).rejects.toThrow(/^INFLUX_TOKEN_FILE: .*no HTTP header carries$/);
  });
});
