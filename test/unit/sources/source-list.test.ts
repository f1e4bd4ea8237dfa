import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSources } from '../../../sources/source-list.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-sources-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const good = {
  name: 'ttn',
  url: 'mqtts://eu1.example:8883',
  topics: ['v3/+/devices/+/up'],
  gateway: 'gateway:ttn',
};
function read(...sources: object[]) {
  const file = join(folder, 'sources.json');
  writeFileSync(file, JSON.stringify({ sources }));
  return readSources(file);
}

describe('the list of outside brokers', () => {
  test('has what a source needs, and its secret from a file beside it', () => {
    writeFileSync(join(folder, 'key'), 'NNSXS.secret\n');
    const [source] = read({ ...good, username: 'app@tenant', passwordFile: 'key' });
    expect(source).toMatchObject({ ...good, password: 'NNSXS.secret', connections: 1, protocolVersion: 4 });
    expect(source).not.toHaveProperty('passwordFile');
  });

  test.each([
    [{ ...good, url: 'http://eu1.example' }, /mqtts:\/\//],
    [{ ...good, gateway: 'ttn' }, /gateway:<name>/],
    [{ ...good, topics: [] }, /topics/],
    [{ ...good, name: 'The Things' }, /lower case/],
    [{ ...good, password: 'secret' }, /password/],
    [{ ...good, passwordFile: 'nowhere' }, /ttn\.passwordFile: ENOENT/],
    [{ ...good, connections: 0 }, /connections/],
  ])('says what is wrong with %j', (source, sentence) => {
    expect(() => read(source)).toThrow(sentence);
  });

  test('repeats no secret in its sentences', () => {
    expect(() => read({ ...good, password: 'hunter2' })).toThrow(
      expect.not.objectContaining({ message: /hunter2/ }),
    );
  });

  test('has each name once', () => {
    expect(() => read(good, good)).toThrow(/ttn: the name is used twice/);
  });

  test('is a file that can be read', () => {
    expect(() => readSources(join(folder, 'nowhere.json'))).toThrow(/ENOENT/);
    writeFileSync(join(folder, 'bad.json'), '{');
    expect(() => readSources(join(folder, 'bad.json'))).toThrow(/bad\.json/);
  });
});
