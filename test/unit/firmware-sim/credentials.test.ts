import { describe, expect, it } from 'vitest';
import { parseCredentials } from '../../../firmware-sim/credentials.ts';

describe('credentials', () => {
  it('are read from an object and from lines alike', () => {
    const expected = new Map([
      ['a', 's1'],
      ['b', 's2'],
    ]);
    expect(parseCredentials('{"a":"s1","b":"s2"}', 'f')).toEqual(expected);
    expect(parseCredentials('device,secret\r\na,s1\r\nb,s2\r\n', 'f')).toEqual(expected);
  });

  it('never repeat a secret in the message about a broken file', () => {
    expect(() => parseCredentials('a,s1\nNOT AN ID,hunter2', 'f')).toThrow(/f, line 2/);
    expect(() => parseCredentials('a,s1\nNOT AN ID,hunter2', 'f')).not.toThrow(/hunter2/);
    expect(() => parseCredentials('{"a": hunter2}', 'f')).not.toThrow(/hunter2/);
  });
});
